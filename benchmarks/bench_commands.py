"""``rt-classify`` as a user starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from statistics import median

import numpy as np
import pytest
import soundfile

from benchmarks.children import stay_on_one_core
from benchmarks.conftest import BUILD, ROOT

PRELUDE = str(ROOT / "demo" / "prelude.ogg")
PROGRAM = "import sys; from realtime.cli import main; sys.exit(main())"


def run(code, *arguments):
    command = [sys.executable, "-c", code, *arguments]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


def first_prediction(code):
    """Seconds from the start of a process to its first prediction of a file; it is then ended."""
    options = ["--file", PRELUDE, "--task", "instrument", "--json", "--pace", "fast"]
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", code, *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with process:
        for line in process.stdout:
            if b'"prediction"' in line:
                break
        taken = time.perf_counter() - start
        process.kill()
    return taken


def test_version(compare):
    compare(
        "Start-up, rt-classify --version against python -c pass",
        lambda: run(PROGRAM, "--version"),
        lambda: run("pass"),
        at_most=4,
        rounds=15,
        part=0,
        wall=True,
        inside="a whole process, start to end, both the same Python with the files in the cache.",
    )


def test_first_prediction(benchmark, add):
    taken = []

    def both():
        taken.append((first_prediction(PROGRAM), first_prediction(f"import tensorflow; {PROGRAM}")))

    benchmark.pedantic(both, rounds=5, warmup_rounds=1)
    ratios = [theirs / ours for ours, theirs in taken[1:]]
    ours, theirs = (median(values) for values in zip(*taken[1:], strict=True))
    add(
        "Process start to first prediction of a file, against the same importing TensorFlow, "
        "times less",
        median(ratios),
        goal=8,
        least=True,
        detail=f"{ours:.2f} s against {theirs:.2f} s",
        method="median of 5 interleaved pairs after one to warm up; from the start of the process "
        "to the first prediction on stdout, instrument pair; the peer is the same program after "
        "`import tensorflow`.",
    )


@pytest.fixture(scope="module")
def ten_minutes(music):
    path = BUILD / "ten-minutes.wav"
    path.parent.mkdir(exist_ok=True)
    soundfile.write(path, np.tile(music, 10), 16_000, subtype="PCM_16")
    yield path
    path.unlink()


def test_replay(benchmark, add, ten_minutes):
    options = ["--task", "instrument", "--hop", "1", "--pace", "fast", "--json"]
    factors = []

    def replay():
        output = subprocess.run(
            [sys.executable, "-c", PROGRAM, "--file", str(ten_minutes), *options],
            cwd=ROOT,
            check=True,
            capture_output=True,
            preexec_fn=stay_on_one_core if os.name == "posix" else None,
        ).stdout
        factors.append(json.loads(output.splitlines()[-1])["realtime_factor"])

    benchmark.pedantic(replay, rounds=3, warmup_rounds=1)
    add(
        "Replay --pace fast, instrument pair at a 1 s hop, one core, times real time",
        median(factors[1:]),
        goal=300,
        least=True,
        detail=", ".join(f"{factor:.0f}" for factor in factors[1:]),
        method="rt-classify --json on a WAV file of ten minutes, the factor in its summary, which "
        "leaves out start-up; median of 3 after one to warm up; process kept on one core.",
    )
