"""The commands over tiny sounds and pieces: they train, stop, go on, compare, tune and export."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from realtime.registry import load
from training import cli

pytestmark = pytest.mark.usefixtures("tiny", "tensorflow")


def moved(layout: str) -> str:
    """The same files as a data set of its own, of instruments under other names."""
    kind, _, name = layout.partition(":")
    folder = Path(shutil.copytree(name, Path("kept")))
    if (index := folder / "examples.json").exists():
        index.write_text(
            index.read_text().replace('"instrument_str": "', '"instrument_str": "kept_')
        )
    return f"{kind}:{folder}"


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
    assert cli.main(["fit", *argv, "--folds", "2", "--held-out", moved(layout)]) == 0
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
    told = json.loads(Path("reports/folds-instrument-lstm-paper-tuned-paper.json").read_text())
    assert told["model"] == "instrument-lstm-paper-tuned"
    assert told["tuned"] == found["best"]
    assert "--tuned tune-instrument-lstm-paper-paper.json" in told["command"]
    own = json.loads(Path("reports/folds-instrument-lstm-paper-paper.json").read_text())
    assert "tuned" not in own
    assert Path("build/models/instrument-lstm-paper-tuned-paper").is_dir()
    assert cli.main(["report"]) == 0
    page = Path("docs/judging.md").read_text()
    for words in (
        "Wilcoxon",
        "`instrument-lstm-paper`",
        "`instrument-lstm-paper-tuned`",
        "Tuning",
        "not measured",
    ):
        assert words in page
    for plot in Path("docs/judging").glob("*.png"):
        assert f"judging/{plot.name}" in page


def test_checkpoints_of_a_protocol_go_where_they_are_told_to(sounds: str, capsys) -> None:
    (Path(sounds.partition(":")[2]) / "audio" / "flute_1-62.wav").write_bytes(b"RIFF nothing")
    kept = moved(sounds)
    argv = ["instrument-cnn-paper", "--data", sounds, "--epochs", "1", "--work", "mine"]
    assert cli.main(["fit", *argv, "--held-out", kept]) == 0
    assert [path.name[:20] for path in Path("mine").iterdir()] == ["instrument-cnn-paper"]
    assert not Path("build/protocols").exists()
    left_out = [line for line in capsys.readouterr().err.splitlines() if "flute_1-62.wav:" in line]
    assert len(left_out) == 2, "one is trained on, one is held out"
    assert cli.main(["export", *argv]) == 0
    assert cli.main(["export", *argv, "--held-out", kept]) == 2
    assert "--held-out: fit judges under a protocol" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["fit", "instrument-cnn-paper", "--data", "SOUNDS", "--held-out", "SOUNDS"], "files that"),
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


@pytest.mark.parametrize("model", ["instrument-cnn-paper", "instrument-lstm", "my-sounds"])
def test_one_label_alone_is_nothing_to_learn(model: str, sounds: str, capsys) -> None:
    Path("one/dog").mkdir(parents=True)
    Path("one/dog/rex.wav").touch()
    assert cli.main(["fit", model, "--data", "folders:one"]) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("rt-train: only one label, 'dog': ")
