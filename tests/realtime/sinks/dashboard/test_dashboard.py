import subprocess
import sys
import threading

import pytest

from realtime.sinks.dashboard import Dashboard

TAKE_SCREEN, GIVE_SCREEN = "\x1b[?1049h", "\x1b[?1049l"
HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"


def test_it_draws_gives_the_screen_back_and_leaves_the_summary(make, console, written):
    terminal = console()
    board = Dashboard(terminal)
    assert written(terminal) == ""
    for record in (make.start(), make.signal(), make.prediction(), make.summary()):
        board.emit(record)
    board.close()
    board.close()
    text = written(terminal)
    assert text.count(TAKE_SCREEN) == text.count(GIVE_SCREEN) == 1
    assert text.rindex(SHOW_CURSOR) > text.rindex(HIDE_CURSOR)
    live, after = text.split(GIVE_SCREEN)
    assert "rt-classify" in live
    assert "\x1b[2K" not in live  # nothing is erased, so nothing flickers
    assert "instrument-cnn" in after
    assert "times real time" in after
    assert not [thread for thread in threading.enumerate() if thread.name == "dashboard"]


def test_without_a_terminal_there_is_only_the_summary(make, console, written):
    output = console(terminal=False)
    board = Dashboard(output)
    for record in (make.start(), make.prediction(), make.summary()):
        board.emit(record)
    board.close()
    assert "\x1b" not in written(output)
    assert written(output).startswith("╭─ song.wav ─")


def test_an_error_while_drawing_reaches_the_engine(make, console, written, monkeypatch):
    def broken(*_):
        raise RuntimeError("cannot draw")

    monkeypatch.setattr("realtime.sinks.dashboard.dashboard.frame", broken)
    terminal = console()
    board = Dashboard(terminal)
    board.emit(make.start())
    board._thread.join(60)
    with pytest.raises(RuntimeError, match="cannot draw"):
        board.emit(make.prediction())
    board.close()
    assert GIVE_SCREEN in written(terminal)


def test_it_can_be_exported_as_a_picture(make, console):
    terminal = console(100, 30)
    board = Dashboard(terminal)
    for record in (make.start(), make.signal(), make.prediction()):
        board._scene.update(record)
    terminal.print(board.render())
    assert "<svg" in terminal.export_svg(title="rt-classify")


def test_other_sinks_do_not_load_rich():
    program = """
import sys
import realtime.sinks.csvfile, realtime.sinks.jsonlines, realtime.sinks.outlet
import realtime.sinks.plain
assert not any(name.split(".")[0] in ("rich", "numpy") for name in sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
