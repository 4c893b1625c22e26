"""The keyboard of the terminal that the dashboard draws on, key by key."""

from __future__ import annotations

import atexit
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from typing import IO

_POLL = 0.1

_SEQUENCE = re.compile("\x1b(\\[[0-?]*[ -/]*[@-~]|O.|.)?|[\0\xe0].", re.DOTALL)
"""What an arrow or a function key sends: several characters, here or on Windows."""


class Keys:
    """Calls ``pressed`` for each key, from a thread of its own, until it is closed.

    Keys are read one by one and not shown. The terminal is set back on closing and, should it come
    to that, when the process ends. Without a terminal at stdin, or in the background, there are no
    keys.

    Args:
        pressed: Gets each character. It must not raise.

    Attributes:
        work: Whether there are keys to press.
    """

    def __init__(self, pressed: Callable[[str], None]) -> None:
        self._pressed = pressed
        self._closing = threading.Event()
        self._restore: Callable[[], None] = _nothing
        self.work = _usable()
        if not self.work:
            return
        self._restore = _read_singly()
        atexit.register(self._restore)
        self._thread = threading.Thread(target=self._run, name="keys", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Sets the terminal back."""
        if self.work and not self._closing.is_set():
            self._closing.set()
            if self._thread is not threading.current_thread():
                self._thread.join(1.0)
            self._restore()
            atexit.unregister(self._restore)

    def _run(self) -> None:
        for typed in _typed(self._closing):
            for key in _SEQUENCE.sub("", typed):
                self._pressed(key)


def _nothing() -> None:
    pass


if sys.platform == "win32":
    import msvcrt

    def _usable() -> bool:
        return sys.stdin.isatty()

    def in_background(file: IO[str]) -> bool:
        """Whether a file is a terminal at which another program works now."""
        return False

    def _read_singly() -> Callable[[], None]:
        return _nothing

    def _typed(closing: threading.Event) -> Iterator[str]:
        while not closing.wait(_POLL):
            while msvcrt.kbhit():
                key = msvcrt.getwch()
                yield key + msvcrt.getwch() if key in "\0\xe0" else key

else:
    import select
    import termios

    def _usable() -> bool:
        try:
            descriptor = sys.stdin.fileno()
            return os.isatty(descriptor) and os.tcgetpgrp(descriptor) == os.getpgrp()
        except (OSError, ValueError, AttributeError):  # stdin is closed or replaced
            return False

    def in_background(file: IO[str]) -> bool:
        """Whether a file is a terminal at which another program works now."""
        try:
            return os.tcgetpgrp(file.fileno()) != os.getpgrp()
        except (OSError, ValueError, AttributeError):  # it is none, or not the one we run at
            return False

    def _read_singly() -> Callable[[], None]:
        """Turns line editing off; returns what turns it on again."""
        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
        mode = termios.tcgetattr(descriptor)
        mode[3] &= ~(termios.ECHO | termios.ICANON)
        mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
        termios.tcsetattr(descriptor, termios.TCSADRAIN, mode)

        def restore() -> None:
            # What was typed and not read is thrown away, lest it land in the shell.
            termios.tcsetattr(descriptor, termios.TCSAFLUSH, before)

        return restore

    def _typed(closing: threading.Event) -> Iterator[str]:
        descriptor = sys.stdin.fileno()
        while not closing.is_set():
            try:
                if select.select([descriptor], [], [], _POLL)[0]:
                    read = os.read(descriptor, 64)
                    if not read:  # the terminal was closed
                        return
                    yield read.decode("utf-8", "replace")
            except OSError:
                return
