from __future__ import annotations

import io

import pytest
from rich.console import Console


@pytest.fixture(autouse=True)
def terminal(monkeypatch):
    """The same terminal wherever the tests run."""
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)


def open_console(width=80, height=24, *, encoding="utf-8", colours="truecolor", terminal=True):
    return Console(
        file=io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline=""),
        width=width,
        height=height,
        force_terminal=terminal,
        color_system=colours if terminal else None,
        no_color=False,
        legacy_windows=False,
        record=True,
    )


def written_to(console):
    console.file.flush()
    return console.file.buffer.getvalue().decode(console.file.encoding)


def lines_of(renderable, width=80, height=24, **look):
    """What a renderable looks like, line by line, without its colours."""
    console = open_console(width, height, **look)
    console.print(renderable, end="")
    return console.export_text(styles=False).splitlines()


@pytest.fixture(scope="session")
def draw():
    """Draws a renderable and gives its lines as text."""
    return lines_of


@pytest.fixture(scope="session")
def console():
    """Opens consoles that remember what is written to them."""
    return open_console


@pytest.fixture(scope="session")
def written():
    """All that was written to a console, escapes included."""
    return written_to
