import itertools
import math
import os
import threading
import time
from dataclasses import replace

import mido
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.decision import Decision
from realtime.engine import Engine
from realtime.errors import UserError
from realtime.records import (
    STAGES,
    STREAM_RATE,
    Event,
    MidiBlock,
    Pause,
    Prediction,
    Signal,
    Summary,
    TimedMessage,
)
from realtime.synth import Synth, SynthMissing

pytestmark = pytest.mark.reliability

SIZES = st.lists(st.integers(1, 9_000), min_size=1, max_size=6)
HOPS = st.sampled_from([0.1, 0.25, 0.33, 1.0])


def outcome(engine):
    """What a run yields and the error that ends it, if any."""
    records = []
    try:
        for record in engine.run():
            records.append(record)  # noqa: PERF402  what came before an error counts
    except (UserError, KeyboardInterrupt) as error:
        return records, error
    return records, None


def of(kind, records):
    return [r for r in records if isinstance(r, kind)]


def hear(stub, blocks, models=("mfcc", "spectrogram"), **options):
    source = stub.source(blocks)
    records, error = outcome(Engine(source, [stub.model(kind) for kind in models], **options))
    assert error is None
    assert (source.opened, source.closed) == (1, 1)
    return stub.predictions(records)


def read(stub, blocks, models=("notes", "chords"), **options):
    source = stub.source(blocks, stream="midi")
    records, error = outcome(Engine(source, [stub.model(kind) for kind in models], **options))
    assert error is None
    return stub.predictions(records)


def slowly(predict, seconds):
    """The same answers, so much later."""

    def late(window):
        time.sleep(seconds)
        return predict(window)

    return late


