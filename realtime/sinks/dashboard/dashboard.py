"""The sink that keeps a terminal up to date."""

from __future__ import annotations

import threading
import time
from typing import Literal

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.live import Live

from realtime.controls import Controls
from realtime.records import Record
from realtime.sinks.dashboard.closing import Closing
from realtime.sinks.dashboard.frame import frame
from realtime.sinks.dashboard.keys import Keys, in_background
from realtime.sinks.dashboard.look import Look
from realtime.sinks.dashboard.scene import Scene

FRAMES_A_SECOND = 10

DRAWING_SHARE = 0.2
"""The part of a processor that drawing may take; a slow machine gets fewer frames instead."""

REPAINT_SECONDS = 1.0
"""An unchanged screen is sent again after this, in case something else wrote on it."""

BACKGROUND_SECONDS = 0.2
"""Between two looks whether the program is in the foreground again."""

PATIENCE = 2.0
"""Seconds that a terminal may take to let go of the screen."""


class Dashboard:
    """Shows both networks side by side while they listen, and a summary that stays.

    It draws from a thread of its own, ten times a second at most; ``emit`` only notes what is new.
    The live picture takes the terminal's alternate screen: frames are written over one another
    without erasing, so nothing flickers, and a resized terminal is simply filled anew. While the
    program is stopped by Ctrl-Z, or goes on in the background, the terminal is as it was before.

    Attributes:
        signals: It shows what the stream looks like.
    """

    signals = True

    def __init__(self, console: Console | None = None, controls: Controls | None = None) -> None:
        """Prepares a dashboard; the screen is taken with the first record.

        Args:
            console: Where to draw; stdout if not given. One that is no terminal gets the summary
                only.
            controls: What the keys work on; without, there are no keys.
        """
        self._controls = controls
        self._console = console or Console()
        self._scene = Scene()
        self._lock = threading.Lock()
        self._state: Literal["shown", "away", "closed"] = "shown"
        self._drawing = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None
        if controls is not None:
            controls.on_stop(self.leave, self.come_back)

    def emit(self, record: Record) -> None:
        """Notes a record.

        Raises:
            Exception: What drawing has raised since.
        """
        if self._error is not None:
            raise self._error
        with self._lock:
            self._scene.update(record)
        if self._thread is None and self._console.is_terminal:
            self._thread = threading.Thread(target=self._draw, name="dashboard", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Gives the screen back and leaves the summary on it."""
        if not self._go("closed"):
            return
        if self._thread is not None:
            self._thread.join()
        self._console.print(self.summary())

    def leave(self) -> None:
        """Gives the terminal back until ``come_back``; the program is about to be stopped."""
        self._go("away")
        with self._changed:
            self._changed.wait_for(lambda: not self._drawing, PATIENCE)

    def come_back(self) -> None:
        """Takes the terminal again, as soon as the program is no longer in the background."""
        self.leave()  # it may have been stopped without a warning
        self._go("shown")

    def _go(self, state: Literal["shown", "away", "closed"]) -> bool:
        with self._changed:
            if self._state == "closed":
                return False
            self._state = state
            self._changed.notify_all()
            return True

    def render(self) -> RenderableType:
        """The dashboard as it is, for any console: it fills the console's width and height."""
        return _Frame(self._scene, self._lock)

    def summary(self) -> RenderableType:
        """What ``close`` leaves on the screen."""
        return Closing(self._scene)

    def _pressed(self, key: str) -> None:
        """What a key does; runs in the keyboard's thread."""
        controls = self._controls
        assert controls is not None
        changing = False
        match key:
            case "q":
                controls.quit()
            case " ":
                controls.hold.toggle()
            case "r":
                controls.reset_evidence()
            case "d":
                changing = controls.next_device()
        with self._lock:
            self._scene.changing |= changing
            self._scene.paused = controls.hold.on
            if key == "m":
                self._scene.next_task()
            self._scene.help = key == "?" and not self._scene.help
            self._scene.version += 1

    def _draw(self) -> None:
        try:
            while self._may_show():
                self._show()
        except Exception as error:  # raised again where the engine sees it
            self._error = error

    def _may_show(self) -> bool:
        """Waits until the terminal may be taken; False if it is not to be taken any more."""
        with self._changed:
            while self._state == "away" or (
                self._state == "shown" and in_background(self._console.file)
            ):  # no signal tells a program that goes on there when it is in the foreground again
                self._changed.wait(BACKGROUND_SECONDS)
            self._drawing = self._state == "shown"
            return self._drawing

    def _show(self) -> None:
        """Draws on the alternate screen, and heeds the keys, for as long as it may."""
        live = Live(
            get_renderable=self.render,
            console=self._console,
            screen=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
            vertical_overflow="crop",
        )
        keys = None
        if self._controls is not None:
            keys = Keys(self._pressed)
            self._scene.keys = keys.work
        try:
            with live:
                self._refresh(live)
        finally:
            if keys is not None:
                keys.close()
            with self._changed:
                self._drawing = False
                self._changed.notify_all()

    def _refresh(self, live: Live) -> None:
        shown: tuple[int, int, int] | None = None
        sent = 0.0
        while True:
            begun = time.monotonic()
            now = (self._scene.version, *self._console.size)
            if now != shown or begun - sent >= REPAINT_SECONDS:
                live.refresh()
                shown, sent = now, begun
            spent = time.monotonic() - begun
            pause = max(1 / FRAMES_A_SECOND - spent, spent / DRAWING_SHARE - spent)
            with self._changed:
                if self._changed.wait_for(lambda: self._state != "shown", pause):
                    return


class _Frame:
    """The scene as it is when it is drawn."""

    def __init__(self, scene: Scene, lock: threading.Lock) -> None:
        self._scene = scene
        self._lock = lock

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        look = Look.of(console, options)
        height = options.height or options.max_height
        with self._lock:
            lines = frame(self._scene, look, options.max_width, height)
        for line in lines:  # they fit, so Text's own wrapping would only cost time
            yield from line.render(console, end="\n")
