"""The same stream gives the same predictions, however it comes and whatever came before it."""

import itertools
import math
import time
from dataclasses import replace

import numpy as np
import pytest
from engine_runs import hear, of, outcome, read
from hypothesis import given, settings
from hypothesis import strategies as st
from needs import go_without

from realtime.engine import Engine
from realtime.records import (
    STREAM_RATE,
    Event,
    Prediction,
    Summary,
)
from realtime.synth import Synth, SynthMissing

pytestmark = pytest.mark.reliability

SIZES = st.lists(st.integers(1, 9_000), min_size=1, max_size=6)
HOPS = st.sampled_from([0.1, 0.25, 0.33, 1.0])


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
            go_without(str(error))
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
