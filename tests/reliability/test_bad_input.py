"""Generated and hostile input: a right answer or one line, never a traceback, hang or crash."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tiny_models import write_folder

from realtime.errors import UserError
from realtime.features import KINDS

HERE = Path(__file__).resolve().parent
MOST_MB = 500
"""Memory that no input may make the program take."""

TARGETS = {
    "sound_files": 1500,
    "midi_files": 1500,
    "midi_bytes": 1000,
    "manifests": 1200,
    "networks": 1200,
    "examples_json": 1000,
    "caches": 1000,
    "raw_stdin": 1000,
    "recordings": 1200,
}
"""What hypothesis feeds, and with how many cases in the slow suite: 10,600 together."""

GUIDED = 2000
"""Cases that atheris finds by itself, for each target but the networks: their reader is native."""


GRANDCHILD = ["sh", "-c", '"$@"; exit $?', "sh"] if os.name == "posix" else []
"""Before a command: libFuzzer counts the memory of whoever started it, and that may be much."""


@pytest.fixture
def fuzz(env, tmp_path):
    """Gives generated cases to targets in a process of its own; returns what came of them."""

    def fuzz(engine, cases, *targets, seed=0):
        facts = tmp_path / "facts"
        done = subprocess.run(
            [
                *GRANDCHILD,
                sys.executable,
                HERE / "fuzz_child.py",
                facts,
                engine,
                str(cases),
                str(seed),
                *targets,
            ],
            capture_output=True,
            text=True,
            env=env,
            timeout=1800,
            check=False,
        )
        case = Path(f"{facts}.case")
        assert done.returncode == 0, (
            f"{done.stderr[-4000:]}\n{done.stdout[-2000:]}\n"
            f"the case: {case.read_bytes()[:2000] if case.exists() else None!r}"
        )
        return json.loads(facts.read_text("utf-8"))

    return fuzz


def told(tried, engine, facts):
    for name, came in facts.items():
        cases = came["right"] + came["refused"]
        tried(
            f"{name.replace('_', ' ')}, {engine}",
            cases=cases,
            memory=f"{came['start_mb']:.0f} -> {came['peak_mb']:.0f}",
            came=f"{came['right']} right answers, {came['refused']} refused in one line",
        )
        assert came["peak_mb"] < MOST_MB


def test_some_hundred_cases(fuzz, tried):
    facts = fuzz("hypothesis", 40, *TARGETS)
    told(tried, "hypothesis", facts)
    assert list(facts) == list(TARGETS)
    assert all(came["right"] + came["refused"] >= 40 for came in facts.values())


@pytest.mark.slow
@pytest.mark.parametrize(("target", "cases"), TARGETS.items())
def test_thousands_of_cases(target, cases, fuzz, tried):
    facts = fuzz("hypothesis", cases, target, seed=1)
    told(tried, "hypothesis", facts)
    came = facts[target]
    # Hypothesis ends early only where it has tried all there is.
    assert came["right"] + came["refused"] >= cases
    assert came["right"] > 0, "nothing was right: the cases are too wild to mean anything"
    assert came["refused"] > 0 or target == "midi_bytes"


@pytest.mark.slow
@pytest.mark.parametrize("target", [name for name in TARGETS if name != "networks"])
def test_cases_found_by_coverage(target, fuzz, tried):
    pytest.importorskip("atheris", reason="atheris has no wheel here")
    facts = fuzz("atheris", GUIDED, target, seed=1)
    told(tried, "atheris", facts)
    assert facts[target]["right"] + facts[target]["refused"] >= 0.9 * GUIDED


# Small files that claim or hold far too much


def smf(track: bytes, division: int = 480) -> bytes:
    head = b"MThd\0\0\0\6\0\0\0\1" + struct.pack(">H", division)
    return head + b"MTrk" + struct.pack(">I", len(track)) + track


def wav(claims: int, channels: int = 1) -> bytes:
    form = struct.pack("<HHIIHH", 1, channels, 16_000, 32_000 * channels, 2 * channels & 0xFFFF, 16)
    return b"RIFF\xf0\xff\xff\xffWAVEfmt \x10\0\0\0" + form + b"data" + struct.pack("<I", claims)


def terabyte() -> bytes:
    """An RF64 file whose header says 2**40 bytes of sound, with a tenth of a second of it."""
    sizes = struct.pack("<QQQI", 2**40 + 72, 2**40, 2**39, 0)
    form = struct.pack("<HHIIHH", 1, 1, 16_000, 32_000, 2, 16)
    head = b"RF64\xff\xff\xff\xffWAVEds64\x1c\0\0\0" + sizes + b"fmt \x10\0\0\0" + form
    return head + b"data\xff\xff\xff\xff" + bytes(3200)


ON, OFF, END = b"\0\x90\x3c\x40", b"\x60\x80\x3c\0", b"\0\xff\x2f\0"
HELD = b"".join(b"\0" + bytes([0x90 | c, n, 64]) for c in range(15) for n in range(128))
FREED = b"".join(b"\0" + bytes([0x80 | c, n, 64]) for c in range(15) for n in range(128))
SMALL = {
    "a terabyte claimed.wav": (terabyte, "cut off"),
    "four gigabytes claimed.wav": (lambda: wav(0x7000_0000) + bytes(3200), "cut off"),
    "65535 channels.wav": (lambda: wav(3200, 65_535) + bytes(3200), "cannot be decoded"),
    "no channel.wav": (lambda: wav(3200, 0) + bytes(3200), "cannot be decoded"),
    "a picture of 256 MB claimed.mp3": (
        lambda: b"ID3\4\0\0\x7f\x7f\x7f\x7f" + bytes(1000),
        "cannot be decoded",
    ),
    "a billion ticks.mid": (
        lambda: smf(ON + b"\xff\xff\xff\x7f\xff\1\0" * 4 + OFF + END),
        "24 are the most",
    ),
    "ten million notes.mid": (lambda: smf(ON + b"\0\x3c\x40" * 10_000_000), "larger than"),
    "a note for every byte.mid": (
        lambda: smf(ON + b"\0\x3c\0\0\x3c\x40" * 345_000 + OFF + END),
        "within a second",
    ),
    "programs without end.mid": (
        lambda: smf(ON + OFF + b"\0\xc0\1" + b"\0\1" * 1_000_000 + END),
        "within a second",
    ),
    "silenced without end.mid": (
        lambda: smf(HELD + b"\0\xbf\x7b\0" + b"\1\x7b\0" * 680_000 + FREED + END, division=2000),
        "",
    ),
    "sixty thousand tracks.mid": (
        lambda: b"MThd\0\0\0\6\0\1\xff\xff\1\xe0" + b"MTrk\0\0\0\0" * 65_535,
        "has no notes",
    ),
}


LONG = ("a note for every byte.mid", "programs without end.mid", "silenced without end.mid")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in LONG)) for name in SMALL]
)
def test_a_small_file_takes_little(name, run, tmp_path, tried):
    make, says = SMALL[name]
    path = tmp_path / name
    path.write_bytes(make())
    model = "composer-lstm" if path.suffix == ".mid" else "instrument-cnn"
    done = run("--file", path, "--json", "--hop", 3600, "--model", model)
    assert done.status == (2 if says else 0), done.err
    assert len(done.err) == (1 if says else 0)
    if says:
        assert says in done.err[0]
    assert done.mb < MOST_MB
    tried(name, cases=1, memory=f"-> {done.mb:.0f}", came=says or "heard to its end")


@pytest.mark.slow
def test_a_file_that_unpacks_to_gigabytes_is_heard_as_a_stream(run, tmp_path, tried):
    path = tmp_path / "bomb.flac"
    with soundfile.SoundFile(path, "w", 96_000, 8, subtype="PCM_24", format="FLAC") as file:
        for _ in range(10 * 60):
            file.write(np.full((96_000, 8), 0.1))
    unpacked = 10 * 60 * 96_000 * 8 * 4 / 2**20
    assert path.stat().st_size < unpacked * 2**20 / 1000
    done = run("--file", path, "--json", "--hop", 60, "--model", "instrument-cnn", timeout=600)
    assert (done.status, done.err) == (0, [])
    assert json.loads(done.out.splitlines()[-1])["seconds"] == 600
    assert done.mb < MOST_MB
    came = f"{path.stat().st_size >> 10} kB, {unpacked:.0f} MB unpacked: heard to its end"
    tried("a FLAC bomb", cases=1, memory=f"-> {done.mb:.0f}", came=came)


MANIFESTS = {
    "sixty million brackets": b"[" * 60_000_000,
    "a million lists": b'{"a":[' + b"[]," * 349_000 + b"[]]}",
    "nested": b'{"a":' * 100_000,
    "a number of a million digits": b'{"size":' + b"9" * 1_000_000 + b"}",
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_takes_little(name, run, tmp_path, tried):
    folder = write_folder(tmp_path / "model")
    (folder / "model.json").write_bytes(MANIFESTS[name])
    done = run("--file", "-", "--model", folder)
    assert done.status == 2
    assert len(done.err) == 1
    assert done.mb < MOST_MB
    tried(f"manifest: {name}", cases=1, memory=f"-> {done.mb:.0f}", came="refused in one line")


LARGEST = {
    "mfcc": {"n_fft": 16_384, "n_mels": 256, "hop": 8192, "window": 8_388_608, "n_mfcc": 2},
    "spectrogram": {"frames": 8192, "bands": 1024, "n_fft": 16_384, "win_length": 16_384},
    "notes": {"length": 8192, "columns": ["pitch"] * 100},
    "chords": {"length": 8192},
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", LARGEST)
def test_the_largest_feature_takes_little(kind, env, tried):
    code = (
        "import json, sys; from memory import peak; from realtime.errors import UserError\n"
        "from realtime.features import build\n"
        "try: build(json.loads(sys.argv[1])); print('built')\n"
        "except UserError as error: print(error)\n"
        "print(peak())"
    )
    spec = json.dumps({"kind": kind, **LARGEST[kind]})
    done = subprocess.run(
        [sys.executable, "-c", code, spec], env=env, capture_output=True, text=True, check=True
    )
    came, mb = done.stdout.splitlines()
    assert float(mb) < MOST_MB
    tried(f"the largest {kind}", cases=1, memory=f"-> {float(mb):.0f}", came=came)


def test_every_kind_of_feature_is_among_them():
    assert set(LARGEST) == set(KINDS)


HEADER = b"'descr': '|u1', 'fortran_order': False, 'shape': (2, 3, 4), }".ljust(117) + b"\n"
FOUND = {
    "a cache whose header does not end": ("caches", b"\0\x93NUMPY\1\0v\0\0" + HEADER + bytes(24)),
}
"""What fuzzing found and is mended; more such cases are tests of their own, by what they show."""


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_stays_mended(name, tmp_path, monkeypatch):
    import fuzz_targets

    monkeypatch.setattr(fuzz_targets, "FOLDER", tmp_path)
    target, data = FOUND[name]
    with pytest.raises(UserError):
        fuzz_targets.TARGETS[target](data)