class FakeSynth:
    """A synthesizer that hums while it is open."""

    made: list["FakeSynth"]

    def __init__(self, soundfont):
        self.soundfont, self.position, self.closed = soundfont, 0, False
        self.made.append(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closed = True

    def render(self, messages, end):
        assert all(self.position <= m.position < end for m in messages)
        t = np.arange(self.position, end)
        self.position = end
        return (0.3 * np.sin(t / 7)).astype(np.float32)

    def reset(self, position):
        self.position = position


@pytest.fixture
def synths(monkeypatch):
    """The synthesizers that an engine made; none of them needs FluidSynth."""
    FakeSynth.made = []
    monkeypatch.setattr("realtime.engine.Synth", FakeSynth)
    return FakeSynth.made


class TestSameEverywhere:
    @settings(max_examples=20)
    @given(sizes=SIZES, hop=HOPS, seed=st.integers(0, 99), seconds=st.floats(0.05, 4))
    def test_sound_may_come_in_any_blocks(self, sizes, hop, seed, seconds, stub):
        samples = stub.noise(seconds, seed)
        expected = hear(stub, stub.blocks(samples, [len(samples)]), hop=hop)
        assert hear(stub, stub.blocks(samples, sizes), hop=hop) == expected

    @settings(max_examples=20)
    @given(sizes=SIZES, hop=HOPS, seed=st.integers(0, 99), seconds=st.floats(0.05, 12))
    def test_notes_may_come_in_any_blocks(self, sizes, hop, seed, seconds, stub):
        messages, end = stub.melody(seconds, seed), math.ceil(seconds * STREAM_RATE)
        expected = read(stub, stub.midi_blocks(messages, end, [end]), hop=hop)
        assert read(stub, stub.midi_blocks(messages, end, sizes), hop=hop) == expected

    def test_notes_heard_through_the_synthesizer_may_come_in_any_blocks(self, stub):
        try:
            Synth().close()
        except SynthMissing as error:
            pytest.skip(str(error))
        messages, end = stub.melody(3, 5), 3 * STREAM_RATE
        models = ("notes", "mfcc", "spectrogram")
        expected = read(stub, stub.midi_blocks(messages, end, [end]), models)
        assert {p.model for p in expected} == {f"stub-{kind}" for kind in models}
        # What the stub says of a sound is as good as chance; that it was asked about one is not.
        assert any(p.model == "stub-mfcc" and p.state in ("live", "unknown") for p in expected)
        for sizes in ([1600], [777, 64, 5_000]):
            assert read(stub, stub.midi_blocks(messages, end, sizes), models) == expected

    def test_the_pace_changes_nothing_but_the_time_it_takes(self, stub):
        samples = stub.noise(0.6)
        fast = hear(stub, stub.blocks(samples), hop=0.1, pace="fast")
        began = time.perf_counter()
        assert hear(stub, stub.blocks(samples), hop=0.1, pace="real") == fast
        assert time.perf_counter() - began >= 0.59

    def test_a_live_source_is_not_held_back(self, stub, monkeypatch):
        monkeypatch.setattr("realtime.engine.paced", None)
        source = stub.source(stub.blocks(stub.noise(0.5)), live=True)
        records, error = outcome(Engine(source, [stub.model()], pace="real"))
        assert error is None
        assert len(of(Prediction, records)) == 2

    def test_sixteen_streams_in_one_process_are_as_good_as_one_each(self, stub):
        def engine(seed):
            blocks = stub.blocks(stub.noise(1.0, seed), [700 + 130 * seed])
            return Engine(stub.source(blocks), [stub.model(), stub.model("spectrogram")])

        alone = [stub.predictions(engine(seed).run()) for seed in range(16)]
        together = [[] for _ in range(16)]
        runs = [engine(seed).run() for seed in range(16)]
        for round_of_records in itertools.zip_longest(*runs):
            for kept, record in zip(together, round_of_records, strict=True):
                kept.append(record)
        assert [stub.predictions(records) for records in together] == alone

    def test_a_long_stream_says_of_its_last_window_what_a_fresh_start_says(self, stub):
        samples = stub.noise(8.0, 3)
        whole = hear(stub, stub.blocks(samples), ["mfcc"])
        start = 4 * STREAM_RATE  # on the grid of its frames and of the meter
        late = hear(stub, stub.blocks(samples[start:], position=start), ["mfcc"])
        for long, fresh in zip(whole[-8:], late[-8:], strict=True):
            fields = ("model", "t", "window", "state", "label", "p", "probs")
            assert [getattr(long, f) for f in fields] == [getattr(fresh, f) for f in fields]


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


def afresh(heard):
    """Predictions without the evidence, which outlasts a gap."""
    return [replace(p, evidence={}) for p in heard]


class TestGaps:
    @pytest.mark.parametrize("position", [40_000, 41_234])
    def test_after_a_gap_all_is_as_after_a_fresh_start(self, position, stub):
        before, after = stub.noise(1.3, 1), stub.noise(1.5, 2)
        first, second = stub.blocks(before), stub.blocks(after, position=position)
        whole = hear(stub, [*first, stub.event("disconnected"), *second])
        fresh = hear(stub, second)
        assert afresh(p for p in whole if p.t > position / STREAM_RATE) == afresh(fresh)
        assert [p for p in whole if p.t <= 1.25] == [p for p in hear(stub, first) if p.t <= 1.25]
        assert all(p.t % 0.25 == 0 for p in fresh[:-2])
        assert fresh[0].window[0] >= position / STREAM_RATE
        assert fresh[0].state == "warming"

    def test_so_are_notes(self, stub, synths):
        before, after = stub.melody(2, 1), stub.melody(2, 2)
        moved = [replace(m, position=m.position + 100_000) for m in after]
        first = stub.midi_blocks(before, 32_000)
        second = stub.midi_blocks(moved, 132_000, position=100_000)
        models = ("notes", "chords", "mfcc")
        whole = read(stub, [*first, *second], models)
        assert afresh(p for p in whole if p.t > 6.25) == afresh(read(stub, second, models))

    def test_the_evidence_of_before_still_counts(self, stub):
        blocks = [
            *stub.blocks(stub.noise(1.0, 1)),
            *stub.blocks(stub.noise(1.0, 2), position=32_000),
        ]
        records, _ = outcome(Engine(stub.source(blocks), [stub.model()]))
        (summary,) = of(Summary, records)
        heard = [p for p in of(Prediction, records) if p.label is not None]
        assert summary.models["stub-mfcc"].windows == len(heard)
        assert {p.t < 1.1 for p in heard} == {True, False}
        assert summary.seconds == 3.0

    def test_evidence_can_begin_anew(self, stub):
        blocks = stub.blocks(0.1 * np.sin(np.arange(32_000)).astype(np.float32))

        def begin_anew():
            engine.reset_evidence()
            return blocks[10]

        source = stub.source([*blocks[:10], begin_anew, *blocks[11:]])
        engine = Engine(source, [stub.model()])
        records, _ = outcome(engine)
        heard = of(Prediction, records)
        assert [p.t for p in heard][3:5] == [1.0, 1.25]
        assert heard[0].evidence == pytest.approx(heard[0].probs)
        assert heard[3].evidence != pytest.approx(heard[3].probs)
        assert heard[4].evidence == pytest.approx(heard[4].probs)
        (summary,) = of(Summary, records)
        assert summary.models["stub-mfcc"].probs == heard[-1].evidence

    def test_events_of_the_source_go_through_and_overflows_are_counted(self, stub):
        blocks = stub.blocks(stub.noise(1.0))
        events = [stub.event("overflow", 0.1, 160), stub.event("notice"), stub.event("overflow")]
        items = [events[0], *blocks[:5], events[1], events[2], *blocks[5:]]
        records, _ = outcome(Engine(stub.source(items), [stub.model()]))
        assert of(Event, records) == events
        (summary,) = of(Summary, records)
        assert (summary.overflows, summary.dropped) == (2, 0)

    def test_what_a_device_says_of_itself_is_passed_on(self, stub):
        source = stub.source([*stub.blocks(stub.noise(1.0)), stub.event("xrun", count=3)])
        source.latency = 0.012
        records, _ = outcome(Engine(source, [stub.model()]))
        assert {p.latency.device for p in of(Prediction, records)} == {12.0}
        assert of(Summary, records)[0].xruns == 3


class TestOverload:
    def test_a_live_source_that_is_late_costs_windows_which_are_counted(self, stub):
        samples = stub.noise(3.0)
        long_ago = time.perf_counter() - 60
        late = stub.blocks(samples[:24_000], captured=long_ago)
        current = [
            lambda block=block: replace(block, captured=time.perf_counter())
            for block in stub.blocks(samples[24_000:], position=24_000)
        ]
        models = [stub.model(), stub.model("spectrogram")]
        records, error = outcome(Engine(stub.source([*late, *current], live=True), models))
        assert error is None
        dropped = of(Event, records)
        assert [e.kind for e in dropped] == ["dropped"] * 6
        assert [e.t for e in dropped] == [0.25, 0.5, 0.75, 1.0, 1.25, 1.5]
        assert {e.count for e in dropped} == {2}
        (summary,) = of(Summary, records)
        assert summary.dropped == 12
        heard = [p for p in of(Prediction, records) if p.label and p.model == "stub-mfcc"]
        assert summary.models["stub-mfcc"].windows == len(heard) > 0
        # What is said after it is said of the same windows as without the delay.
        heard = [(p.t, p.window, p.probs) for p in stub.predictions(records)]
        undisturbed = hear(stub, stub.blocks(samples))
        assert heard == [(p.t, p.window, p.probs) for p in undisturbed if p.t > 1.5]
        assert models[0].network.asked <= 6

    def test_a_file_that_is_late_loses_nothing(self, stub):
        samples = stub.noise(1.0)
        late = stub.blocks(samples, captured=time.perf_counter() - 60)
        assert hear(stub, late) == hear(stub, stub.blocks(samples))

    def test_latencies_add_up(self, stub):
        """For each of several models: what it waits for, another model too, is in its capture."""
        models = [stub.model(name=name) for name in ("first", "second")]
        for model, took in zip(models, (0.02, 0.005), strict=True):
            model.network.predict = slowly(model.network.predict, took)
        source = stub.source(
            lambda block=block: replace(block, captured=time.perf_counter())
            for block in stub.blocks(stub.noise(2.0), sizes=(160, 4_000))
        )
        records, _ = outcome(Engine(source, models))
        heard = {
            name: [p.latency for p in of(Prediction, records) if p.model == name and p.label]
            for name in ("first", "second")
        }
        for first, second in zip(*heard.values(), strict=True):
            for stages in (first, second):
                assert min(stages.capture, stages.features, stages.inference) >= 0
                summed = stages.capture + stages.features + stages.inference
                assert stages.total == pytest.approx(summed)
            assert first.inference >= 20
            assert second.capture >= first.capture + first.inference
            assert second.total >= first.total + 5
        (summary,) = of(Summary, records)
        for model in summary.models.values():
            assert tuple(model.latency) == STAGES
            for stage in STAGES:
                p50, p95, p99 = (model.latency[stage][p] for p in ("p50", "p95", "p99"))
                assert 0 <= p50 <= p95 <= p99

    def test_a_latency_runs_from_the_arrival_of_the_last_sound(self, stub):
        """Features of a hop's earlier blocks were computed before that."""
        model, between = stub.model(), []

        def arrive(block):
            between.append(time.perf_counter())
            return replace(block, captured=between[-1])

        blocks = stub.blocks(stub.noise(0.25), sizes=(40,))
        source = stub.source(lambda block=block: arrive(block) for block in blocks)
        for record in Engine(source, [model]).run():
            if isinstance(record, Prediction):
                assert record.latency.total <= (time.perf_counter() - between[-1]) * 1e3


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

    def test_the_summary_is_the_evidence_of_all_windows(self, stub):
        records, _ = outcome(Engine(stub.source(stub.blocks(stub.noise(3.0, 4))), [stub.model()]))
        summary = records[-1]
        assert isinstance(summary, Summary)
        heard = [p for p in of(Prediction, records) if p.label is not None]
        logs = np.mean([np.log(list(p.probs.values())) for p in heard], axis=0)
        expected = np.exp(logs) / np.exp(logs).sum()
        got = summary.models["stub-mfcc"]
        assert list(got.probs.values()) == pytest.approx(expected)
        assert got.label == max(got.probs, key=got.probs.get)
        assert summary.source == "stub"
        assert summary.realtime_factor > 0

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


class TestSignals:
    def test_sound_is_measured_ten_times_a_second(self, stub):
        samples = np.full(16_000, 0.5, np.float32)
        source = stub.source(stub.blocks(samples, [800]))
        records, _ = outcome(Engine(source, [stub.model()], signals=True))
        signals = of(Signal, records)
        assert [s.t for s in signals] == pytest.approx(np.arange(1, 11) / 10)
        assert all(s.level == pytest.approx(-6.02, abs=0.01) for s in signals)
        assert all(s.peak == 0.5 for s in signals)
        assert all(s.bands.shape == (48,) and s.notes is None for s in signals)

    @pytest.mark.parametrize("size", [5_000, 16_000])
    def test_each_tenth_of_a_long_block_has_its_own(self, size, stub):
        samples = stub.noise(2.0, 5)
        runs = []
        for sizes in ([size], [400]):
            source = stub.source(stub.blocks(samples, sizes))
            runs.append(outcome(Engine(source, [stub.model()], signals=True))[0])
        long, short = (of(Signal, records) for records in runs)
        assert [s.t for s in long] == pytest.approx(np.arange(1, 21) / 10)
        for one, other in zip(long, short, strict=True):
            assert (one.t, one.level, one.peak) == (other.t, other.level, other.peak)
            np.testing.assert_array_equal(one.bands, other.bands)
        assert stub.predictions(runs[0]) == stub.predictions(runs[1])

    @pytest.mark.parametrize("models", [["notes"], ["notes", "mfcc"]])
    def test_so_are_notes(self, models, stub, synths):
        blocks = stub.midi_blocks(stub.melody(1, 2), 16_000, [800])
        source = stub.source(blocks, stream="midi")
        engine = Engine(source, [stub.model(kind) for kind in models], signals=True)
        signals = of(Signal, outcome(engine)[0])
        assert [s.t for s in signals] == pytest.approx(np.arange(1, 11) / 10)
        assert all(s.bands is None for s in signals)
        assert any(s.notes for s in signals)

    @pytest.mark.parametrize("stream", ["audio", "midi"])
    def test_time_goes_on_after_a_gap(self, stream, stub):
        if stream == "audio":
            first = stub.blocks(stub.noise(0.2), [800])
            second = stub.blocks(stub.noise(0.2), [800], position=32_080)
            model = stub.model()
        else:
            first = [MidiBlock(0, 3_200, (), 0.0)]
            second = [MidiBlock(a, a + 80, (), 0.0) for a in range(32_080, 35_280, 80)]
            model = stub.model("notes")
        source = stub.source([*first, *second], stream=stream)
        times = [s.t for s in of(Signal, outcome(Engine(source, [model], signals=True))[0])]
        assert times == sorted(set(times))
        assert 0.2 in times
        late = [t for t in times if t > 0.2]
        assert 1 <= len(late) <= 2
        assert all(2.005 < t <= 2.205 for t in late)

    def test_none_are_made_unless_asked_for(self, stub):
        records, _ = outcome(Engine(stub.source(stub.blocks(stub.noise(1.0))), [stub.model()]))
        assert of(Signal, records) == []
