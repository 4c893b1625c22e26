"""``rt-train`` with the tests' tiny systems, for a search that several processes share."""

from __future__ import annotations

import sys

from conftest import TINY, tiny_plan

from training import cli
from training.protocols.plans import PLANS

if __name__ == "__main__":
    PLANS.update({name: tiny_plan(name) for name in TINY})
    sys.exit(cli.main())
