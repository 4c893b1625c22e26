from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_models import tiny_network

from realtime.errors import UserError
from realtime.features import Spectrogram
from realtime.inference import InferenceError, Network
from realtime.streaming import Carried, Steps

FRAMES, BANDS, PER = 12, 6, 2
FEATURE = {"frames": FRAMES, "bands": BANDS, "n_fft": 512, "win_length": 500, "hop": 470}


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


def sound(n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    loudness = np.repeat(rng.uniform(0, 1, n // 1000 + 1) ** 3, 1000)[:n]
    return (rng.normal(0, 0.2, n) * loudness).astype(np.float32)


def offline(samples: np.ndarray) -> np.ndarray:
    """The summary of a whole stream, frame by frame, as the module says it is made."""
    feature, steps = Spectrogram(**FEATURE), LeakySteps()
    hop, length = FEATURE["hop"], FEATURE["win_length"]
    rows = [np.full((FRAMES, BANDS), -np.inf, np.float32)]
    count = (len(samples) - ((length - 1) % hop + 1)) // hop + 1
    for i in range(count):
        feature.reset()
        feature.push(samples[: (length - 1) % hop + 1 + i * hop])
        rows.append(feature.decibels()[-1:].copy())
    decibels = np.concatenate(rows)
    state = np.zeros((1, 3), np.float32), np.zeros((1, 3), np.float32)
    came_to = []
    black = np.zeros((PER, BANDS), np.float32)
    for _ in range(FRAMES // PER):
        out = steps.run(black, state)
        state = out["h"], out["c"]
        came_to.append(np.concatenate([out["h"], out["found"]], axis=1)[0])
    for i in range(0, count - count % PER, PER):
        grey = []
        for j in (i, i + 1):
            until = decibels[: FRAMES + j + 1][-FRAMES:]
            white = max(float(until.max()), -60.0)
            grey.append(np.maximum((until[-1] - white + 80) / 80, 0))
        out = steps.run(np.array(grey, np.float32), state)
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
    at = k = 0
    while at < n:
        feature.push(samples[at : at + cuts[k % len(cuts)]])
        carried.catch_up()
        at, k = at + cuts[k % len(cuts)], k + 1
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
