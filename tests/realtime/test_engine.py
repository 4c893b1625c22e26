"""What the engine asks of whom, when, and how a run ends."""

import itertools
import math
import os
import threading

import mido
import numpy as np
import pytest
import soundfile
from engine_runs import hear, of, outcome, read
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.decision import Decision
from realtime.engine import Engine
from realtime.errors import UserError
from realtime.records import (
    STREAM_RATE,
    Event,
    Pause,
    Prediction,
    Summary,
    TimedMessage,
)
from realtime.synth import SynthMissing

pytestmark = pytest.mark.reliability


class TestTime:
    @settings(max_examples=25)
    @given(hop=st.sampled_from([0.1, 0.25, 0.33, 0.7]), n=st.integers(1, 40_000))
    def test_predictions_are_due_at_multiples_of_the_hop_and_at_the_end(self, hop, n, stub):
        due = [p.t for p in hear(stub, stub.blocks(np.zeros(n, np.float32)), ["mfcc"], hop=hop)]
        step = round(hop * STREAM_RATE)
        expected = [*range(step, n + 1, step)]
        if n % step:
            expected.append(n)
        assert due == [at / STREAM_RATE for at in expected]

    def test_every_model_is_asked_each_time_in_order(self, stub):
        heard = hear(stub, stub.blocks(stub.noise(1.1)), hop=0.5)
        assert [(p.t, p.model) for p in heard] == [
            (t, m) for t in (0.5, 1.0, 1.1) for m in ("stub-mfcc", "stub-spectrogram")
        ]

    def test_a_prediction_says_what_it_saw(self, stub):
        loud = np.random.default_rng(0).normal(0, 0.2, 32_000).astype(np.float32)
        samples = np.concatenate((loud, np.zeros(32_000, np.float32), loud))
        heard = hear(stub, stub.blocks(samples), ["mfcc"], hop=0.1)
        for p in heard:
            start, end = p.window
            assert end <= p.t < end + 256 / STREAM_RATE
            assert start == pytest.approx(max(0, end - 0.256))
        states = {round(p.t, 2): p.state for p in heard}
        assert [states[t] for t in (0.1, 0.2)] == ["warming", "warming"]
        assert {states[t / 10] for t in range(3, 23)} <= {"live", "unknown"}
        assert {states[t / 10] for t in range(23, 41)} == {"silent"}
        assert {states[t / 10] for t in range(41, 61)} <= {"live", "unknown"}
        for p in heard:
            if p.state == "silent":
                assert (p.label, p.p) == (None, 0)
                assert not any(p.probs.values())
            if p.state in ("live", "unknown"):
                assert p.label == max(p.probs, key=p.probs.get)
                assert p.p == p.probs[p.label]
                assert (p.state == "live") == (p.p >= 0.4)
                assert sum(p.probs.values()) == pytest.approx(1)

    def test_a_duration_cuts_the_stream(self, stub):
        samples = stub.noise(2.0)
        short = hear(stub, stub.blocks(samples[:11_111]), hop=0.25)
        for sizes in ([1600], [40_000]):
            cut = hear(stub, stub.blocks(samples, sizes), hop=0.25, duration=11_111 / STREAM_RATE)
            assert cut == short

    @pytest.mark.parametrize("duration", [0, -1, math.inf, math.nan])
    def test_a_duration_that_is_none_is_refused(self, duration, stub):
        with pytest.raises(UserError, match="duration"):
            Engine(stub.source([]), [stub.model()], duration=duration)

    def test_an_engine_runs_once(self, stub):
        engine = Engine(stub.source(stub.blocks(stub.noise(0.5))), [stub.model()])
        list(engine.run())
        with pytest.raises(RuntimeError, match="once"):
            next(engine.run())

    def test_with_a_duration_no_more_is_taken_from_the_source_than_needed(self, stub):
        blocks = [*stub.blocks(stub.noise(0.5)), AssertionError("read on")]
        heard = hear(stub, blocks, ["mfcc"], duration=0.5)
        assert [p.t for p in heard] == [0.25, 0.5]

    @pytest.mark.parametrize("sizes", [[1_600], [4_000], [12_000]])
    def test_a_note_that_is_struck_when_a_prediction_is_due_is_news_for_the_next(self, sizes, stub):
        struck = [TimedMessage(4_000, mido.Message("note_on", note=60))]
        heard = read(stub, stub.midi_blocks(struck, 12_000, sizes), ["notes"])
        assert [(p.t, p.state) for p in heard] == [
            (0.25, "silent"),
            (0.5, "warming"),
            (0.75, "warming"),
        ]

    def test_what_is_smoothed_knows_the_time_between_predictions(self, stub):
        samples = np.random.default_rng(0).normal(0, 0.2, 17_600).astype(np.float32)
        heard = hear(stub, stub.blocks(samples), ["mfcc"], hop=0.5)
        decision = Decision(stub.model().manifest)
        for p, seconds in zip(heard, (0.5, 0.5, 0.1), strict=True):
            smoothed = decision.smooth(np.array(list(p.probs.values())), seconds)
            assert list(p.smoothed.values()) == pytest.approx(smoothed)

    def test_a_stream_without_a_block_has_nothing_to_sum_up(self, stub):
        records, error = outcome(Engine(stub.source([]), [stub.model()]))
        assert (records, error) == ([], None)

    @pytest.mark.parametrize("hop", [0, -1, 0.001, 1e9, math.nan, math.inf])
    def test_a_hop_out_of_range_is_refused(self, hop, stub):
        with pytest.raises(UserError, match="hop"):
            Engine(stub.source([]), [stub.model()], hop=hop)


