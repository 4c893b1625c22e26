"""A real terminal, tmux, in which a shell runs what a person types."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time

import pytest
from needs import need

termios = pytest.importorskip("termios")


class Tmux:
    """A window with a shell in it, on a server of its own."""

    def __init__(self, width, height):
        need("tmux")
        self._folder = tempfile.mkdtemp(prefix="tmux-")
        self._env = {name: value for name, value in os.environ.items() if name != "TMUX"}
        self._env["TMUX_TMPDIR"] = self._folder  # for the socket
        self._do("new-session", "-d", "-x", str(width), "-y", str(height), "sh")
        self.wait(any)  # the prompt: only then has tmux set the terminal's mode
        self._before = self._mode()

    def type(self, line):
        self._do("send-keys", "-l", line)
        self.press("Enter")

    def press(self, key):
        self._do("send-keys", key)

    def resize(self, width, height):
        self._do("resize-window", "-x", str(width), "-y", str(height))

    def lines(self, *, joined=False):
        """What is shown.

        Args:
            joined: Give a line that was too wide for the window, and goes on in the next, as one.
                Once the window has changed its size, tmux no longer tells which do.
        """
        shown = self._do("capture-pane", "-p", *["-J"] * joined)
        return [line.rstrip() for line in shown.split("\n")[:-1]]

    def wait(self, shown, seconds=60):
        """Waits for lines of which ``shown`` is true, and returns them."""
        end = time.monotonic() + seconds
        while not shown(lines := self.lines()):
            assert time.monotonic() < end, "\n".join(lines)
            time.sleep(0.05)
        return lines

    def is_taken(self):
        """Whether a program draws on another screen, hides the cursor, and keys are not shown."""
        on_other, cursor = self._ask("alternate_on"), self._ask("cursor_flag")
        return on_other == "1" and cursor == "0" and not self._mode()[3] & termios.ECHO

    def is_given_back(self):
        on_other, cursor = self._ask("alternate_on"), self._ask("cursor_flag")
        return on_other == "0" and cursor == "1" and self._mode() == self._before

    def close(self):
        self._do("kill-server")
        shutil.rmtree(self._folder)

    def _mode(self):
        terminal = os.open(self._ask("pane_tty"), os.O_RDWR | os.O_NOCTTY)
        try:
            return termios.tcgetattr(terminal)[:4]
        finally:
            os.close(terminal)

    def _ask(self, what):
        return self._do("display-message", "-p", f"#{{{what}}}").strip()

    def _do(self, *command):
        done = subprocess.run(
            ["tmux", "-u", "-L", "test", "-f", os.devnull, *command],
            capture_output=True,
            env=self._env,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
