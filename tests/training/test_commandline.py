"""What the command line of ``rt-train`` takes, and that each of its commands is known."""

from __future__ import annotations

import argparse
import ast
import re
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import training
from realtime.errors import UserError
from training import cli, commandline

HERE = Path(__file__).parents[2]

DATA = ("--data", "folders:sounds")


def parse(*argv: str) -> argparse.Namespace:
    return commandline.parser().parse_args(argv)


def test_every_command_does_something() -> None:
    (commands,) = (
        action.choices
        for action in commandline.parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    assert set(commands) == set(cli.COMMANDS)


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_a_command_is_run_with_its_options(command: str, monkeypatch) -> None:
    asked = {
        "compare": ["compare", "one", "other", *DATA],
        "describe": ["describe", "one", "other"],
        "report": ["report"],
        "render": ["render", "out"],
        "collect": ["collect", "--label", "ape"],
    }.get(command, [command, "one", *DATA])
    ran: list[argparse.Namespace] = []
    monkeypatch.setitem(cli.COMMANDS, command, ran.append)
    assert cli.main(asked) == 0
    assert ran == [parse(*asked)]


def imported() -> set[str]:
    """Top-level packages that anything in ``training`` imports."""
    names: set[str] = set()
    for path in Path(training.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add((node.module or "").partition(".")[0])
    return names


def declared(*path: str) -> set[str]:
    """Packages that ``pyproject.toml`` asks for, by the names to import."""
    known = {"grpcio": "grpc", "scikit-learn": "sklearn"}
    found = tomllib.loads((HERE / "pyproject.toml").read_text("utf-8"))["project"]
    for key in path:
        found = found[key]
    names = {re.split(r"[^\w.-]", each)[0].lower() for each in found}
    return {known.get(name, name.replace("-", "_")) for name in names}


def test_what_the_extra_brings_is_what_training_needs_more() -> None:
    extra = declared("optional-dependencies", "train")
    assert extra == cli.EXTRA
    extras = tomllib.loads((HERE / "pyproject.toml").read_text("utf-8"))["project"]
    others = set().union(
        *(declared("optional-dependencies", e) for e in extras["optional-dependencies"])
    )
    core = declared("dependencies") | {"realtime", "training"} | sys.stdlib_module_names
    assert imported() - core - (others - extra) <= extra


@pytest.mark.parametrize("missing", sorted(cli.EXTRA))
def test_without_the_extra_it_says_what_to_install(missing: str, monkeypatch, capsys) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.setitem(cli.COMMANDS, "report", lambda _: import_module(f"{missing}.inside"))
    assert cli.main(["report"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == (
        f"rt-train: report needs the package {missing}: install the extra, pip install '.[train]'"
    )


def test_a_bug_in_an_import_stays_a_bug(monkeypatch) -> None:
    monkeypatch.setitem(cli.COMMANDS, "report", lambda _: import_module("training.nothing"))
    with pytest.raises(ModuleNotFoundError):
        cli.main(["report"])


def test_data_of_several_layouts_are_kept_in_order() -> None:
    args = parse("fit", "one", *DATA, "--data", "nsynth:there", "--held-out", "folders:kept")
    assert args.data == ["folders:sounds", "nsynth:there"]
    assert args.held_out == ["folders:kept"]
    assert parse("fit", "one", *DATA).held_out == []


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["cook"],
        ["fit", "one"],
        ["compare", "one", *DATA],
        ["fit", "one", *DATA, "--protocol", "kind"],
        ["fit", "one", *DATA, "--seed", "a"],
        ["evaluate", "one", *DATA, "--condition", "louder"],
        ["collect"],
    ],
    ids=" ".join,
)
def test_what_it_does_not_know_is_one_line(argv: list[str], capsys) -> None:
    assert cli.main(argv) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("rt-train: ")
    assert line.endswith(" --help")


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "²", "a", "", "9" * 5_000, "1_0"])
@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("fit", "--jobs"),
        ("fit", "--threads"),
        ("fit", "--folds"),
        ("fit", "--epochs"),
        ("tune", "--most"),
        ("tune", "--trials"),
        ("tune", "--runs"),
        ("evaluate", "--jobs"),
        ("evaluate", "--splices"),
        ("collect", "--clips"),
    ],
)
def test_counts_are_whole_numbers_above_0(command, option, value, capsys) -> None:
    argv = ["--label", "ape"] if command == "collect" else ["one", *DATA]
    assert cli.main([command, *argv, f"{option}={value}"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"argument {option}: must be a whole number from 1" in line


def test_numbers_and_their_bounds() -> None:
    args = parse("fit", "one", *DATA, "--seed", "0", "--threads", "64", "--most", "7")
    assert (args.seed, args.threads, args.most, args.epochs) == (0, 64, 7, None)
    assert parse("export", "one", *DATA, "--fold", "0").fold == 0
    for option in ("--threads=65", "--jobs=257", f"--seed={commandline.LARGEST_SEED + 1}"):
        with pytest.raises(UserError, match="whole number from"):
            parse("fit", "one", *DATA, option)
    assert commandline.LARGEST_SEED * 100_003 + 10_000 < 2**32


LONG = "a" * 300


@pytest.mark.parametrize(
    "argv",
    [
        ["fit", "mine", "--data", f"folders:{LONG}"],
        ["evaluate", "instrument-cnn", "--data", f"nsynth:{LONG}"],
        ["tune", "composer-lstm-paper", "--data", f"composers:{LONG}"],
        ["fit", "instrument-cnn-paper", *DATA, "--tuned", LONG],
        ["report", "--results", LONG],
        ["render", LONG],
    ],
    ids=" ".join,
)
def test_a_path_that_is_too_long_is_one_line(argv, capsys) -> None:
    assert cli.main(argv) == 2
    err = capsys.readouterr().err.splitlines()
    assert err[-1].startswith(f"rt-train: {LONG}")
    assert "Traceback" not in err
