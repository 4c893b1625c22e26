"""The papers' features as they gave them."""

from __future__ import annotations

import pytest

from realtime.errors import UserError
from training.protocols.plans import MFCC, NOTES, find


def test_the_papers_features() -> None:
    assert (MFCC["n_mfcc"], MFCC["window"] // MFCC["hop"] + 1) == (13, 126)
    assert NOTES["columns"] == ["pitch", "velocity", "seconds"]


def test_what_is_built_on_an_ear_has_no_plan() -> None:
    with pytest.raises(UserError, match=r"composer-cnn: its ear is taught with notes.*cnn-bands"):
        find("composer-cnn")
