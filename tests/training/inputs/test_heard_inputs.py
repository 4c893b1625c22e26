"""Windows of keys: some heard, some played."""

from __future__ import annotations

import numpy as np
import pytest

from training.inputs.heard import HeardInputs
from training.networks.heard import KEYS, SURE

FRAMES = 16
HEARD, PLAYED = 3, 60
"""The key that sounds in every frame, and the one that is only played."""


class Ear:
    """Hears what a picture shows, as likely as it is bright."""

    def predict(self, pictures: np.ndarray, **_: object) -> np.ndarray:
        return pictures[:, :, :KEYS]


class Source:
    """Sound of the first label and performances of the second."""

    labels = ("one", "two")
    feature = {"kind": "spectrogram"}  # noqa: RUF012 - never written to
    left_out = {"broken.mid": "no notes"}  # noqa: RUF012 - never written to
    shape = (FRAMES, 256)
    windows = 6

    def all(self):
        for _ in range(2):
            pictures = np.zeros((3, FRAMES, 256), np.float32)
            pictures[:, :, HEARD] = SURE + 0.01
            pictures[:, :, HEARD + 1] = SURE - 0.01
            yield pictures, np.eye(2, dtype=np.float32)[[0, 0, 0]]

    def played(self, n: int, rng: np.random.Generator):
        keys = np.zeros((n, FRAMES, KEYS), bool)
        keys[:, :, PLAYED] = True
        return keys, np.eye(2, dtype=np.float32)[np.ones(n, int)]


@pytest.fixture
def source() -> HeardInputs:
    made = HeardInputs(Source(), Ear())  # type: ignore[arg-type]  # no more of them is asked for
    made.prepare(lambda *_: None)
    return made


def test_half_is_heard_and_half_is_played(source: HeardInputs) -> None:
    keys, targets = source.draw(400, np.random.default_rng(0))
    assert keys.shape == (400, *source.shape) == (400, FRAMES, KEYS)
    assert keys.dtype == targets.dtype == np.float32
    heard = targets[:, 0] == 1
    assert 150 < heard.sum() < 250
    for which, key in ((heard, HEARD), (~heard, PLAYED)):
        assert (keys[which][:, -1, key] == 1).all()
        assert keys[which].any(axis=(0, 1)).sum() == 1, "one key and no other"


def test_some_have_only_just_begun(source: HeardInputs) -> None:
    keys, _ = source.draw(1000, np.random.default_rng(1))
    sounding = keys.any(axis=2)
    begun = ~sounding.all(axis=1)
    assert 340 < begun.sum() < 460
    first = sounding[begun].argmax(axis=1)
    assert set(first.tolist()) == set(range(1, FRAMES - FRAMES // 8)), "none has nothing"
    for window, at in zip(sounding[begun], first, strict=True):
        assert window[at:].all()


def test_nothing_to_draw_is_no_trouble(source: HeardInputs) -> None:
    keys, targets = source.draw(0, np.random.default_rng(0))
    assert len(keys) == len(targets) == 0


def test_it_tells_how_much_was_heard_and_what_was_left_out() -> None:
    told = []
    made = HeardInputs(Source(), Ear())  # type: ignore[arg-type]  # no more of them is asked for
    made.prepare(lambda *step: told.append(step))
    assert told == [("windows heard", 3, 6), ("windows heard", 6, 6)]
    assert made.left_out == {"broken.mid": "no notes"}
    assert made.labels == ("one", "two")
