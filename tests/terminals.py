"""A terminal of its own for a program, as a person's: what it shows, and how it is left."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

termios = pytest.importorskip("termios")
fcntl = pytest.importorskip("fcntl")
pty = pytest.importorskip("pty")

SHOWN = {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}


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

    def hang_up(self, seconds=30):
        """Closes the terminal's window; the exit status of what ran in it."""
        os.close(self.control)
        self.control = None
        return self.process.wait(seconds)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.control is not None:
            os.close(self.control)
        os.close(self.terminal)
