"""Whole programs with other tasks: what a second of sound costs around the networks."""

from __future__ import annotations

import time

import numpy as np
import pytest

from realtime.api import choose
from realtime.engine import Engine
from realtime.records import AudioBlock, Prediction


class Timed:
    """Counts the seconds spent in a function."""

    def __init__(self, function):
        self.function, self.seconds = function, 0.0

    def __call__(self, *arguments):
        start = time.perf_counter()
        result = self.function(*arguments)
        self.seconds += time.perf_counter() - start
        return result


class Blocks:
    stream, live, name, length = "audio", False, "blocks", None

    def __init__(self, music):
        self.music = music

    def __enter__(self):
        return self

    def __exit__(self, *_): ...

    def __iter__(self):
        for at in range(0, len(self.music), 1280):
            yield AudioBlock(at, self.music[at : at + 1280], time.perf_counter())


def _pcm(music):
    pcm = (music * 32767).astype(np.int16)
    return [pcm[i : i + 1280].tobytes() for i in range(0, len(pcm), 1280)]


def _open(peer, music, what):
    module = peer("pyopen_wakeword", what)
    listener = module.OpenWakeWordFeatures.from_builtin()
    word = module.OpenWakeWord.from_builtin(next(iter(module.Model)))
    listener.lib.TfLiteInterpreterInvoke = inside = Timed(listener.lib.TfLiteInterpreterInvoke)
    word.lib.TfLiteInterpreterInvoke = other = Timed(word.lib.TfLiteInterpreterInvoke)

    def hear():
        for block in _pcm(music):
            for embedding in listener.process_streaming(block):
                list(word.process_streaming(embedding))

    return hear, [inside, other]


def _micro(peer, music, what):
    module = peer("pymicro_wakeword", what)
    listener = module.MicroWakeWordFeatures()
    word = module.MicroWakeWord.from_builtin(next(iter(module.Model)))
    word.lib.TfLiteInterpreterInvoke = inside = Timed(word.lib.TfLiteInterpreterInvoke)

    def hear():
        for block in _pcm(music):
            for feature in listener.process_streaming(block):
                word.process_streaming(feature)

    return hear, [inside]


def _ours(music):
    models = choose("audio", task="instrument")
    timers = []
    for model in models:
        interpreter = model.network._interpreter
        timers.append(Timed(interpreter.invoke))
        interpreter.invoke = timers[-1]

    def hear():
        return [r for r in Engine(Blocks(music), models).run() if isinstance(r, Prediction)]

    return hear, timers


@pytest.mark.parametrize(
    ("name", "make"), [("pyopen-wakeword", _open), ("pymicro-wakeword", _micro)]
)
def test_overhead_outside_inference(benchmark, add, peer, music, name, make):
    what = f"A second of sound outside inference, instrument pair, against {name}, ours / theirs"
    music = music[:320_000]
    theirs, ours = make(peer, music, what), _ours(music)
    taken = []

    def cost(hear, timers):
        for timer in timers:
            timer.seconds = 0.0
        start = time.perf_counter()
        hear()
        whole = (time.perf_counter() - start) / 20
        return whole, whole - sum(timer.seconds for timer in timers) / 20

    benchmark.pedantic(
        lambda: taken.append((cost(*ours), cost(*theirs))), rounds=10, warmup_rounds=1
    )
    around = np.array(taken[1:]) * 1e6  # rounds, ours or theirs, whole or outside
    (our_all, our_rest), (their_all, their_rest) = np.median(around, axis=0)
    add(
        what,
        float(np.median(around[:, 0, 1] / around[:, 1, 1])),
        detail=f"{our_rest:.0f} of {our_all:.0f} us against {their_rest:.0f} of {their_all:.0f} us",
        method="median of 10 interleaved pairs of 20 s of sound in blocks of 80 ms, after one to "
        "warm up; the interpreters' invoke is timed and taken off; another task and another number "
        "of predictions a second, so only the order of size counts. Ours: two predictions every "
        "0.25 s.",
    )
