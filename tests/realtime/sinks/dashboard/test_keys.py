"""The keyboard, on a terminal of its own: what is pressed, and what state it is left in."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

termios = pytest.importorskip("termios")
fcntl = pytest.importorskip("fcntl")
pty = pytest.importorskip("pty")

PROGRAM = """
import sys, time
from realtime.sinks.dashboard.keys import Keys
keys = Keys(lambda key: print(repr(key), flush=True))
print("ready", keys.work, flush=True)
try:
    {body}
finally:
    {closing}
"""


def own_terminal():
    """In the child: the terminal at stdin is the one it is controlled from."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """A program that runs on a terminal which it controls."""

    def __init__(self, *argv, env=None):
        self.control, terminal = pty.openpty()
        self.before = termios.tcgetattr(terminal)
        self.process = subprocess.Popen(
            [sys.executable, *argv],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
            preexec_fn=own_terminal,  # noqa: PLW1509 - it takes no lock
            env=env,
        )
        self.terminal = terminal
        self.text = ""

    def read_until(self, word, seconds=30):
        end = time.monotonic() + seconds
        os.set_blocking(self.control, False)
        while word not in self.text:
            assert time.monotonic() < end, self.text
            try:
                self.text += os.read(self.control, 65536).decode("utf-8", "replace")
            except BlockingIOError:
                time.sleep(0.02)
            except OSError:
                break
        return self.text

    def press(self, keys):
        os.write(self.control, keys.encode())

    def left_as_found(self):
        return termios.tcgetattr(self.terminal)[:4] == self.before[:4]

    def wait(self):
        """The exit status; what is drawn meanwhile is read, or the program would wait for us."""
        end = time.monotonic() + 30
        os.set_blocking(self.control, False)
        while self.process.poll() is None:
            assert time.monotonic() < end, self.text
            try:
                self.text += os.read(self.control, 65536).decode("utf-8", "replace")
            except (BlockingIOError, OSError):
                time.sleep(0.02)
        self.read_rest()
        return self.process.returncode

    def read_rest(self):
        try:
            while part := os.read(self.control, 65536):
                self.text += part.decode("utf-8", "replace")
        except OSError:
            pass

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.control)
        os.close(self.terminal)


@pytest.fixture
def terminal():
    opened = []

    def terminal(*argv, env=None):
        opened.append(Terminal(*argv, env=env))
        return opened[-1]

    yield terminal
    for each in opened:
        each.close()


def program(body="time.sleep(60)", closing="keys.close()"):
    return "-c", PROGRAM.format(body=body, closing=closing)


def test_keys_come_one_by_one_unseen(terminal):
    it = terminal(*program())
    it.read_until("ready True")
    assert not it.left_as_found()
    it.press("q ")
    it.read_until("'q'\r\n' '")
    it.press("\x1b[A\x1bOPé")  # an arrow and a function key are none of ours
    it.read_until("'é'")
    assert "'A'" not in it.text
    it.press("\x03")
    assert it.wait() != 0
    assert it.left_as_found()


@pytest.mark.parametrize("closing", ["keys.close()", "pass"])
@pytest.mark.parametrize("body", ["pass", "1 / 0", "sys.exit(3)"])
def test_the_terminal_is_set_back_however_it_ends(terminal, body, closing):
    it = terminal(*program(body, closing))
    it.read_until("ready True")
    it.wait()
    assert it.left_as_found()


def test_without_a_terminal_there_are_no_keys():
    done = subprocess.run(
        [sys.executable, *program("pass")], input="q", capture_output=True, text=True, check=True
    )
    assert done.stdout == "ready False\n"


DEMO = ("-m", "realtime.cli", "--file", "demo/prelude.ogg", "--task", "instrument")
SHOWN = {"TERM": "xterm-256color", "PATH": os.environ["PATH"], "COLUMNS": "80", "LINES": "24"}


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (lambda it: it.press("q"), 0),
        (lambda it: it.press(" q"), 0),
        (lambda it: it.press("\x03"), 130),
        (lambda it: it.process.send_signal(signal.SIGTERM), 130),
    ],
    ids=["q", "q in a pause", "Ctrl-C", "SIGTERM"],
)
def test_the_dashboard_gives_the_terminal_back(terminal, end, status):
    it = terminal(*DEMO, env=SHOWN)
    it.read_until("live", 60)
    assert not it.left_as_found()
    end(it)
    assert it.wait() == status
    assert it.left_as_found()
    assert it.text.count("\x1b[?1049h") == it.text.count("\x1b[?1049l") == 1
    assert it.text.rindex("\x1b[?25h") > it.text.rindex("\x1b[?25l")
    assert "times real time" in it.text.rpartition("\x1b[?1049l")[2]


def test_keys_work_on_the_dashboard(terminal):
    it = terminal(*DEMO, env=SHOWN)
    it.read_until("live", 60)
    it.press("?")
    it.read_until("What it shows")
    it.press("?")
    it.press(" ")
    it.read_until("paused")
    it.press(" r")
    it.text = ""
    it.read_until("playing")
    it.press("q")
    assert it.wait() == 0