class TestStreams:
    def test_notes_drive_all_models_and_sound_only_those_that_listen(self, stub, synths):
        models = [stub.model(kind) for kind in ("mfcc", "notes", "chords")]
        messages = stub.melody(1)
        source = stub.source(stub.midi_blocks(messages, 16_000), stream="midi")
        records, _ = outcome(Engine(source, models))
        assert [p.model for p in of(Prediction, records)] == 4 * [m.manifest.name for m in models]
        assert synths[0].position == 16_000
        heard = hear(stub, stub.blocks(stub.noise(1.0)), ("mfcc", "notes", "chords"))
        assert {p.model for p in heard} == {"stub-mfcc"}
        assert len(synths) == 1

    def test_without_a_listener_no_synthesizer_is_made(self, stub, synths):
        read(stub, stub.midi_blocks(stub.melody(1), 16_000))
        assert synths == []

    def test_without_a_synthesizer_those_that_read_go_on_alone(self, stub, monkeypatch):
        def missing(soundfont):
            raise SynthMissing("FluidSynth is missing: install it")

        monkeypatch.setattr("realtime.engine.Synth", missing)
        blocks = stub.midi_blocks(stub.melody(1), 16_000)
        source = stub.source(blocks, stream="midi")
        records, error = outcome(Engine(source, [stub.model(), stub.model("notes")]))
        assert error is None
        assert records[0] == Event("notice", 0.0, "FluidSynth is missing: install it", "stub")
        assert stub.predictions(records) == read(stub, blocks, ["notes"])
        assert list(records[-1].models) == ["stub-notes"]

        source = stub.source(blocks, stream="midi")
        records, error = outcome(Engine(source, [stub.model()]))
        assert records == []
        assert isinstance(error, SynthMissing)
        assert source.closed == 1

    def test_no_model_for_a_stream_is_refused(self, stub):
        with pytest.raises(UserError, match="no model for audio among stub-notes"):
            Engine(stub.source([]), [stub.model("notes")])
        with pytest.raises(UserError, match="among none"):
            Engine(stub.source([]), [])

    def test_the_notes_of_a_rest_are_news_only_once(self, stub):
        """Evidence grows with what is played, not with how long one waits after it."""
        messages = [
            TimedMessage(0, mido.Message("note_on", note=60)),
            TimedMessage(4_000, mido.Message("note_off", note=60)),
            TimedMessage(9_000, mido.Message("note_on", note=64)),
            TimedMessage(20_000, mido.Message("note_off", note=64)),
        ]
        blocks = stub.midi_blocks(messages, 160_000)
        source = stub.source(blocks, stream="midi")
        records, _ = outcome(Engine(source, [stub.model("notes")]))
        heard = of(Prediction, records)
        assert heard[-1].state == "silent"
        assert not any(v > 0.01 for v in heard[-1].smoothed.values())
        fresh = [p for p in heard if p.t in (0.25, 0.75)]
        logs = np.mean([np.log(list(p.probs.values())) for p in fresh], axis=0)
        expected = np.exp(logs) / np.exp(logs).sum()
        assert list(records[-1].models["stub-notes"].probs.values()) == pytest.approx(expected)


class TestPauses:
    def test_a_duration_ends_while_the_device_is_away(self, stub):
        heard = stub.blocks(stub.noise(1.0))
        pauses = [Pause(position) for position in range(16_000, 1_000_000, 8_000)]
        source = stub.source([*heard, *pauses], live=True)
        records, error = outcome(Engine(source, [stub.model()], duration=3))
        assert error is None
        assert stub.predictions(records) == hear(stub, heard, ["mfcc"])
        assert records[-1].seconds == 1.0
        assert source.closed == 1

    def test_without_a_duration_it_waits(self, stub):
        heard = stub.blocks(stub.noise(1.0))
        late = stub.blocks(stub.noise(0.5), position=48_000)
        source = stub.source([*heard, Pause(16_000), Pause(40_000), *late], live=True)
        records, _ = outcome(Engine(source, [stub.model()]))
        assert records[-1].seconds == 3.5


