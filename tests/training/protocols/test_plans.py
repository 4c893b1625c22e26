"""The papers' features as they gave them."""

from __future__ import annotations

from training.protocols.plans import MFCC, NOTES


def test_the_papers_features() -> None:
    assert (MFCC["n_mfcc"], MFCC["window"] // MFCC["hop"] + 1) == (13, 126)
    assert NOTES["columns"] == ["pitch", "velocity", "seconds"]
