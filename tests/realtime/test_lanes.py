import mido
import numpy as np
import pytest

from realtime.features import Mfcc, Spectrogram
from realtime.lanes import AudioLane, NoteLane
from realtime.records import STREAM_RATE, TimedMessage
from realtime.registry import Manifest

MFCC = {"kind": "mfcc", "window": 4096, "n_fft": 1024, "hop": 256, "n_mels": 20, "n_mfcc": 5}
PICTURE = {
    "kind": "spectrogram",
    "frames": 32,
    "bands": 8,
    "n_fft": 1024,
    "win_length": 1024,
    "hop": 992,
}


def manifest(name="a", feature=MFCC):
    return Manifest(
        name=name,
        task="animal",
        kind="cnn",
        labels=("ape", "bee"),
        feature=feature,
        window_s=None,
        hop_s=0.25,
        quantisation="float32",
        calibration={},
        smoothing_s=1.0,
        file="model.tflite",
        sha256="",
        size=0,
    )


def noise(seconds, level=0.1):
    n = round(seconds * STREAM_RATE)
    return np.random.default_rng(0).normal(0, level, n).astype(np.float32)


def on(at, note=60):
    return TimedMessage(at, mido.Message("note_on", note=note, velocity=64))


def off(at, note=60):
    return TimedMessage(at, mido.Message("note_off", note=note))


def all_off(at):
    return TimedMessage(at, mido.Message("control_change", control=123))


class TestAudio:
    def test_models_with_the_same_feature_share_it(self, monkeypatch):
        reordered = dict(reversed(MFCC.items()))
        models = [manifest("a"), manifest("b", reordered), manifest("c", PICTURE)]
        fed = []
        for kind in (Mfcc, Spectrogram):
            push = kind.push

            def watched(self, samples, push=push):
                fed.append(self.kind)
                push(self, samples)

            monkeypatch.setattr(kind, "push", watched)
        lane = AudioLane(models)
        lane.push(noise(1.0))
        assert fed == ["mfcc", "spectrogram"]
        one, other = lane.view(models[0]), lane.view(models[1])
        assert np.array_equal(one.window, other.window)

    def test_a_view_says_what_it_saw(self):
        model = manifest()
        lane = AudioLane([model])
        lane.push(noise(0.2))
        view = lane.view(model)
        assert (view.start, view.end, view.full) == (0, 3072, False)
        lane.push(noise(0.2))
        view = lane.view(model)
        assert (view.start, view.end, view.full) == (6400 - 4096, 6400, True)
        assert (view.silent, view.fresh) == (False, True)
        assert view.window.shape == (17, 5)

    def test_silence_follows_the_sound_after_a_second_and_empties_the_window_when_it_is_over(self):
        model = manifest("c", PICTURE)  # 1.986 s
        lane = AudioLane([model])
        lane.push(noise(3.0))
        seen = []
        for _ in range(30):
            lane.push(np.zeros(1_600, np.float32))
            view = lane.view(model)
            seen.append((view.silent, view.window is None))
        assert [silent for silent, _ in seen] == [False] * 9 + [True] * 21
        assert [empty for _, empty in seen] == [False] * 19 + [True] * 11
        lane.push(noise(0.1))
        view = lane.view(model)
        assert not view.silent
        assert view.window is not None

    def test_what_counts_as_silence_can_be_chosen(self):
        hiss = noise(1.5, level=10 ** (-50 / 20))
        model = manifest()
        for threshold, silent in ((-60, False), (-45, True)):
            lane = AudioLane([model], silent_dbfs=threshold)
            lane.push(hiss)
            view = lane.view(model)
            assert view.silent == silent
            assert (view.window is None) == silent

    def test_nothing_in_a_short_window_is_silence_too(self):
        model = manifest()  # 0.256 s
        lane = AudioLane([model])
        lane.push(np.concatenate((noise(0.5), np.zeros(6_400, np.float32))))
        view = lane.view(model)
        assert (view.window, view.silent, view.full) == (None, True, True)

    def test_after_a_reset_positions_go_on_where_told(self):
        model = manifest()
        used, fresh = AudioLane([model]), AudioLane([model])
        used.push(noise(2.0))
        used.reset(100_000)
        for lane in (used, fresh):
            lane.push(noise(0.3, level=0.2))
        view, expected = used.view(model), fresh.view(model)
        assert np.array_equal(view.window, expected.window)
        assert (view.start, view.end) == (100_000 + expected.start, 100_000 + expected.end)
        assert (view.full, view.silent) == (expected.full, expected.silent)


