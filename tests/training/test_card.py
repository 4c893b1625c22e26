"""A card tells a stranger all that the figures say, and nothing that they do not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from realtime.registry import Manifest, read_manifest
from training import card, cli
from training.failings import confusions, failings

FIGURES: dict[str, Any] = {
    "n": 30,
    "accuracy": 0.6,
    "macro_f1": 0.58,
    "ece": 0.081,
    "labels": ["ape", "bee", "cat"],
    "confusion": [[9, 1, 0], [6, 4, 0], [0, 3, 7]],
    "per_class": {
        "ape": {"n": 10, "precision": 0.6, "recall": 0.9, "f1": 0.72},
        "bee": {"n": 10, "precision": 0.45, "recall": 0.4, "f1": 0.44},
        "cat": {"n": 10, "precision": 1.0, "recall": 0.7, "f1": 0.82},
    },
    "by_file": {"n": 6, "accuracy": 0.8},
}
PLAIN = {"kind": "evaluate", "data": "composers:dev", "condition": "as-is", **FIGURES}
PLAYED = PLAIN | {"condition": "played", "accuracy": 0.512}
SECONDS = {
    "kind": "seconds",
    "data": "composers:dev",
    "condition": "as-is",
    "n": 6,
    "accuracy": {"4": 0.25, "whole": 0.75},
}
SPLICES = {
    "kind": "splices",
    "data": "nsynth:valid",
    "changes": 20,
    "seconds": 6.0,
    "window": {"median": 2.5, "p90": None, "noticed": 0.9, "right": 0.7},
    "smoothed": {"median": None, "p90": None, "noticed": 0.4, "right": 0.3},
}


@pytest.fixture
def manifest(model_folder) -> Manifest:
    training = {
        "files": 12,
        "files_by_label": {"ape": 8, "bee": 4},
        "left_out": 1,
        "licences": ["CC0"],
        "command": "rt-train fit tiny",
    }
    figures = {
        "held_out": {"folders:kept": FIGURES},
        "unknown": {"foreign": {"hum": 0.64, "wind": 1.0, "drums": 0.7}},
    }
    return read_manifest(model_folder(training=training, figures=figures))


def written(folder: Path, manifest: Manifest, measured: list[dict[str, Any]]) -> dict[str, str]:
    """The card's sections by heading."""
    card.write(folder, manifest, measured=measured)
    text = (folder / "README.md").read_text("utf-8")
    parts = text.split("\n## ")
    return {part.partition("\n")[0]: part for part in parts}


def test_it_has_all_that_a_stranger_asks_for(manifest: Manifest, tmp_path: Path) -> None:
    told = written(tmp_path, manifest, [PLAIN, PLAYED, SECONDS, SPLICES])
    assert "one instrument at a time" in told["Intended use"]
    assert "It is not for" in told["Intended use"]
    assert "--mic --model tiny" in told["Intended use"]
    trained = told["What it was trained on"]
    assert "12 files (ape 8, bee 4)" in trained
    assert "- CC0" in trained
    good = told["How good it is"]
    assert "| bee | 10 | 0.45 | 0.40 | 0.44 |" in good
    assert "| composers:dev | as-is | 30 | 60.0% | 80.0% of 6 | 0.580 | 0.081 |" in good
    assert "| composers:dev | played | 30 | 51.2% |" in good
    assert "*Played*: on one piano, with rubato" in good
    assert "Not measured: neutral." in good
    assert "| cat | 0.70 | 0.70 |" in good
    assert "| composers:dev | as-is | 6 | 25.0% | 75.0% |" in good
    assert "| nsynth:valid | 20 | over 6 s | 40.0% | 30.0% | smoothed |" in good
    assert (tmp_path / "confusion-folders-kept.png").exists()
    assert "- bee for ape: 6 of 10 windows (60%)" in told["Known confusions"]
    assert told["What fails"].count("\n- ") == 7


def test_conditions_of_sound_are_told_by_class(manifest: Manifest, tmp_path: Path) -> None:
    heard = PLAIN | {"data": "nsynth:valid"}
    rows = FIGURES["per_class"] | {"bee": {"n": 10, "precision": 0.3, "recall": 0.1, "f1": 0.15}}
    noise = heard | {"condition": "noise", "accuracy": 0.5, "per_class": rows}
    room = noise | {"condition": "room"}
    good = written(tmp_path, manifest, [noise, heard])["How good it is"]
    assert (
        "*Noise*: pink noise 15 dB below the sound. Not measured: room, quiet, phone, rumble."
        in good
    )
    assert "| nsynth:valid | noise | 30 | 50.0% |" in good
    assert "| label | nsynth:valid, as-is | nsynth:valid, noise |" in good
    assert "| bee | 0.40 | 0.10 |" in good
    good = written(tmp_path, manifest, [room, heard, noise])["How good it is"]
    told = [line.split(" | ")[1] for line in good.splitlines() if line.startswith("| nsynth:valid")]
    assert told == ["as-is", "noise", "room"]  # as everywhere, not by the alphabet


