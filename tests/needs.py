"""What a test needs that pip does not bring, and what becomes of the test without it."""

from __future__ import annotations

import os
import shutil

import pytest


def need(*programs):
    """Go without the test unless these programs are installed."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        go_without(f"not installed: {', '.join(missing)} (make test installs them)")


def need_by_hand(*programs):
    """Go without the test unless programs are installed that are too large for ``make test``."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (install them yourself to run this)")


def go_without(message):
    """Skip a test that lacks something; on a build machine that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
