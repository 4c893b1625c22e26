"""The commands over tiny sounds and pieces: they train, stop, go on, compare, tune and export."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from realtime.registry import load
from training import cli

pytestmark = pytest.mark.usefixtures("tiny", "tensorflow")


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
