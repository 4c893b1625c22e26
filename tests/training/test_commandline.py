"""What the command line of ``rt-train`` takes, and that each of its commands is known."""

from __future__ import annotations

import argparse

import pytest

from training import cli, commandline

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
def test_what_it_does_not_know_ends_with_2(argv: list[str], capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(*argv)
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("rt-train")
