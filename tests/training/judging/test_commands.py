"""Judging a tiny network on tiny sounds, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from training import cli, results


def test_seconds_heard(sounds: str, model_folder, capsys) -> None:
    folder = str(model_folder())
    argv = ["evaluate", folder, "--data", sounds, "--seconds-heard", "--results", "reports"]
    assert cli.main([*argv, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found["accuracy"]) == ["4", "10", "30", "60", "whole"]
    assert found["n"] == 6
    # Every file lasts a second: more time adds nothing.
    assert len(set(found["accuracy"].values())) == 1
    (kept,) = results.read(Path("reports"))
    assert kept["accuracy"] == found["accuracy"]
    assert str(Path.cwd()) not in json.dumps(kept)


@pytest.mark.parametrize("how", [["--seconds-heard"], ["--splices", "1"]])
def test_what_cannot_be_judged_on_is_named(
    how: list[str], sounds: str, model_folder, capsys
) -> None:
    folder = Path(sounds.partition(":")[2])
    for name in ("ape/ape0_x.wav", "dog/dog0_x.wav"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"RIFF nothing")
    assert cli.main(["evaluate", str(model_folder()), "--data", sounds, *how, "--json"]) == 0
    out, err = capsys.readouterr()
    assert "ape0_x.wav: " in err
    assert "dog0_x.wav: label 'dog' is none of the model's" in err
    assert json.loads(out).get("left_out", 2) == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--condition", "played"], "only MIDI"),
        (["--condition", "noise", "--splices", "1"], "leave out --condition"),
        (["--results", "sounds/ape/ape0_x.wav"], "cannot be written"),
    ],
)
def test_a_bad_request_is_one_line(
    options: list[str], words: str, sounds: str, model_folder, capsys
) -> None:
    assert cli.main(["evaluate", str(model_folder()), "--data", sounds, *options]) == 2
    assert words in capsys.readouterr().err.splitlines()[-1]


def test_a_condition_is_kept_under_its_name(sounds: str, model_folder, capsys) -> None:
    argv = ["evaluate", str(model_folder()), "--data", sounds, "--results", "reports"]
    for condition in ("as-is", "noise", "quiet"):
        assert cli.main([*argv, "--condition", condition, "--json"]) == 0
    plain, noise, quiet = (json.loads(x) for x in capsys.readouterr().out.splitlines())
    assert noise["condition"] == "noise"
    assert "condition" not in plain
    assert noise["n"] == quiet["n"] == plain["n"]
    kept = {m["condition"]: m for m in results.read(Path("reports"))}
    assert set(kept) == {"as-is", "noise", "quiet"}
    assert kept["noise"]["confusion"] == noise["confusion"]
    assert kept["noise"]["command"].endswith("--condition noise")
