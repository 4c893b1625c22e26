from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streamed import BANDS, FEATURE, FRAMES, followed, rows, sound
from tiny_models import tiny_network

from realtime import lanes
from realtime.errors import UserError
from realtime.features import Spectrogram
from realtime.inference import InferenceError, Network
from realtime.registry import find, read_manifest
from realtime.streaming import Ear, Heard, follow

KINDS, TOLD, BESIDE = 3, 2, 2


class BrightEar(Ear):
    """Hears how bright a frame is beside those around it."""

    rows, told, keys = (TOLD + 2 * BESIDE, BANDS), TOLD, (FRAMES, KINDS)

    def __init__(self) -> None:
        self.fails = False

    def hear(self, rows):
        if self.fails:
            raise InferenceError("deaf")
        assert rows.shape == self.rows
        middle = rows[BESIDE:-BESIDE].max(axis=1)
        around = [rows[i : i + 2 * BESIDE + 1].mean() for i in range(TOLD)]
        return np.stack([middle, around, np.ones(TOLD)], axis=1).astype(np.float32)

    def judge(self, keys):
        assert keys.shape == self.keys
        return keys.mean(axis=0)


def offline(samples: np.ndarray) -> np.ndarray:
    """The keys of a whole stream, frame by frame, as the module says they are heard."""
    ear, grey = BrightEar(), rows(samples)
    whole = range(0, len(grey) // TOLD * TOLD, TOLD)
    grey = np.concatenate([np.zeros((2 * BESIDE, BANDS), np.float32), grey])
    keys = [np.zeros((FRAMES, KINDS), np.float32)]
    keys += [ear.hear(grey[i : i + TOLD + 2 * BESIDE]) for i in whole]
    return np.concatenate(keys)[-FRAMES:]


@settings(max_examples=30, deadline=None)
@given(
    cuts=st.lists(st.integers(1, 4000), min_size=1, max_size=8),
    seed=st.integers(0, 99),
    n=st.integers(0, 12_000),
)
def test_the_keys_are_those_of_the_whole_stream_however_it_is_cut(cuts, seed, n):
    samples, feature = sound(n, seed), Spectrogram(**FEATURE)
    heard = Heard(BrightEar(), feature)
    followed(heard, feature, samples, cuts)
    assert heard.window() == pytest.approx(offline(samples), abs=1e-5)
    assert heard.predict(heard.window()) == pytest.approx(offline(samples).mean(axis=0), abs=1e-5)


def test_after_a_reset_it_remembers_nothing():
    feature = Spectrogram(**FEATURE)
    heard = Heard(BrightEar(), feature)
    for seed in (1, 2):
        feature.reset()
        heard.reset()
        feature.push(sound(5000, seed))
        keys = heard.window()
    assert keys == pytest.approx(offline(sound(5000, 2)), abs=1e-5)


def test_a_failure_is_told_once_and_then_it_goes_on():
    feature, ear = Spectrogram(**FEATURE), BrightEar()
    heard = Heard(ear, feature)
    ear.fails = True
    feature.push(sound(3000, 0))
    heard.catch_up()
    ear.fails = False
    with pytest.raises(InferenceError, match="deaf"):
        heard.window()
    feature.push(sound(1000, 1))
    keys = heard.window()
    assert not keys[:-TOLD].any()  # of the frames that it failed on no key counts
    assert keys[-TOLD:].all()


@pytest.mark.parametrize("change", [{"bands": BANDS + 1}, {"frames": FRAMES + 1}])
def test_a_feature_that_does_not_fit_is_refused(change):
    with pytest.raises(UserError, match="hears 6 frames of 6 bands and judges 12, which does not"):
        Heard(BrightEar(), Spectrogram(**FEATURE | change))


def test_one_that_hears_more_frames_than_a_window_has_is_refused():
    ear = BrightEar()
    ear.rows = (FRAMES + 1, BANDS)
    with pytest.raises(UserError, match="hears 13 frames"):
        Heard(ear, Spectrogram(**FEATURE))


@pytest.mark.parametrize(
    ("rows", "keys", "judged", "probs"),
    [
        ((1, 6), (1, TOLD, KINDS), (1, FRAMES, KINDS), (1, 4)),
        ((1, 6, BANDS), (1, 0, KINDS), (1, FRAMES, KINDS), (1, 4)),
        ((1, 6, BANDS), (1, 7, KINDS), (1, FRAMES, KINDS), (1, 4)),
        ((1, 6, BANDS), (1, 3, KINDS), (1, FRAMES, KINDS), (1, 4)),
        ((1, 6, BANDS), (1, KINDS), (1, FRAMES, KINDS), (1, 4)),
        ((1, 6, BANDS), (1, TOLD, KINDS), (1, FRAMES, KINDS + 1), (1, 4)),
        ((1, 6, BANDS), (1, TOLD, KINDS), (1,), (1, 4)),
        ((1, 6, BANDS), (1, TOLD, KINDS), (1, FRAMES, KINDS), (1, 5)),
    ],
)
def test_functions_of_another_shape_are_refused(rows, keys, judged, probs):
    hear = SimpleNamespace(takes={"rows": rows}, gives={"keys": keys})
    judge = SimpleNamespace(takes={"keys": judged}, gives={"probs": probs})
    network = SimpleNamespace(function={"hear": hear, "judge": judge}.get, outputs=4)
    with pytest.raises(UserError, match="not those of an ear"):
        Ear(network)


def test_what_it_has_heard_ends_before_the_newest_frame():
    feature = Spectrogram(**FEATURE)
    heard = Heard(BrightEar(), feature)
    for _ in range(5):
        feature.push(sound(FEATURE["hop"], 0))
        heard.catch_up()
        waiting = feature.heard % TOLD
        assert heard.behind == (BESIDE + waiting) * FEATURE["hop"]


@settings(max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(1, 9000), min_size=1, max_size=6), seed=st.integers(0, 99))
def test_a_lane_says_the_same_however_long_the_blocks_are(cuts, seed):
    """A window here is 0.35 s, much less than what comes at once."""
    samples = sound(sum(cuts), seed)
    model = read_manifest(find("composer-cnn"))
    model = replace(model, feature={"kind": "spectrogram", **FEATURE}, window_s=0.35)
    said = []
    for blocks in (cuts, [len(samples)]):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(lanes, "follow", lambda _, feature: Heard(BrightEar(), feature))
            lane = lanes.AudioLane([model], -200.0, {model.name: None})
        at = 0
        for block in blocks:
            lane.push(samples[at : at + block])
            at += block
        view = lane.view(model)
        said.append((view.start, view.end, view.full, view.window))
    (*one, keys), (*other, same) = said
    assert one == other
    assert np.array_equal(keys, same)


def test_a_network_without_an_ear_is_refused():
    network = Network(tiny_network((16, 5), 4)[0])
    with pytest.raises(UserError, match="no functions 'hear' and 'judge'"):
        Ear(network)
    with pytest.raises(UserError, match="no functions 'step' and 'answer'"):
        follow(network, Spectrogram(**FEATURE))
    with pytest.raises(UserError, match="follows a spectrogram"):
        follow(network, object())
