"""Some hundred files of all kinds under odd names, killed in the middle and given again."""

from __future__ import annotations

import csv
import itertools
import os
import random
import subprocess
import sys
import time
from collections import Counter

import mido
import numpy as np
import psutil
import pytest
import soundfile

FILES, BROKEN_EACH = 300, 20
NAMES = ("plain", "with space", "Ünï ö", "quote'\"s", "per%cent", "comma,semi;", "日本", ".hidden")
POSIX_NAMES = ("-dash", "tab\there", "line\nbreak", os.fsdecode(b"bad\xff"), "star*?[x]", "back\\")
"""Names that Windows has not."""

SECONDS = 90
"""After which a run is given up; it takes a few."""

GROWTH = 16 * 2**20
"""Bytes by which a process may grow once it has heard a file of each kind."""


@pytest.fixture
def hundreds(tmp_path):
    """The folder, and how many files in it are broken."""
    rng, choice = np.random.default_rng(0), random.Random(0)
    names = NAMES + (POSIX_NAMES if os.name == "posix" else ())
    broken = 0
    for number in range(FILES):
        folder = tmp_path.joinpath("tree", *choice.choices(names, k=choice.randrange(4)))
        folder.mkdir(parents=True, exist_ok=True)
        kind = ("wav", "flac", "wav", "mid")[number % 4]
        path = folder / f"{choice.choice(names)}-{number}.{kind}"
        if kind == "mid":
            track = mido.MidiTrack()
            for note in rng.integers(40, 80, choice.randrange(10, 30)).tolist():
                track.append(mido.Message("note_on", note=note, velocity=70))
                track.append(mido.Message("note_off", note=note, time=96))
            with open(path, "wb") as file:  # mido cannot print every name
                mido.MidiFile(tracks=[track]).save(file=file)
        else:
            rate = choice.choice((8_000, 16_000, 44_100))
            sound = rng.normal(0, 0.1, (int(rate * choice.uniform(1, 3)), 1 + number % 3 // 2))
            with open(path, "wb") as file:
                soundfile.write(file, sound, rate, format=kind.upper())
        if number % BROKEN_EACH == 0:
            path.write_bytes((b"", path.read_bytes()[:20], b"hello\n")[broken % 3])
            broken += 1
    return tmp_path / "tree", broken


def results(out):
    return sum(name.endswith(".jsonl") for _, _, names in os.walk(out) for name in names)


def table(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def ended(process):
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="a process there is not told from its workers")
def test_hundreds_of_files_killed_in_the_middle(hundreds, how, tmp_path):
    tree, broken = hundreds
    out = tmp_path / "out"
    argv = [sys.executable, "-m", "realtime.cli", "--file", tree, "--out", out]
    argv += ["--model", *how.models, "--jobs", "2"]
    # Killed as by a lack of memory: nobody has a chance to tidy up, and still nobody stays behind.
    with subprocess.Popen(argv, stderr=subprocess.DEVNULL) as first:
        end = time.monotonic() + SECONDS
        while results(out) < FILES // 3 and time.monotonic() < end:
            time.sleep(0.05)
        workers = psutil.Process(first.pid).children(recursive=True)
        first.kill()
    end = time.monotonic() + 20
    while not all(map(ended, workers)) and time.monotonic() < end:
        time.sleep(0.05)
    assert len(workers) >= 2
    assert [each for each in workers if not ended(each)] == []
    done = results(out)
    assert FILES // 3 <= done < FILES - broken
    kept = {path: path.stat().st_mtime_ns for path in out.rglob("*.jsonl")}

    grown = Counter()
    said = tmp_path / "said"
    with open(said, "w") as err, subprocess.Popen(argv, stderr=err) as second:
        at, settled = psutil.Process(second.pid), {}
        while second.poll() is None:
            heard = results(out)
            for each in [at, *at.children(recursive=True)] if heard > done + FILES // 10 else ():
                try:
                    now = each.memory_info().rss
                except psutil.Error:  # it has just ended
                    continue
                grown[each.pid] = max(grown[each.pid], now - settled.setdefault(each.pid, now))
            time.sleep(0.05)
    assert second.returncode == 2
    lines = said.read_text().splitlines()
    assert lines[0] == f"rt-classify: {done} of {FILES} files are done already"
    assert lines[-2].startswith(f"rt-classify: {FILES - broken} of {FILES} files heard")
    assert lines[-1].startswith(f"rt-classify: {broken} files failed")
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert results(out) == FILES - broken
    rows, failed = table(out / "results.csv"), table(out / "failed.csv")
    assert (len(rows), len(failed)) == (FILES - broken, broken)
    assert len({row["file"] for row in itertools.chain(rows, failed)}) == FILES
    assert all(row["tiny"] in ("ape", "bee", "cat") for row in rows)
    assert all(row["reason"] for row in failed)
    assert grown
    assert max(grown.values()) < GROWTH, grown
