"""What is said in vain is refused, in one line; nothing is ignored."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime import cli, commandline
from realtime.requests import NOT_CHECKED, SUITS

DEMO = Path(__file__).parents[2] / "demo"
SOUND = ("--file", str(DEMO / "prelude.ogg"))


def refused(argv: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> str:
    assert cli.main([*argv]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    return line


@pytest.mark.parametrize(
    "argv",
    [
        (*SOUND, "--channel", "abc"),
        (*SOUND, "--midi-api", "nonsense"),
        (*SOUND, "--through", "x"),
        (*SOUND, "--exit-on-disconnect"),
        (*SOUND, "--soundfont", "nope"),
        (*SOUND, "--check"),
        (*SOUND, "--out", "folder", "--dask", "tcp://host:1", "--jobs", "2"),
        ("--mic", "--through", "x"),
        ("--mic", "--out", "folder"),
        ("--mic", "--pace", "real"),
        ("--midi-port", "--channel", "2"),
        ("--list-devices", "--json"),
        ("--list-devices", "--csv", "no/such"),
        ("--list-devices", "--hop", "nan"),
        ("--benchmark", "--json"),
        ("--benchmark", "--duration", "3"),
    ],
    ids=lambda argv: " ".join(word.rpartition("/")[2] for word in argv),
)
def test_what_does_not_suit_is_named(argv: tuple[str, ...], capsys) -> None:
    option = [word for word in argv if word.startswith("--")][-1]
    assert option in refused(argv, capsys)


@pytest.mark.parametrize("name", NOT_CHECKED)
def test_a_check_ignores_no_output(name: str, capsys) -> None:
    option = ("--json",) if name == "json" else (f"--{name}", "x")
    line = refused(("--midi-port", "--check", *option), capsys)
    assert "--check" in line
    assert option[0] in line


def test_the_table_names_options_that_exist() -> None:
    known = set(vars(commandline.parser().parse_args([])))
    assert known >= {*SUITS, *NOT_CHECKED, *(need for needs in SUITS.values() for need in needs)}


def test_settings_may_be_there_for_other_runs(tmp_path: Path, capsys) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text('channel = "2"\nthrough = "synth"\nsoundfont = "my.sf2"\njson = true\n')
    argv = ["--config", str(settings), *SOUND, "--model", "instrument-cnn", "--duration", "0.25"]
    assert cli.main(argv) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ((*SOUND, "--model", ""), "without a name"),
        ((*SOUND, "--mqtt", "mqtt://h:0"), "--mqtt"),
    ],
    ids=["no model", "no port"],
)
def test_nothing_is_no_choice(argv: tuple[str, ...], words: str, capsys) -> None:
    assert words in refused(argv, capsys)
