"""Stacked convolutions: what their heads can tell."""

from __future__ import annotations

import numpy as np
import pytest

from training import networks
from training.fit import quiet_tensorflow

keras = pytest.importorskip("keras")

SHAPE = (40, 32)
SPEC = {"name": "vgg", "blocks": [[4], [4]], "dropout": 0.1, "dense": 8}


@pytest.fixture(scope="module", autouse=True)
def _seeded():
    quiet_tensorflow(1)
    keras.utils.set_random_seed(0)


def spot(frame: int) -> np.ndarray:
    """A window with one sound in it, further from the edges than a filter reaches."""
    window = np.zeros(SHAPE, np.float32)
    window[frame : frame + 4, 8:12] = 1
    return window


def said(head: str, *windows: np.ndarray) -> np.ndarray:
    return np.asarray(networks.build(SPEC | {"head": head}, SHAPE, 3, keras)(np.stack(windows)))


def test_moments_tell_when_a_sound_was_heard_and_an_average_does_not():
    windows = spot(8), spot(20)
    average, moments = (np.abs(np.subtract(*said(h, *windows))) for h in ("average", "moments"))
    assert average.max() < 1e-6
    assert moments.max() > 1e-4