def test_who_taught_it_is_told(manifest: Manifest, tmp_path: Path) -> None:
    assert "Beside the labels" not in written(tmp_path, manifest, [])["What it was trained on"]
    manifest.training["teacher"] = {"name": "big-cnn", "sha256": "0123abcd"}
    told = written(tmp_path, manifest, [])["What it was trained on"]
    assert "what `big-cnn` said of each window" in told
    assert "begins with 0123abcd." in told


def test_how_its_ear_was_taught_is_told(manifest: Manifest, tmp_path: Path) -> None:
    assert "keys are struck" not in written(tmp_path, manifest, [])["What it was trained on"]
    manifest.training["ear"] = {"epochs": 3, "windows": 4096}
    told = written(tmp_path, manifest, [])["What it was trained on"]
    assert "keys are struck, with 12,288 stretches of 10 s" in told


def test_what_was_not_measured_is_not_told(manifest: Manifest, tmp_path: Path) -> None:
    told = written(tmp_path, replace(manifest, figures={}, training={"data": "none"}), [])
    assert "It has not been judged" in told["How good it is"]
    assert "### By condition\n\nNot measured." in told["How good it is"]
    assert "Known confusions" not in told
    assert told["What fails"].count("\n- ") == 1


def test_confusions_come_by_their_number() -> None:
    assert confusions(FIGURES) == [
        "bee for ape: 6 of 10 windows (60%)",
        "cat for bee: 3 of 10 windows (30%)",
        "ape for bee: 1 of 10 windows (10%)",
    ]


def test_failings_follow_from_the_figures(manifest: Manifest) -> None:
    assert failings(manifest, [PLAIN, PLAYED, SECONDS, SPLICES]) == [
        "It misses most windows of bee (40% found).",
        "It is wrong more often than not when it says bee (45% right).",
        "On composers:dev it loses 8.8 points under the condition *played*.",
        "It needs time: 25% of the files of composers:dev are right after 4 s, 75% after all of "
        "them.",
        "It is slow to notice a change: in half of the cases 2.5 s or more pass, and 10% of the "
        "changes it does not notice within 6 s.",
        "Its probabilities are off by 8 points on average: 90% does not mean nine times in ten.",
        "Of the kinds of sound that its gate was fitted on, some pass for a label: hum 36%, drums "
        "30% of the windows.",
    ]


@pytest.mark.parametrize(
    ("median", "noticed", "told"),
    [
        (0.8, 1.0, []),
        (0.8, 0.9, ["It notices most changes soon, but 10% of the changes it does not notice"]),
        (None, 0.4, ["It is slow to notice a change: in half of the cases more than 6 s pass"]),
    ],
)
def test_only_changes_that_are_noticed_late_or_never_are_failings(
    manifest: Manifest, median: float | None, noticed: float, told: list[str]
) -> None:
    splices = SPLICES | {"window": SPLICES["window"] | {"median": median, "noticed": noticed}}
    found = [line for line in failings(manifest, [splices]) if "notice" in line]
    assert [line[: len(t)] for line, t in zip(found, told, strict=True)] == told


def test_a_good_model_has_little_to_tell(manifest: Manifest) -> None:
    rows = {"ape": {"n": 10, "precision": 0.9, "recall": 0.9, "f1": 0.9}}
    good = FIGURES | {"ece": 0.01, "per_class": rows}
    figures = {"held_out": {"kept": good}, "unknown": {"foreign": {"hum": 1.0}}}
    assert failings(replace(manifest, figures=figures), [PLAIN]) == [
        "None of the kinds of sound that its gate was fitted on passed for one of its labels."
    ]
    (sentence,) = failings(replace(manifest, figures={}, calibration={"temperature": 1.0}), [])
    assert "never says that it does not know" in sentence


def test_describe_strips_no_card_where_the_measurements_are_not(
    model_folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    folder = model_folder()
    monkeypatch.chdir(tmp_path)
    (folder / "README.md").write_text("measured")
    assert cli.main(["describe", str(folder)]) == 2
    assert "reports: no folder of measurements" in capsys.readouterr().err
    assert (folder / "README.md").read_text() == "measured"


def test_the_card_of_own_sounds_names_the_pair_that_is_asked_for(model_folder) -> None:
    folder = model_folder(name="farm-cnn", task="farm")
    manifest = read_manifest(folder)
    own = replace(manifest, training=manifest.training | {"start": "instrument-cnn"})
    for it, names, asked in ((own, "sounds", "farm"), (manifest, "the farm", "farm-cnn")):
        card.write(folder, it)
        text = (folder / "README.md").read_text()
        assert f"that names {names}: ape" in text
        assert f"--model {asked}\n" in text


def test_describe_takes_what_was_measured_of_this_network(
    model_folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = model_folder()
    monkeypatch.chdir(tmp_path)
    reports = tmp_path / "reports"
    reports.mkdir()
    assert cli.main(["describe", str(folder)]) == 0
    assert "Not measured" in (folder / "README.md").read_text()
    mine = PLAIN | {"sha256": read_manifest(folder).sha256}
    (reports / "mine.json").write_text(json.dumps(mine))
    (reports / "other.json").write_text(json.dumps(PLAYED | {"sha256": "of another"}))
    assert cli.main(["describe", str(folder)]) == 0
    text = (folder / "README.md").read_text()
    assert "| composers:dev | as-is | 30 |" in text
    assert "| played |" not in text
