"""The same options from a file, from the command line, and from both."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime import cli, commandline, config
from realtime.config import options, read, written
from realtime.errors import UserError
from realtime.records import HOPS


def parser():
    it = commandline.parser()
    return it, vars(it.parse_args([]))


def chosen(tmp_path: Path, text: str, *argv: str) -> argparse.Namespace:
    path = tmp_path / "config.toml"
    path.write_text(text, "utf-8")
    return options(
        commandline.parser(), ["--config", str(path), *argv], exclusive=commandline.SOURCES
    )


def test_a_file_sets_any_option_and_the_command_line_wins(tmp_path):
    text = """
        mic = true
        hop = 0.5
        task = "instrument"
        threads = 2
        no-dashboard = true
        json = false
        model = ["a", "b"]
        midi-api = "alsa"
    """
    args = chosen(tmp_path, text)
    assert (args.mic, args.hop, args.task, args.threads) == ("", 0.5, "instrument", 2)
    assert (args.no_dashboard, args.json, args.midi_api) == (True, False, "alsa")
    assert args.model == ["a", "b"]
    args = chosen(tmp_path, text, "--hop", "0.25", "--model", "c", "--file", "x.wav", "y.wav")
    assert (args.hop, args.model, args.file, args.mic) == (0.25, ["c"], ["x.wav", "y.wav"], None)


def test_without_a_file_there_are_the_defaults():
    args = options(commandline.parser(), [], exclusive=commandline.SOURCES)
    assert vars(args) == parser()[1]


def test_the_usual_place_is_read_and_another_replaces_it(tmp_path, monkeypatch):
    usual = tmp_path / "usual.toml"
    usual.write_text("hop = 0.5\nthreads = 3\n")
    monkeypatch.setattr(config, "usual_place", lambda: usual)
    args = options(commandline.parser(), [], exclusive=commandline.SOURCES)
    assert (args.hop, args.threads) == (0.5, 3)
    args = chosen(tmp_path, "hop = 1.0")
    assert (args.hop, args.threads) == (1.0, 1)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("hop =", "not TOML"),
        ("hop = 'x'", "hop: must be a number of seconds from 0.01 to 3600"),
        ("hop = true", "hop: expected one argument"),
        ("hop = false", "hop: expected one argument"),
        ("mic = false", "mic: takes a value"),
        ("pace = 'slow'", "pace: invalid choice"),
        ("duration = -1", "duration: must be a number of seconds above 0"),
        ("json = 'yes'", "json: ignored explicit argument"),
        ("hopp = 1", "hopp: no such option; did you mean hop?"),
        ("midi_port = ''", "midi_port: no such option; did you mean midi-port?"),
        ("config = 'x'", "config: no such option"),
        ("help = true", "help: no such option"),
        ("[output]\njson = true", "output: no such option"),
        ("task = {a = 1}", "task: must be a string"),
        ("model = [[1]]", "model: must be a string"),
        ("mic = ''\nfile = 'x'", "mic and file exclude each other"),
        ("\udcff", "not TOML"),
        ('"a\\nb" = 1', "a?b: no such option"),
    ],
)
def test_a_bad_file_is_one_line_that_names_file_and_key(text, word, tmp_path, capsys):
    path = tmp_path / "config.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert cli.main(["--config", str(path), "--list-devices"]) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1
    assert f"{path}: " in err
    assert word in err


@pytest.mark.parametrize("make", [lambda d: d, lambda d: d / "none.toml"])
def test_a_file_that_cannot_be_read(make, tmp_path):
    it, known = parser()
    with pytest.raises(UserError, match="cannot be read"):
        read(make(tmp_path), it, known)


@pytest.mark.parametrize(
    ("argv", "word"),
    [
        ((), "say what to listen to"),
        (("--mic", "--file", "x"), "not allowed with"),
        (("--hop", "x", "--mic"), "must be a number of seconds"),
        (("--nonsense",), "unrecognized"),
    ],
)
def test_a_bad_command_line_is_one_line(argv, word, capsys):
    assert cli.main([*argv]) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1
    assert word in err


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
settings = st.fixed_dictionaries(
    {},
    optional={
        "hop": st.floats(*HOPS),
        "threads": st.integers(-(2**40), 2**40),
        "task": text,
        "mic": text,
        "model": st.lists(text, min_size=1, max_size=3),
        "json": st.booleans(),
        "pace": st.sampled_from(["real", "fast"]),
    },
)


@given(settings)
def test_what_is_printed_reads_back_the_same(tmp_path_factory, values):
    it, known = parser()
    path = tmp_path_factory.mktemp("toml") / "config.toml"
    path.write_text(written(argparse.Namespace(**{**known, **values})), "utf-8", newline="\n")
    assert {**known, **read(path, it, known)} == {**known, **values}


def test_print_config(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("hop = 0.5\n")
    command = [sys.executable, "-m", "realtime.cli", "--config", str(path), "--mic", "usb"]
    done = subprocess.run([*command, "--print-config"], capture_output=True, text=True, check=True)
    assert 'mic = "usb"' in done.stdout
    assert "hop = 0.5" in done.stdout
    assert "# csv =" in done.stdout
    assert f"# Kept in {path}\n" in done.stdout
    assert done.stderr == ""


def test_the_usual_place_is_the_platforms(monkeypatch, tmp_path):
    if sys.platform != "linux":
        pytest.skip("the variable is Linux's")
    program = "from realtime.config import usual_place; print(usual_place())"
    environment = {"XDG_CONFIG_HOME": str(tmp_path), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(tmp_path / "rt-classify" / "config.toml")
