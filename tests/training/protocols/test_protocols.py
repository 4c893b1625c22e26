"""The commands over tiny sounds and pieces: they train, stop, go on, compare, tune and export."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from realtime.errors import UserError
from realtime.features import build
from realtime.registry import load
from training import cli, export
from training.datasets import read_all
from training.fit import quiet_tensorflow
from training.protocols import trainer
from training.protocols.folds import Trial, _TrainingWindows
from training.protocols.plans import MFCC, NOTES, PLANS, Plan, Training, find
from training.protocols.windows import Windows, cut

pytest.importorskip("tensorflow")

TINY = {
    "instrument-cnn-paper": {
        "name": "vgg",
        "blocks": [[2], [2]],
        "dropout": 0.1,
        "dense": 4,
        "batch_norm": False,
        "standardise": True,
    },
    "instrument-lstm-paper": {
        "name": "lstm",
        "units": [4],
        "dropout": 0.1,
        "dense": 4,
        "standardise": True,
    },
    "composer-lstm-paper": {"name": "lstm", "units": [4], "dropout": 0.1, "dense": 4},
    "composer-cnn-paper": {
        "name": "mixed",
        "vgg": [2, 2, 2],
        "residual": [2],
        "dense_blocks": [1],
        "growth": 2,
        "dense": 4,
        "dropout": 0.1,
    },
}


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    quiet_tensorflow(2)
    for name, network in TINY.items():
        plan = PLANS[name]
        feature = plan.feature
        if feature["kind"] == "mfcc":
            feature = feature | {"window": 8192, "n_mels": 20, "n_mfcc": 5}
        training = replace(plan.training, epochs=2, batch=8)
        space = {"dropout": (0.1, 0.2)}
        tiny = replace(plan, network=network, feature=feature, training=training, space=space)
        monkeypatch.setitem(PLANS, name, tiny)


@pytest.fixture
def sounds(tmp_path: Path) -> str:
    """Two families, four instruments each, six notes an instrument."""
    rng = np.random.default_rng(0)
    t = np.arange(8000) / 16_000
    index = {}
    (tmp_path / "notes" / "audio").mkdir(parents=True)
    for family in ("flute", "organ"):
        for i in range(4):
            for pitch in range(60, 66):
                hz = 440 * 2 ** ((pitch - 69) / 12)
                sound = np.sin(2 * np.pi * hz * t) if family == "flute" else rng.normal(0, 1, 8000)
                name = f"{family}_{i}-{pitch}"
                soundfile.write(tmp_path / "notes" / "audio" / f"{name}.wav", 0.2 * sound, 16_000)
                index[name] = {
                    "instrument_family_str": family,
                    "instrument_str": f"{family}_{i}",
                    "instrument_source_str": "acoustic" if family == "flute" else "electronic",
                }
    (tmp_path / "notes" / "examples.json").write_text(json.dumps(index))
    return f"nsynth:{tmp_path / 'notes'}"


@pytest.fixture
def pieces(tmp_path: Path) -> str:
    """Four works each of two composers."""
    rng = np.random.default_rng(0)
    for composer, step in (("bach", 2), ("chopin", 7)):
        for k in range(4):
            track = mido.MidiTrack()
            line = 40 + np.cumsum(rng.integers(-step, step + 1, 130)) % 40
            for note in line.tolist():
                track.append(mido.Message("note_on", note=note, velocity=60 + step))
                track.append(mido.Message("note_off", note=note, time=96))
            path = tmp_path / "pieces" / composer / f"{k}.mid"
            path.parent.mkdir(parents=True, exist_ok=True)
            mido.MidiFile(tracks=[track]).save(path)
    return f"composers:{tmp_path / 'pieces'}"


def made(plan: Plan, layout: str, most: int | None = None) -> Windows:
    return cut(plan, read_all([layout]), most=most, jobs=1, seed=0, progress=lambda *_: None)


@pytest.mark.parametrize(
    ("name", "protocol"),
    [
        ("instrument-cnn-paper", "honest"),
        pytest.param("instrument-lstm-paper", "paper", marks=pytest.mark.slow),
        pytest.param("composer-lstm-paper", "honest", marks=pytest.mark.slow),
        pytest.param("composer-cnn-paper", "paper", marks=pytest.mark.slow),
    ],
)
def test_every_system_trains_exports_and_runs(
    name: str, protocol: str, sounds: str, pieces: str, capsys
) -> None:
    layout = sounds if name.startswith("instrument") else pieces
    argv = [name, "--protocol", protocol, "--data", layout, "--out", "model"]
    assert cli.main(["fit", *argv, "--folds", "2", "--held-out", layout]) == 0
    told = json.loads(Path(f"reports/folds-{name}-{protocol}.json").read_text())
    assert told["folds"] == len(told["by_fold"]) == 2
    assert np.sum(told["confusion"]) == sum(f["parts"]["test"] for f in told["by_fold"])
    assert str(Path.cwd()) not in json.dumps(told)
    model = load(Path("model"))
    assert model.manifest.name == name
    said = model.network.predict(np.zeros(model.network.input_shape, np.float32))
    assert said.sum() == pytest.approx(1, abs=0.02)
    assert cli.main(["evaluate", "model", "--data", layout, "--json"]) == 0
    capsys.readouterr()
    assert cli.main(["export", *argv, "--quantisation", "float32"]) == 0
    assert load(Path("model")).manifest.quantisation == "float32"


def test_a_fold_goes_on_where_it_stopped(sounds: str) -> None:
    plan = PLANS["instrument-lstm-paper"]
    plan = replace(plan, training=replace(plan.training, epochs=4))
    trial = Trial(plan, made(plan, sounds), "honest")
    fold = trial.split(0)
    whole = [e.loss for e in trainer.train(plan, trial.windows, fold, Path("whole"))]
    broken = trainer.train(plan, trial.windows, fold, Path("broken"))
    first = [next(broken).loss, next(broken).loss]
    broken.close()
    rest = [e.loss for e in trainer.train(plan, trial.windows, fold, Path("broken"))]
    assert first + rest == pytest.approx(whole, rel=1e-4)
    assert not list(trainer.train(plan, trial.windows, fold, Path("broken")))
    assert len(list(Path("broken").glob("epoch-*.keras"))) == 1


def test_training_stops_when_patience_is_over(sounds: str) -> None:
    plan = PLANS["instrument-lstm-paper"]
    training = Training(epochs=50, batch=8, rate=1e-9, patience=2)
    plan = replace(plan, training=training, network=plan.network | {"dropout": 0.0})
    windows = made(plan, sounds)
    fold = Trial(plan, windows, "paper").split(0)
    epochs = list(trainer.train(plan, windows, fold, Path("work")))
    assert len(epochs) < 50
    losses = [row["valid_loss"] for row in trainer.read_history(Path("work"))]
    assert len(losses) - 1 - int(np.argmin(losses)) == 2


def test_compare_and_tune_and_report(sounds: str, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KERASTUNER_TUNER_ID", "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT"):
        monkeypatch.delenv(name, raising=False)
    common = ["--data", sounds, "--epochs", "1"]
    names = ["instrument-cnn-paper", "instrument-lstm-paper"]
    assert cli.main(["compare", *names, *common, "--folds", "2"]) == 0
    assert "cannot go below 0.5" in capsys.readouterr().err
    assert cli.main(["tune", names[1], *common, "--trials", "2", "--runs", "1"]) == 0
    found = json.loads(Path("reports/tune-instrument-lstm-paper-paper.json").read_text())
    assert len(found["trials"]) == 2
    assert found["best"] == found["trials"][0]["settings"]
    tuned = ["--tuned", "reports/tune-instrument-lstm-paper-paper.json"]
    assert cli.main(["fit", names[1], *common, *tuned]) == 0
    assert cli.main(["report"]) == 0
    page = Path("docs/judging.md").read_text()
    for words in ("Wilcoxon", "`instrument-lstm-paper`", "Tuning", "not measured"):
        assert words in page
    for plot in Path("docs/judging").glob("*.png"):
        assert f"judging/{plot.name}" in page


def test_windows_are_cut_once_and_go_on_where_they_stopped(
    sounds: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.protocols import windows as module

    plan = PLANS["instrument-cnn-paper"]
    monkeypatch.setattr(module, "CHUNK", 10)
    asked: list[int] = []
    compute = module._compute

    def counted(reads, feature, part):
        asked.append(len(part))
        if len(asked) == 3:
            raise KeyboardInterrupt
        return compute(reads, feature, part)

    monkeypatch.setattr(module, "_compute", counted)
    with pytest.raises(KeyboardInterrupt):
        made(plan, sounds)
    first = made(plan, sounds)
    again = made(plan, sounds)
    assert sum(asked) == 10 + 10 + 10 + 28  # what was interrupted is computed again, no more
    assert len(first) == 48
    np.testing.assert_array_equal(first.x[np.arange(48)], again.x[np.arange(48)])
    assert np.abs(first.take(np.arange(48))).max() > 1  # MFCC are no small numbers


@pytest.mark.parametrize(
    ("name", "content"),
    [("done.json", b"{"), ("done.json", b'{"files": 1}'), ("windows.npy", b"\x93NUMPY\1\0v\0")],
)
def test_damaged_windows_are_one_line(name: str, content: bytes, sounds: str) -> None:
    plan = PLANS["instrument-cnn-paper"]
    made(plan, sounds)
    (folder,) = Path("build/windows").iterdir()
    (folder / name).write_bytes(content)
    with pytest.raises(UserError, match=r"damaged .*; delete .*, it is made anew") as told:
        made(plan, sounds)
    assert len(str(told.value).splitlines()) == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_windows_are_for_their_owner_only(sounds: str) -> None:
    made(PLANS["instrument-cnn-paper"], sounds)
    (folder,) = Path("build/windows").iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_broken_file_is_left_out_by_name(sounds: str) -> None:
    folder = Path(sounds.partition(":")[2]) / "audio"
    (folder / "flute_1-62.wav").write_bytes(b"RIFF nothing")
    windows = made(PLANS["instrument-cnn-paper"], sounds)
    assert len(windows) == 47
    assert [Path(p).name for p in windows.left_out] == ["flute_1-62.wav"]
    assert "flute_1-62.wav" not in " ".join(windows.keys)
    assert windows.take(np.arange(47)).shape == (47, 17, 5)


def test_sequences_are_those_of_the_paper(pieces: str) -> None:
    windows = made(PLANS["composer-lstm-paper"], pieces)
    assert len(windows) == 2 * 4 * 10
    first, second = windows.take(np.array([0, 1]))
    np.testing.assert_array_equal(first[1:, :2], second[:-1, :2])  # one note on
    assert first[:, 1] == pytest.approx(62 / 127, abs=1e-3)
    assert windows.keys[1] == "bach/0.mid#1"


def test_our_own_presets_see_the_same_notes(pieces: str) -> None:
    ours = made(find("composer-lstm"), pieces)
    assert ours.keys.tolist() == made(PLANS["composer-lstm-paper"], pieces).keys.tolist()


def test_most_takes_so_many_windows_a_label(pieces: str) -> None:
    assert np.bincount(made(PLANS["composer-lstm-paper"], pieces, most=7).y).tolist() == [7, 7]


def test_the_papers_features() -> None:
    assert (MFCC["n_mfcc"], MFCC["window"] // MFCC["hop"] + 1) == (13, 126)
    assert NOTES["columns"] == ["pitch", "velocity", "seconds"]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["fit", "instrument-cnn-paper", "--data", "SOUNDS", "--protocol", "honest"], "too few"),
        (["compare", "nothing", "composer-lstm-paper", "--data", "SOUNDS"], "no preset"),
        (["tune", "composer-lstm", "--data", "SOUNDS"], "can be used"),
        (["export", "instrument-cnn", "--data", "SOUNDS"], "no checkpoint"),
        (["export", "instrument-cnn-paper", "--data", "SOUNDS"], "not trained"),
        (["report", "--results", "nowhere"], "no measurements"),
        (["fit", "instrument-lstm-paper", "--data", "SOUNDS", "--tuned", "x.json"], "not a result"),
    ],
)
def test_a_bad_request_is_one_line(argv: list[str], words: str, sounds: str, capsys) -> None:
    index = Path(sounds.partition(":")[2]) / "examples.json"
    if words == "too few":
        entries = json.loads(index.read_text())
        few = {k: e for k, e in entries.items() if e["instrument_str"] != "flute_0"}
        few = {k: e for k, e in few.items() if e["instrument_str"] != "flute_1"}
        index.write_text(json.dumps(few))
    assert cli.main([sounds if word == "SOUNDS" else word for word in argv]) == 2
    err = capsys.readouterr().err
    assert words in err.splitlines()[-1]
    assert "Traceback" not in err


@pytest.mark.slow
@pytest.mark.parametrize("name", ["instrument-crnn", "composer-crnn"])
def test_hybrids_say_the_same_after_export(name: str) -> None:
    plan = find(name)
    rng = np.random.default_rng(0)
    x = rng.random((8, *build(plan.feature).shape)).astype(np.float16)
    y, n = np.arange(8) % 2, np.arange(8)
    windows = Windows(["a", "b"], x, y, n, n, np.array([f"{i}#0" for i in n]))
    trial = Trial(plan, windows, "paper")
    model = trainer.compiled(plan, windows, trial.split(0))
    inputs = _TrainingWindows(trial, trial.split(0))
    content = export.convert(model, plan.preset(), inputs, "dynamic")
    said = export.outputs(content, windows.take(n))
    np.testing.assert_allclose(said, trainer.predict(model, windows, n), atol=0.02)
