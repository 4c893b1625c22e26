"""What becomes of a run that is late, and what it tells of the stream on the way."""

import time
from dataclasses import replace

import numpy as np
import pytest
from engine_runs import hear, of, outcome, slowly

from realtime.engine import Engine
from realtime.records import (
    STAGES,
    Event,
    MidiBlock,
    Prediction,
    Signal,
    Summary,
)

pytestmark = pytest.mark.reliability


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
