from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streamed import BANDS, FEATURE, FRAMES, followed, rows, sound
from tiny_models import tiny_network

from realtime.errors import UserError
from realtime.features import Spectrogram
from realtime.inference import InferenceError, Network
from realtime.streaming import Carried, Steps

PER = 2


class LeakySteps(Steps):
    """A step that forgets a tenth of its state and counts what is bright."""

    rows, units, kinds = (PER, BANDS), 3, 2

    def __init__(self) -> None:
        self.fails = False

    def run(self, rows, state):
        if self.fails:
            raise InferenceError("broken")
        assert rows.shape == self.rows
        c = 0.9 * state[1] + rows.mean(axis=0)[:3][None]
        found = np.array([[rows.max(), rows.min()]], np.float32)
        return {"h": np.tanh(c).astype(np.float32), "c": c.astype(np.float32), "found": found}


def offline(samples: np.ndarray) -> np.ndarray:
    """The summary of a whole stream, step by step, as the module says it is made."""
    steps, grey = LeakySteps(), rows(samples)
    grey = np.concatenate([np.zeros((FRAMES, BANDS), np.float32), grey[: len(grey) // PER * PER]])
    state = np.zeros((1, 3), np.float32), np.zeros((1, 3), np.float32)
    came_to = []
    for i in range(0, len(grey), PER):
        out = steps.run(grey[i : i + PER], state)
        state = out["h"], out["c"]
        came_to.append(np.concatenate([out["h"], out["found"]], axis=1)[0])
    average = np.mean(came_to[-FRAMES // PER :], axis=0)
    return np.concatenate([average[:3], state[0][0], average[3:]])


@settings(max_examples=30, deadline=None)
@given(
    cuts=st.lists(st.integers(1, 4000), min_size=1, max_size=8),
    seed=st.integers(0, 99),
    n=st.integers(0, 12_000),
)
def test_the_summary_is_that_of_the_whole_stream_however_it_is_cut(cuts, seed, n):
    samples, feature = sound(n, seed), Spectrogram(**FEATURE)
    carried = Carried(LeakySteps(), feature)
    followed(carried, feature, samples, cuts)
    assert carried.window() == pytest.approx(offline(samples), abs=1e-5)


def test_after_a_reset_it_remembers_nothing():
    feature = Spectrogram(**FEATURE)
    carried = Carried(LeakySteps(), feature)
    for seed in (1, 2):
        feature.reset()
        carried.reset()
        feature.push(sound(5000, seed))
        heard = carried.window()
    assert heard == pytest.approx(offline(sound(5000, 2)), abs=1e-5)


def test_a_failure_is_told_once_and_then_it_goes_on():
    feature, steps = Spectrogram(**FEATURE), LeakySteps()
    carried = Carried(steps, feature)
    steps.fails = True
    feature.push(sound(3000, 0))
    carried.catch_up()
    steps.fails = False
    with pytest.raises(InferenceError, match="broken"):
        carried.window()
    feature.push(sound(3000, 1))
    assert np.isfinite(carried.window()).all()


def test_one_that_fails_on_silence_is_refused():
    steps = LeakySteps()
    steps.fails = True
    with pytest.raises(UserError, match=r"fails on silence \(broken\)"):
        Carried(steps, Spectrogram(**FEATURE))


@pytest.mark.parametrize(
    ("takes", "gives"),
    [
        ({"rows": (1, 0, BANDS)}, {}),
        ({"rows": (1, PER)}, {}),
        ({"rows": (1,)}, {}),
        ({"h": (1, 4)}, {}),
        ({"more": (1, 4)}, {}),
        ({}, {"found": (2,)}),
        ({}, {"c": (1, 4)}),
    ],
)
def test_functions_of_another_shape_are_refused(takes, gives):
    state = {"h": (1, 3), "c": (1, 3)}
    step = SimpleNamespace(
        takes={"rows": (1, PER, BANDS), **state} | takes,
        gives={"found": (1, 2), **state} | gives,
    )
    answer = SimpleNamespace(takes={"summary": (1, 8)}, gives={"probs": (1, 4)})
    network = SimpleNamespace(function={"step": step, "answer": answer}.get, outputs=4)
    with pytest.raises(UserError, match="not those of a streaming LSTM"):
        Steps(network)


def test_a_network_without_a_step_is_no_streaming_network():
    with pytest.raises(UserError, match="no functions 'step' and 'answer'"):
        Steps(Network(tiny_network((16, 5), 4)[0]))
