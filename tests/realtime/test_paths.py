"""Each option that takes a path, given one that cannot be looked at: a line, never a traceback."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from realtime import cli

DEMO = Path(__file__).parents[2] / "demo"
SOUND = ("--file", str(DEMO / "prelude.ogg"), "--model", "instrument-cnn", "--duration", "0.5")
MIDI = ("--file", str(DEMO / "prelude.mid"), "--model", "instrument-cnn", "--duration", "0.5")

OPTIONS = {
    "--file": ("--file", "{}.wav"),
    "--file of another kind": ("--file", "{}.xyz"),
    "--file of a folder": ("--file", "{}"),
    "--file of MIDI": ("--file", "{}.mid"),
    "--model": (*SOUND, "--model", "{}"),
    "--model by its path": (*SOUND, "--model", "{}/tiny"),
    "--soundfont": (*MIDI, "--soundfont", "{}.sf2"),
    "--csv": (*SOUND, "--csv", "{}.csv"),
    "--labels": (*SOUND, "--labels", "{}.txt"),
    "--labels in a folder": (*SOUND, "--labels", "{}/labels.txt"),
    "--plot": (*SOUND, "--plot", "{}.png"),
    "--plot in a folder": (*SOUND, "--plot", "{}/plot.png"),
    "--record": (*SOUND, "--record", "{}"),
    "--out": ("--file", "{}.wav", "--out", "{}"),
    "--out, of a folder": ("--file", "{}", "--out", "{}"),
    "--config": ("--config", "{}.toml", *SOUND),
}


def told(argv: tuple[str, ...], path: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that an option says of a path."""
    assert cli.main([word.replace("{}", path) for word in argv]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("rt-classify: ")
    return line


@pytest.mark.parametrize("argv", OPTIONS.values(), ids=OPTIONS)
def test_a_name_that_is_too_long_is_told_in_a_line(
    argv: tuple[str, ...], tmp_path: Path, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    told(argv, "a" * 300, capsys)


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Path]:
    """A folder that this process may not look into."""
    folder = tmp_path / "locked"
    folder.mkdir(mode=0)
    with without_root_s_powers():
        if os.access(folder, os.R_OK, effective_ids=os.access in os.supports_effective_ids):
            pytest.skip("nothing is closed to this process")
        yield folder
    folder.chmod(0o700)


@contextmanager
def without_root_s_powers() -> Iterator[None]:
    """Root, too, is held to what permissions say; on Linux, where that can be taken back."""
    if not sys.platform.startswith("linux"):
        yield
        return
    libc = ctypes.CDLL(None)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3, this thread
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; the lower bits first
    assert libc.capget(header, sets) == 0
    before = sets[0]
    sets[0] &= ~0b111  # what overrides permissions: chown, dac_override, dac_read_search
    assert libc.capset(header, sets) == 0
    try:
        yield
    finally:
        sets[0] = before
        assert libc.capset(header, sets) == 0


@pytest.mark.parametrize("argv", OPTIONS.values(), ids=OPTIONS)
def test_a_folder_that_may_not_be_read_is_told_in_a_line(
    argv: tuple[str, ...], locked: Path, capsys
) -> None:
    assert str(locked) in told(argv, str(locked / "it"), capsys)


def test_a_locked_folder_among_others_is_named(locked: Path, tmp_path: Path, capsys) -> None:
    argv = ("--file", str(tmp_path), "--out", str(tmp_path / "out"))
    assert f"{locked}: cannot be read" in told(argv, "", capsys)


def test_settings_in_a_place_that_may_not_be_read_do_not_end_a_run(
    locked: Path, monkeypatch, capsys
) -> None:
    monkeypatch.setattr("realtime.config.usual_place", lambda: locked / "config.toml")
    assert cli.main(["--print-config"]) == 0
