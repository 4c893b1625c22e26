"""``--plot``: the session as a picture, for a report or a lesson. Needs matplotlib.

On top what was heard, a spectrogram or a piano roll; below it each model's probabilities over the
same time, the models of a task next to each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from realtime.errors import UserError
from realtime.extras import need
from realtime.meter import Meter
from realtime.records import Prediction, Record, Signal
from realtime.sinks.place import writable
from realtime.text import printable

ENDINGS = (".png", ".svg", ".pdf")

COLUMNS = 2048
"""Columns kept of each picture at most: more than a page can show, however long the session is."""

DYNAMICS = 60.0
"""Decibels from the darkest to the lightest."""

NAMED_STATES = ("silent", "warming")


class Columns:
    """Values over time in at most ``2 * COLUMNS`` columns: when full, each two become one.

    Args:
        merge: ``np.maximum`` or another function of two columns.
    """

    def __init__(self, merge: Any) -> None:
        self.times: list[float] = []
        self.values: list[np.ndarray] = []
        self._merge = merge
        self._stride = 1
        self._inside = 0

    def add(self, t: float, values: np.ndarray) -> None:
        """Takes the column that ends at ``t``, seconds that never fall."""
        if self._inside % self._stride == 0:
            self.times.append(t)
            self.values.append(values)
        else:
            self.times[-1] = t
            self.values[-1] = self._merge(self.values[-1], values)
        self._inside += 1
        if len(self.times) == 2 * COLUMNS and self._inside % self._stride == 0:
            self.times = self.times[1::2]
            pairs = zip(self.values[::2], self.values[1::2], strict=True)
            self.values = [self._merge(left, right) for left, right in pairs]
            self._stride *= 2
            self._inside = 0

    def picture(self) -> tuple[np.ndarray, np.ndarray]:
        """The columns' edges in seconds, float64 (n + 1,), and their values, (rows, n)."""
        times = np.array(self.times)
        steps = np.diff(times, prepend=0.0)
        usual = float(np.median(steps)) or 0.1
        # A gap in the stream stays empty: a column reaches back one usual step at most.
        edges, columns = [max(0.0, times[0] - usual)], []
        empty = np.full(len(self.values[0]), np.nan)
        for t, values in zip(times, self.values, strict=True):
            if t - edges[-1] > 2.5 * usual:
                edges.append(t - usual)
                columns.append(empty)
            edges.append(t)
            columns.append(values)
        return np.array(edges), np.array(columns, dtype=float).T


class Plot:
    """Gathers a session and draws it when it ends.

    Attributes:
        signals: It needs what the stream looks like too.
        patience: Seconds that drawing may take, on a slow or busy machine.
    """

    signals = True
    patience = 120.0

    def __init__(self, path: str | Path) -> None:
        """Prepares a picture.

        Args:
            path: Ends in ``.png``, ``.svg`` or ``.pdf``.

        Raises:
            UserError: It has another ending, cannot be written, or matplotlib is missing.
        """
        self._path = Path(path)
        if self._path.suffix.lower() not in ENDINGS:
            said = printable(str(path))
            raise UserError(f"{said}: a picture must end in {', '.join(ENDINGS)}")
        writable(self._path)
        self._figure = need("matplotlib.figure", extra="outputs", option="--plot")
        self._source = ""
        self._bands = Columns(np.fmax)
        self._notes = Columns(np.fmax)
        self._probs: dict[str, Columns] = {}
        self._labels: dict[str, list[str]] = {}
        self._tasks: dict[str, list[str]] = {}

    def emit(self, record: Record) -> None:
        """Keeps what the picture shows."""
        match record:
            case Signal(t=t, bands=np.ndarray() as bands):
                self._bands.add(t, bands)
            case Signal(t=t, notes=tuple() as notes):
                keys = np.zeros(128, dtype=np.float32)
                keys[[pitch for pitch in notes if 0 <= pitch < 128]] = 1
                self._notes.add(t, keys)
            case Prediction():
                self._prediction(record)

    def close(self) -> None:
        """Draws and writes the picture; none if nothing was heard."""
        if not self._probs:
            return
        figure = self._draw()
        figure.savefig(self._path, dpi=150, metadata={"Title": f"rt-classify: {self._source}"})

    def _prediction(self, prediction: Prediction) -> None:
        self._source = printable(prediction.source)
        name = prediction.model
        if name not in self._probs:
            self._probs[name] = Columns(np.fmax)
            self._labels[name] = [printable(label) for label in prediction.smoothed]
            self._tasks.setdefault(prediction.task, []).append(name)
        heard = prediction.state not in NAMED_STATES
        probs = np.array(list(prediction.smoothed.values()), dtype=np.float32)
        self._probs[name].add(prediction.t, probs if heard else np.full_like(probs, np.nan))

    def _draw(self) -> Any:
        tasks = list(self._tasks.values())
        across = max(map(len, tasks))
        heights = [3.0, *(0.25 * max(len(self._labels[n]) for n in names) + 0.8 for names in tasks)]
        figure = self._figure.Figure(
            figsize=(max(9.0, 6.0 * across), sum(heights)), layout="constrained"
        )
        grid = figure.add_gridspec(len(heights), across, height_ratios=heights)
        figure.suptitle(self._source, parse_math=False)
        shared = self._signal(figure, grid[0, :])
        for row, names in enumerate(tasks, start=1):
            for column, name in enumerate(names):
                place = grid[row, column] if len(names) == across else grid[row, :]
                axes = figure.add_subplot(place)
                self._model(figure, axes, name, last=row == len(tasks))
                if shared is not None:
                    axes.set_xlim(shared.get_xlim())
        return figure

    def _signal(self, figure: Any, place: Any) -> Any:
        axes = figure.add_subplot(place)
        if self._bands.times:
            edges, values = self._bands.picture()
            top = min(0.0, float(np.nanmax(values)))
            bands = np.geomspace(Meter.LOWEST, Meter.HIGHEST, len(values) + 1)
            axes.pcolormesh(
                edges, bands, values, cmap="magma", vmin=top - DYNAMICS, vmax=top, rasterized=True
            )
            axes.set_yscale("log")
            axes.set_ylabel("Hz")
        elif self._notes.times:
            edges, values = self._notes.picture()
            played = np.flatnonzero(np.nan_to_num(values).any(axis=1))
            low, high = (played[0], played[-1]) if len(played) else (48, 72)
            axes.pcolormesh(
                edges, np.arange(129) - 0.5, values, cmap="Blues", vmin=0, vmax=1, rasterized=True
            )
            axes.set_ylim(low - 2, high + 2)
            axes.set_ylabel("MIDI pitch")
        axes.set_xlabel("seconds")
        return axes

    def _model(self, figure: Any, axes: Any, name: str, *, last: bool) -> None:
        edges, values = self._probs[name].picture()
        labels: Sequence[str] = self._labels[name]
        mesh = axes.pcolormesh(
            edges,
            np.arange(len(labels) + 1) - 0.5,
            values,
            cmap="cividis",
            vmin=0,
            vmax=1,
            rasterized=True,
        )
        axes.set_facecolor("0.9")  # silent, or not yet a whole window
        axes.set_yticks(range(len(labels)), labels, parse_math=False)  # a name is no formula
        axes.invert_yaxis()
        axes.set_title(printable(name), loc="left", fontsize="medium", parse_math=False)
        if last:
            axes.set_xlabel("seconds")
        figure.colorbar(mesh, ax=axes, label="probability")
