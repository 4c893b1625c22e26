"""The whole engine: what it adds to the bare kernels, how even it is, and how much it carries."""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np
import pytest

from benchmarks.children import call
from benchmarks.loops import Loop
from realtime import features
from realtime.api import choose
from realtime.engine import Engine
from realtime.records import Prediction

HOP = 4000


def hops(music, models):
    """An engine on an endless stream in blocks of 32 ms; each call takes it one hop further."""
    records = Engine(Loop(music), models, hop=HOP / 16_000).run()

    def step():
        for _ in models:
            while not isinstance(next(records), Prediction):
                pass

    return step


def bare(music, models):
    """The same work with nothing around it: shared features, set_tensor, invoke, get_tensor."""
    kinds = {str(m.manifest.feature): features.build(m.manifest.feature) for m in models}
    reads = [(kinds[str(m.manifest.feature)], m.network._interpreter) for m in models]
    ends = [
        (feature, net, net.get_input_details()[0]["index"], net.get_output_details()[0]["index"])
        for feature, net in reads
    ]
    for m in models:  # one that follows the stream has no memory for windows until then
        m.network.predict(np.zeros(m.network.input_shape, np.float32))
    blocks = iter(Loop(music))
    rest = next(blocks).samples

    def step():
        nonlocal rest
        due = HOP
        while due:
            part, rest = rest[:due], rest[due:]
            for feature in kinds.values():
                feature.push(part)
            due -= len(part)
            if due:
                rest = next(blocks).samples
        windows = {id(feature): feature.window() for feature in kinds.values()}
        for feature, net, given, result in ends:
            net.set_tensor(given, windows[id(feature)][None])
            net.invoke()
            net.get_tensor(result)

    return step


def warm(step):
    for _ in range(20):  # past the first full window
        step()
    return step


@pytest.mark.parametrize(("task", "goal"), [("instrument", 1.15), ("all", None)])
def test_overhead(compare, music, task, goal):
    models = choose("audio", task=task)
    compare(
        f"Engine, block in to predictions out, {task} models, against bare kernels and invoke",
        warm(hops(music, models)),
        warm(bare(music, choose("audio", task=task))),
        at_most=goal,
        rounds=200,
        part=0,
        inside="a hop of 0.25 s in blocks of 32 ms, to every prediction; theirs: the same feature "
        "kernels, then set_tensor, invoke and get_tensor alone, of whole windows.",
    )


def test_evenness(benchmark, add, music):
    step = warm(hops(music, choose("audio", task="instrument")))
    times = [time.perf_counter()]

    def again():
        step()
        times.append(time.perf_counter())

    benchmark.pedantic(again, rounds=1500)
    taken = [(b - a) * 1e3 for a, b in pairwise(times)]
    p50, p99 = np.percentile(taken, [50, 99])
    add(
        "Engine, its own time a hop, instrument pair, 32 ms blocks: p99 over p50",
        p99 / p50,
        goal=3,
        detail=f"p50 {p50:.2f} ms, p99 {p99:.2f} ms",
        method="1,500 hops of 0.25 s one after the other, after 20 to warm up; one thread.",
    )


def test_live_streams(benchmark, add):
    seconds, held, prompt, said = 8, 0, 0, []

    def climb():
        nonlocal held, prompt
        for streams in (20, 30, 40, 50, 60, 80, 100, 120):
            result = call("live", streams, seconds, one_core=True)
            said.append(f"{streams}: {result['dropped']} dropped, p99 {result['p99_ms']:.0f} ms")
            # Of the last, partial hop too: each stream predicts at its end.
            whole = result["predictions"] >= streams * seconds * 4 * 2
            if whole and not result["dropped"]:
                held = streams
                prompt = streams if result["p99_ms"] < 250 else prompt
            elif streams >= 60:
                break

    benchmark.pedantic(climb, rounds=1)
    what = "Live streams of the instrument pair at a 0.25 s hop, one core, no drop"
    method = (
        f"{seconds} s in real time, each stream an engine in a thread of one process kept on one "
        "core, all with the same two models, in blocks of 32 ms that come by themselves; held if "
        "nothing is dropped and every prediction is made."
    )
    add(what, held, goal=60, least=True, unit="streams", detail="; ".join(said), method=method)
    add(f"{what}, 99% of predictions within the hop", prompt, unit="streams", method=method)


def test_cost_of_more_streams(benchmark, add):
    cost = {}
    benchmark.pedantic(lambda: cost.update(call("turns", 15, one_core=True)), rounds=1)
    rounds = np.array(list(cost.values())).T
    usual = np.median(rounds / rounds[:, :1], axis=0)  # against one stream in the same round
    add(
        "Cost of a stream second as streams go 1, 4, 16, 60: most over least",
        usual.max() / usual.min(),
        goal=1.1,
        detail=", ".join(f"{n}: {np.median(c) * 1e3:.1f} ms" for n, c in cost.items()),
        method="CPU time of one thread that takes each stream a hop of 0.25 s further in turn; "
        "instrument pair, 240 hops a round, each round against its single stream, median of 15 "
        "interleaved rounds after one to warm up; one core.",
    )


def test_long_day(benchmark, add):
    hours, hop = 10, 10.0
    day = {}
    benchmark.pedantic(lambda: day.update(call("day", float(hours), hop)), rounds=1)
    method = (
        f"{hours} h of sound through the engine at full speed, all {day['models']} models that "
        f"listen, every {hop:g} s, with the meters, and with the dashboard and the microphone's "
        "driver imported; process of its own."
    )
    add(
        "Resident memory, microphone mode with all models, after 10 hours of audio",
        day["late_mb"],
        goal=200,
        unit="MB",
        detail=f"{day['early_mb']:.1f} MB after a minute",
        method=method,
    )
    add(
        "Resident memory after 10 hours over that after a minute",
        day["late_mb"] / day["early_mb"],
        goal=1.05,
        method=method,
    )
    parts, minutes = np.array(day["parts"]), np.array(day["minutes"])
    ratios, half = parts / minutes, len(parts) // 2
    told = f"{np.median(parts) * 1e3:.2f} ms against {np.median(minutes) * 1e3:.2f} ms"
    beside = (
        f" CPU time, without reading a file: the sound is in memory. After each of the "
        f"{len(parts)} quarters of an hour an engine of its own hears a minute."
    )
    add(
        "Cost of a stream second of ten hours against one of a minute alone, ours / theirs",
        float(np.median(ratios)),
        goal=1.1,
        spread=tuple(np.percentile(ratios, (25, 75)).tolist()),
        detail=told,
        method=method + beside + " Median of the pairs.",
    )
    add(
        "The same in the last five hours over that in the first five",
        float(np.median(ratios[half:]) / np.median(ratios[:half])),
        goal=1.1,
        detail=f"by hours {', '.join(f'{r:.2f}' for r in ratios.reshape(hours, -1).mean(1))}",
        method=method + beside + " Medians of the pairs.",
    )