NOTES = {"kind": "notes", "length": 3}


class TestNotes:
    def test_a_view_says_what_it_saw(self):
        model = manifest(feature=NOTES)
        lane = NoteLane([model])
        lane.push([], 1_000)
        view = lane.view(model)
        assert view.window is None
        assert (view.start, view.end, view.full, view.silent, view.fresh) == (
            *(1_000, 1_000, False, True, False),
        )
        lane.push([on(1_100), off(1_200)], 2_000)
        view = lane.view(model)
        assert view.window.shape == (3, 15)
        assert (view.start, view.end, view.full, view.silent, view.fresh) == (
            *(1_100, 2_000, False, False, True),
        )
        lane.push([m for i in range(3) for m in (on(3_000 + i), off(3_900, 60 + i))], 4_000)
        assert not lane.view(model).full  # the same key at once is one note
        lane.push([on(5_000, 62), on(5_000, 64)], 6_000)
        view = lane.view(model)
        assert (view.start, view.full) == (3_000, True)

    def test_only_new_notes_are_news(self):
        models = [manifest("a", NOTES), manifest("b", NOTES)]
        lane = NoteLane(models)
        lane.push([on(0)], 100)
        assert [lane.view(m).fresh for m in models] == [True, True]
        lane.push([off(150)], 200)
        assert [lane.view(m).fresh for m in models] == [False, False]
        lane.push([on(3_000)], 4_000)
        assert lane.view(models[0]).fresh
        lane.push([], 5_000)
        assert [lane.view(m).fresh for m in models] == [False, True]

    def test_it_is_silent_three_seconds_after_the_last_key_is_up(self):
        model = manifest(feature=NOTES)
        lane = NoteLane([model])
        lane.push([on(0)], 10 * STREAM_RATE)
        assert not lane.view(model).silent
        assert lane.sounding == (60,)
        lane.push([off(10 * STREAM_RATE)], 10 * STREAM_RATE + 1)
        assert lane.sounding == ()
        lane.push([], 13 * STREAM_RATE)
        assert not lane.view(model).silent
        lane.push([], 13 * STREAM_RATE + 2)
        assert lane.view(model).silent
        assert lane.view(model).window is not None
        lane.push([on(14 * STREAM_RATE)], 14 * STREAM_RATE + 1)
        assert not lane.view(model).silent

    @pytest.mark.parametrize("kind", ["control_change", "pitchwheel", "aftertouch"])
    def test_what_is_no_key_does_not_hold_up_silence(self, kind):
        """A pedal, a wheel and a bend."""
        model = manifest(feature=NOTES)
        lane = NoteLane([model])
        moved = [TimedMessage(s * STREAM_RATE, mido.Message(kind)) for s in range(1, 6)]
        lane.push([on(0), off(100), *moved], 5 * STREAM_RATE + 1)
        assert lane.view(model).silent

    @pytest.mark.parametrize("last", [off(2_000), all_off(2_000)], ids=["key", "all notes off"])
    def test_rests_do_not_depend_on_the_cutting(self, last):
        model = manifest(feature=NOTES)
        lanes = [NoteLane([model]) for _ in range(2)]
        end = 2_000 + 3 * STREAM_RATE + 1
        lanes[0].push([on(100), last], end)
        for at in range(0, end, 1_600):
            messages = [m for m in (on(100), last) if at <= m.position < at + 1_600]
            lanes[1].push(messages, min(end, at + 1_600))
        assert [lane.view(model).silent for lane in lanes] == [True, True]

    def test_after_a_reset_positions_go_on_where_told(self):
        model = manifest(feature=NOTES)
        lane = NoteLane([model])
        lane.push([on(0), on(50, 64)], 100)
        lane.view(model)
        lane.reset(90_000)
        view = lane.view(model)
        assert view.window is None
        assert (view.start, view.end, view.silent, view.fresh) == (90_000, 90_000, True, False)
        assert lane.sounding == ()
        lane.push([on(91_000)], 92_000)
        view = lane.view(model)
        assert (view.start, view.end, view.fresh) == (91_000, 92_000, True)
        lane.reset(200_000)
        lane.push([on(201_000)], 202_000)
        assert lane.view(model).fresh
