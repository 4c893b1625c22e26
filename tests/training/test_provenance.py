"""A checkpoint is gone on with by what it was trained from, and by nothing else."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from realtime.errors import UserError
from training import provenance
from training.datasets import Dataset, read_all
from training.presets import PRESETS
from training.provenance import FILE, check, claim, describe, fingerprint

PRESET = PRESETS["instrument-cnn"]


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    """Two labels of two files; what they hold does not matter here."""
    for label in ("ape", "bee"):
        for i in range(2):
            path = tmp_path / "sounds" / label / f"{label}{i}_take.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(label.encode() * (i + 1) * 9_000)
    return tmp_path / "sounds"


def data_of(folder: Path) -> Dataset:
    return read_all([f"folders:{folder}"])


def trained(folder: Path, description: dict | None) -> Path:
    """A folder as ``training.fit.train`` leaves it."""
    if description is not None:
        assert claim(folder, description) == ""
    folder.mkdir(exist_ok=True)
    (folder / "epoch-1.keras").write_bytes(b"network")
    (folder / "history.json").write_text('[{"loss": 1}]')
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_again_is_gone_on_with(sounds, tmp_path):
    folder = trained(tmp_path / "work", describe(PRESET, data_of(sounds), 0))
    before = content(folder)
    assert claim(folder, describe(PRESET, data_of(sounds), 0)) == ""
    assert check(folder, describe(PRESET, data_of(sounds), 0)) == ""
    # How a model is exported and heard changes nothing about how it was trained.
    exported = replace(PRESET, quantisation="float32", smoothing_s=9.0, unknown_below=0.9)
    assert check(folder, describe(exported, data_of(sounds), 0)) == ""
    assert content(folder) == before


def longer(preset):
    return replace(preset, schedule=replace(preset.schedule, epochs=99))


CHANGES = {
    "seed": lambda preset, data: (preset, data, 1),
    "schedule": lambda preset, data: (longer(preset), data, 0),
    "network": lambda preset, data: (replace(preset, network={"name": "lstm"}), data, 0),
    "feature": lambda preset, data: (replace(preset, feature={"kind": "mfcc"}), data, 0),
    "pool": lambda preset, data: (replace(preset, pool=1), data, 0),
    "data": lambda preset, data: (preset, Dataset(data.examples[:-1]), 0),
    "labels, data": lambda preset, data: (preset, Dataset(data.examples[:2]), 0),
}


@pytest.mark.parametrize("what", CHANGES)
def test_anything_else_begins_anew_and_the_old_one_stays(what, sounds, tmp_path):
    folder = trained(tmp_path / "work", describe(PRESET, data_of(sounds), 0))
    before = content(folder)
    wanted = describe(*CHANGES[what](PRESET, data_of(sounds)))
    with pytest.raises(UserError, match=f"was trained from other {what};"):
        check(folder, wanted)
    assert content(folder) == before
    (tmp_path / "work-1").mkdir()  # of an earlier time
    told = claim(folder, wanted)
    assert f"was trained from other {what}: begins anew" in told
    assert "\n" not in told
    assert content(tmp_path / "work-2") == before
    assert [path.name for path in folder.iterdir()] == [FILE]
    assert claim(folder, wanted) == ""


def test_the_weights_that_it_began_with_count(sounds, tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "SHIPPED", tmp_path)
    preset = replace(PRESET, start="shipped")
    with pytest.raises(UserError, match=r"start.npz: cannot be read .*; install"):
        describe(preset, data_of(sounds), 0)
    weights = tmp_path / "shipped" / "start.npz"
    weights.parent.mkdir()
    described = []
    for content in (b"one", b"other"):
        weights.write_bytes(content)
        described.append(describe(preset, data_of(sounds), 0)["start"])
    assert described[0] != described[1]


def test_one_that_does_not_tell_is_taken_as_it_is(sounds, tmp_path):
    folder = trained(tmp_path / "work", None)
    before = content(folder)
    for take in (claim, check):
        told = take(folder, describe(PRESET, data_of(sounds), 0))
        assert "does not tell what it was trained from, and is taken as it is" in told
        assert "\n" not in told
    assert content(folder) == before


def test_a_first_epoch_that_was_interrupted_leaves_nothing_to_keep(sounds, tmp_path):
    assert claim(tmp_path / "work", describe(PRESET, data_of(sounds), 0)) == ""
    assert claim(tmp_path / "work", describe(PRESET, data_of(sounds), 1)) == ""
    assert json.loads((tmp_path / "work" / FILE).read_text())["seed"] == 1
    with pytest.raises(UserError, match="no checkpoint; rt-train fit"):
        check(tmp_path / "work", describe(PRESET, data_of(sounds), 1))


@pytest.mark.parametrize("damaged", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_a_damaged_description_is_one_line(damaged, sounds, tmp_path):
    wanted = describe(PRESET, data_of(sounds), 0)
    folder = trained(tmp_path / "work", wanted)
    (folder / FILE).write_bytes(damaged)
    for take in (claim, check):
        with pytest.raises(UserError, match=r"provenance.json: .*; move .* away") as told:
            take(folder, wanted)
        assert "\n" not in str(told.value)


def test_a_folder_that_cannot_be_written(sounds, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="choose --work"):
        claim(tmp_path / "file" / "work", describe(PRESET, data_of(sounds), 0))


class TestFingerprint:
    def test_follows_a_data_set_that_moves(self, sounds, tmp_path, monkeypatch):
        before = fingerprint(data_of(sounds))
        shutil.copytree(sounds, tmp_path / "copy")
        assert fingerprint(data_of(tmp_path / "copy")) == before
        monkeypatch.chdir(tmp_path)
        assert fingerprint(data_of(Path("sounds"))) == before

    @pytest.mark.parametrize("change", ["recorded again", "added", "renamed", "removed", "label"])
    def test_tells_every_change_of_the_files(self, change, sounds):
        before = fingerprint(data_of(sounds))
        path = sounds / "bee" / "bee1_take.wav"
        if change == "recorded again":  # as long as before
            path.write_bytes(b"cat" * (path.stat().st_size // 3))
        elif change == "added":
            shutil.copy(path, path.with_name("bee2_take.wav"))
        elif change == "renamed":
            path.rename(path.with_name("bee9_take.wav"))
        elif change == "removed":
            path.unlink()
        else:
            path.parent.rename(sounds / "cat")
        assert fingerprint(data_of(sounds)) != before

    def test_a_file_that_went_away_is_no_traceback(self, sounds):
        data = data_of(sounds)
        (sounds / "bee" / "bee1_take.wav").unlink()
        assert fingerprint(data)
