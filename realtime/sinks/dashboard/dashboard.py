"""The sink that keeps a terminal up to date."""

from __future__ import annotations

import threading
import time

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.live import Live

from realtime.controls import Controls
from realtime.records import Record
from realtime.sinks.dashboard.closing import Closing
from realtime.sinks.dashboard.frame import frame
from realtime.sinks.dashboard.keys import Keys
from realtime.sinks.dashboard.look import Look
from realtime.sinks.dashboard.scene import Scene

FRAMES_A_SECOND = 10

DRAWING_SHARE = 0.2
"""The part of a processor that drawing may take; a slow machine gets fewer frames instead."""

REPAINT_SECONDS = 1.0
"""An unchanged screen is sent again after this, in case something else wrote on it."""


class Dashboard:
    """Shows both networks side by side while they listen, and a summary that stays.

    It draws from a thread of its own, ten times a second at most; ``emit`` only notes what is new.
    The live picture takes the terminal's alternate screen: frames are written over one another
    without erasing, so nothing flickers, and a resized terminal is simply filled anew.

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
        self._keys: Keys | None = None
        self._console = console or Console()
        self._scene = Scene()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None

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
            if self._controls is not None:
                self._keys = Keys(self._pressed)
                self._scene.keys = self._keys.work
            self._thread = threading.Thread(target=self._draw, name="dashboard", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Gives the screen back and leaves the summary on it."""
        if self._closing.is_set():
            return
        self._closing.set()
        if self._thread is not None:
            self._thread.join()
        if self._keys is not None:
            self._keys.close()
        self._console.print(self.summary())

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
        match key:
            case "q":
                controls.quit()
            case " ":
                controls.hold.toggle()
            case "r":
                controls.reset_evidence()
            case "d":
                controls.next_device()
        with self._lock:
            self._scene.paused = controls.hold.on
            if key == "m":
                self._scene.next_task()
            self._scene.help = key == "?" and not self._scene.help
            self._scene.version += 1

    def _draw(self) -> None:
        live = Live(
            get_renderable=self.render,
            console=self._console,
            screen=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
            vertical_overflow="crop",
        )
        try:
            with live:
                self._refresh(live)
        except Exception as error:  # raised again where the engine sees it
            self._error = error

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
            if self._closing.wait(max(1 / FRAMES_A_SECOND - spent, spent / DRAWING_SHARE - spent)):
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