class TestEnds:
    @pytest.mark.parametrize(
        "failure", [UserError("song.wav: is cut off"), KeyboardInterrupt()], ids=["fault", "ctrl-c"]
    )
    def test_what_was_heard_before_a_failure_is_predicted_and_summed_up(self, failure, stub):
        samples = stub.noise(1.1)
        source = stub.source([*stub.blocks(samples), failure])
        models = [stub.model(), stub.model("spectrogram")]
        records, error = outcome(Engine(source, models))
        assert error is failure
        assert source.closed == 1
        assert stub.predictions(records) == hear(stub, stub.blocks(samples))
        assert isinstance(records[-1], Summary)
        assert records[-1].seconds == 1.1

    def test_a_failure_before_anything_was_heard_is_just_that(self, stub):
        source = stub.source([UserError("song.wav: holds no sound")])
        records, error = outcome(Engine(source, [stub.model()]))
        assert records == []
        assert "holds no sound" in str(error)
        assert source.closed == 1

    def test_a_source_that_cannot_be_opened(self, stub):
        class Closed(stub.source):
            def __enter__(self):
                raise UserError("mic: busy")

        records, error = outcome(Engine(Closed([]), [stub.model()]))
        assert records == []
        assert str(error) == "mic: busy"

    @pytest.mark.parametrize("taken", [0, 1, 3])
    def test_closing_early_closes_source_and_synthesizer(self, taken, stub, synths):
        source = stub.source(stub.midi_blocks(stub.melody(3), 48_000), stream="midi")
        engine = Engine(source, [stub.model("notes"), stub.model()], soundfont="some.sf2")
        run = engine.run()
        for _ in range(taken):
            next(run)
        run.close()
        assert source.closed == source.opened == (taken > 0)
        assert [synth.closed for synth in synths] == [True] * (taken > 0)
        assert [synth.soundfont for synth in synths] == ["some.sf2"] * (taken > 0)

    def test_a_bug_in_a_network_closes_everything_too(self, stub):
        model = stub.model()
        model.network.predict = lambda window: 1 / 0
        source = stub.source(stub.blocks(stub.noise(1.0, 1) + 0.1))
        with pytest.raises(ZeroDivisionError):
            list(Engine(source, [model]).run())
        assert source.closed == 1

    def test_the_summary_is_the_evidence_of_all_whole_windows(self, stub):
        records, _ = outcome(Engine(stub.source(stub.blocks(stub.noise(3.0, 4))), [stub.model()]))
        summary = records[-1]
        assert isinstance(summary, Summary)
        heard = [p for p in of(Prediction, records) if p.state != "warming" and p.label is not None]
        logs = np.mean([np.log(list(p.probs.values())) for p in heard], axis=0)
        expected = np.exp(logs) / np.exp(logs).sum()
        got = summary.models["stub-mfcc"]
        assert list(got.probs.values()) == pytest.approx(expected)
        assert got.label == max(got.probs, key=got.probs.get)
        assert summary.source == "stub"
        assert summary.realtime_factor > 0

    @pytest.mark.parametrize(("seconds", "guess"), [(0.2, True), (0.3, False)])
    def test_what_no_whole_window_says_is_told_to_be_a_guess(self, stub, seconds, guess):
        source = stub.source(stub.blocks(stub.noise(seconds, 4)))
        *_, summary = Engine(source, [stub.model()], hop=0.1).run()
        assert summary.models["stub-mfcc"].label
        assert summary.models["stub-mfcc"].warming is guess

    def test_silence_is_evidence_of_nothing(self, stub):
        model = stub.model()
        blocks = stub.blocks(np.zeros(32_000, np.float32))
        records, _ = outcome(Engine(stub.source(blocks), [model]))
        assert {p.state for p in of(Prediction, records)} == {"silent"}
        assert records[-1].models["stub-mfcc"].label is None
        assert records[-1].models["stub-mfcc"].probs == {}
        assert model.network.asked == 0

    def test_no_thread_or_file_stays_open(self, stub, tmp_path):
        from realtime.sources.audio_file import AudioFile

        path = tmp_path / "noise.wav"
        soundfile.write(path, stub.noise(1.0), STREAM_RATE)
        threads = threading.active_count()
        folder = "/proc/self/fd"
        files = len(os.listdir(folder)) if os.path.isdir(folder) else None
        for pace, taken in (("fast", None), ("fast", 1), ("real", 1)):
            run = Engine(AudioFile(path), [stub.model()], pace=pace).run()
            list(itertools.islice(run, taken))
            run.close()
            assert threading.active_count() == threads
            assert files is None or len(os.listdir(folder)) == files
