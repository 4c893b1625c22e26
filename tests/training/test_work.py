"""Training windows on a Dask cluster: the same bytes as here, whoever dies."""

from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from realtime.errors import UserError
from training import cli, work
from training.datasets import read_all
from training.inputs.pool import Pool
from training.inputs.sounds import SoundInputs
from training.protocols.plans import find
from training.protocols.windows import CHUNKS, cut

SMALL = {"frames": 16, "bands": 8, "n_fft": 512, "win_length": 500, "hop": 470}
FEATURE = {"kind": "spectrogram", "scale": "mel", "fmin": 0.0, "fmax": 8000.0, **SMALL}
FEATURE |= {"top_db": 80.0, "floor_db": -60.0}


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    """A folder beside which the tests run, so that a path from there is right there alone."""
    rng = np.random.default_rng(0)
    for label in ("sine", "noise"):
        for i in range(3):
            t = np.arange(8_000) / 16_000
            sound = np.sin(440 * (i + 1) * t) if label == "sine" else rng.standard_normal(8_000)
            path = tmp_path / "sounds" / label / f"{label}{i}_take.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, 0.3 * sound, 16_000)
    (tmp_path / "sounds" / "sine" / "broken_one.wav").write_bytes(b"RIFF")
    return tmp_path / "sounds"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_pool_is_the_same_although_a_worker_is_killed(
    dask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(k: int) -> tuple[np.ndarray, np.ndarray, dict[str, str]]:
        time.sleep(0.1)
        rng = np.random.default_rng([7, k])
        return rng.integers(0, 256, (9, 4), np.uint8), rng.integers(0, 3, 9), {f"{k}.wav": "broken"}

    def kill(done: int) -> None:
        if done == 3:
            dask.kill()

    def pool(jobs: work.Jobs, then=lambda done: None) -> Pool:
        folder = tmp_path / str(jobs)[:3]
        folder.mkdir(exist_ok=True)
        monkeypatch.chdir(folder)
        made = Pool("test", "key", make, shards=12, jobs=jobs)
        made.prepare(lambda what, done, total: then(done))
        return made

    here, there = pool(1), pool(dask.address, kill)
    assert here.left_out == there.left_out
    assert len(contents(tmp_path / "1")) == 12 * 3
    assert contents(tmp_path / "1") == contents(tmp_path / "tcp")
    dask.close()
    pool(dask.address)  # which is there, so that no cluster is needed


def test_sounds_are_found_from_wherever_a_worker_was_started(
    dask, sounds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pools = []
    for jobs in (1, dask.address):
        folder = tmp_path / str(jobs)[:3]
        folder.mkdir()
        monkeypatch.chdir(folder)
        data = read_all(["folders:../sounds"])
        made = SoundInputs(data, FEATURE, windows=500, jobs=jobs)
        made.prepare(lambda *_: None)
        pools.append(contents(folder))
        assert any("broken_one" in name for name in made.left_out)
    assert pools[0] == pools[1]


def test_windows_of_a_protocol_are_the_same(
    dask, sounds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CHUNKS, "sounds", 2)
    cuts = []
    for jobs in (1, dask.address):
        folder = tmp_path / str(jobs)[:3]
        folder.mkdir()
        monkeypatch.chdir(folder)
        plan, data = find("instrument-cnn-paper"), read_all(["folders:../sounds"])
        cuts.append(cut(plan, data, most=None, jobs=jobs, seed=0, progress=lambda *_: None))
    here, there = cuts
    assert len(here) == 6
    assert (here.take(np.arange(6)) == there.take(np.arange(6))).all()
    assert here.left_out == there.left_out
    assert len(here.left_out) == 1


def test_what_fails_there_is_one_line(dask) -> None:
    with pytest.raises(UserError, match=r"a worker failed \(ValueError: .*\); it needs the same"):
        list(work.each(math.sqrt, [4.0, -1.0], dask.address))


def test_results_keep_the_order_of_what_they_are_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def backwards(function, things, jobs):
        return [(thing, function(thing)) for thing in reversed(list(things))]

    monkeypatch.setattr(work, "each", backwards)
    assert list(work.in_order(math.sqrt, [1.0, 4.0, 9.0], 1)) == [1, 2, 3]


def test_there_is_no_scheduler(sounds: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    pytest.importorskip("distributed")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("realtime.batch.cluster.WAIT", 1)
    argv = ["fit", "instrument-cnn", "--data", "folders:sounds", "--dask", "tcp://127.0.0.1:1"]
    assert cli.main(argv) == 2
    assert "no scheduler answers" in capsys.readouterr().err.splitlines()[-1]
