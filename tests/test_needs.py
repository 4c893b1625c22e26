"""A test that lacks a program is skipped, but never on a build machine, where nobody would see."""

from __future__ import annotations

import pytest
from needs import need


@pytest.mark.parametrize(
    ("environment", "outcome"), [({}, pytest.skip.Exception), ({"CI": "1"}, pytest.fail.Exception)]
)
def test_a_program_that_is_missing_is_named(environment, outcome, monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    need("python3")
    with pytest.raises(outcome, match=r"not installed: no-such-program \(make test installs them"):
        need("python3", "no-such-program")
