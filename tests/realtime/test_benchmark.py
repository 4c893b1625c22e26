import pytest

from realtime import benchmark, check
from realtime.check import Speed


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(check, "_ENOUGH", (0.0, 1))


def speed(usual, worst, hop=0.25):
    return Speed(hop=hop, usual=usual, worst=worst, models={})


def test_each_model_is_timed_and_then_those_that_go_together(stub):
    models = [
        stub.model("mfcc"),
        stub.model("spectrogram", task="tune"),
        stub.model("chords", task="tune"),
        stub.model("mfcc", name="second"),
    ]
    lines = list(benchmark.benchmark(models, hop=0.25, threads=1))
    named = [line.split("  ")[0] for line in lines[3:-1] if "note:" not in line]
    alone = ["stub-mfcc", "stub-spectrogram", "stub-chords", "second"]
    assert named == [*alone, "animal on sound", "tune on MIDI", "all on sound"]
    assert lines[-1] == "All of them keep up at 0.25 s"


def test_what_is_too_slow_is_named(stub, monkeypatch):
    monkeypatch.setattr(benchmark, "time_models", lambda *_: speed(0.2, 0.3))
    *_, last = benchmark.benchmark([stub.model("mfcc")], hop=0.25, threads=1)
    assert last.startswith("Too slow here at 0.25 s: stub-mfcc")


def test_the_shortest_hop_leaves_room_for_other_programs():
    assert benchmark.shortest_hop(speed(0.01, 0.0695)) == pytest.approx(0.1)
    assert benchmark.shortest_hop(speed(1e-5, 1e-5)) == 0.01


def test_streams_are_as_many_as_fit_into_a_core_with_room():
    assert benchmark.streams(speed(0.0025, 0.01)) == 70
    assert benchmark.streams(speed(0.5, 0.6)) == 0
