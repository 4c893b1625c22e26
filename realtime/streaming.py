"""Networks that read every frame once and carry their state on, instead of reading whole windows.

The streaming form of an LSTM is a file with two functions. ``step`` reads a few rows of a
spectrogram beside the state that the step before left; ``answer`` turns what the last window's
steps came to into probabilities. A step's cost does not depend on how long the window is. In
return the answer depends on all that was heard since the stream began, not on its window alone.
"""

from __future__ import annotations

import numpy as np

from realtime.errors import UserError
from realtime.features.spectrogram import Spectrogram
from realtime.inference import InferenceError, Network, told
from realtime.ring import Ring


class Steps:
    """The step of a streaming network.

    Args:
        network: Has a signature ``step`` from ``rows`` (1, n, bands), ``h`` and ``c`` (1, units) to
            ``h``, ``c`` and ``found`` (1, kinds), all float32, and takes ``2 * units + kinds``
            numbers for an answer.

    Attributes:
        rows: Shape of what a step reads, (n, bands).
        units: Numbers in each half of the state.
        kinds: Kinds of steps that are counted beside it.

    Raises:
        UserError: It has none, or another one.
    """

    def __init__(self, network: Network) -> None:
        runner = network.signature("step")
        if runner is None:
            raise UserError("has no signature 'step', as a streaming network must")
        takes, gives = (
            {name: tuple(detail["shape"].tolist()) for name, detail in details.items()}
            for details in (runner.get_input_details(), runner.get_output_details())
        )
        try:
            (_, *self.rows), (_, self.units) = takes["rows"], takes["h"]
            (_, self.kinds) = gives["found"]
            state = {"h": (1, self.units), "c": (1, self.units)}
            fits = takes == {"rows": (1, *self.rows), **state} and len(self.rows) == 2
            fits = fits and gives == {"found": (1, self.kinds), **state}
        except (KeyError, ValueError):
            fits = False
        if not fits or network.input_shape != (2 * self.units + self.kinds,):
            raise UserError("its signature 'step' is not that of a streaming network")
        self._runner = runner

    def run(self, rows: np.ndarray, state: tuple[np.ndarray, np.ndarray]) -> dict[str, np.ndarray]:
        """Take one step.

        Args:
            rows: float32, of shape ``rows``.
            state: ``h`` and ``c``, float32 (1, units).

        Returns:
            ``h``, ``c`` and ``found``.

        Raises:
            InferenceError: The runtime failed, or what came out are no finite numbers.
        """
        try:
            out: dict[str, np.ndarray] = self._runner(rows=rows[None], h=state[0], c=state[1])
        except (RuntimeError, ValueError) as error:
            raise InferenceError(told(error)) from error
        if not all(np.isfinite(x).all() for x in out.values()):
            raise InferenceError("its state is no finite number")
        return out


class Carried:
    """What a streaming network remembers of one stream.

    A row is scaled once, by the loudest of the window that ended with it: a window that is read as
    a whole is scaled by its loudest row, also where that came later.

    Args:
        steps: The network's step.
        feature: The spectrogram of the stream; as many rows as its window holds are averaged.

    Raises:
        UserError: The network fails on silence.
    """

    def __init__(self, steps: Steps, feature: Spectrogram) -> None:
        self._steps, self._feature = steps, feature
        self._frames = feature.shape[0]
        self._per = steps.rows[0]
        # Of each step its h beside what it found, for a window.
        self._came_to = Ring(self._frames // self._per, (steps.units + steps.kinds,))
        self._peaks = Ring(2 * self._frames, fill=-np.inf)
        self._state = (np.zeros((1, steps.units), np.float32),) * 2
        self._failure: InferenceError | None = None
        black = np.zeros(steps.rows, np.float32)
        try:
            for _ in range(self._came_to.capacity):
                self._take(black)
        except InferenceError as error:
            raise UserError(f"a streaming network fails on silence ({error})") from error
        self._silence = self._came_to.latest(self._came_to.capacity).copy(), self._state
        self.reset()

    def catch_up(self) -> None:
        """Take the steps that have become due. A window must not pass between two calls.

        Where the network fails, ``summary`` says so, and goes on from silence.
        """
        due = self._feature.heard // self._per - self._taken
        if not due:
            return
        late = self._feature.heard % self._per
        decibels = self._feature.decibels()
        new = decibels[len(decibels) - late - due * self._per : len(decibels) - late]
        self._peaks.write(new.max(axis=1))
        peaks = self._peaks.latest(len(new) + self._frames - 1)
        loudest = np.lib.stride_tricks.sliding_window_view(peaks, self._frames).max(axis=1)
        grey = self._feature.shade(new, loudest[:, None])
        self._taken += due
        try:
            for i in range(0, len(grey), self._per):
                self._take(grey[i : i + self._per])
        except InferenceError as error:
            self._failure = error
            self._rest()

    def summary(self) -> np.ndarray:
        """What the network answers from, float32 (2 * units + kinds,).

        The average of ``h`` over the window, its last value, and the average of what was found.

        Raises:
            InferenceError: The network failed since the last time.
        """
        self.catch_up()
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        units = self._steps.units
        average = self._came_to.latest(self._came_to.capacity).mean(axis=0)
        return np.concatenate([average[:units], self._state[0][0], average[units:]])

    def reset(self) -> None:
        """Forget the stream: before it there was silence."""
        self._peaks.reset()
        self._taken = 0
        self._failure = None
        self._rest()

    def _rest(self) -> None:
        rows, self._state = self._silence
        self._came_to.write(rows)

    def _take(self, rows: np.ndarray) -> None:
        out = self._steps.run(rows, self._state)
        self._state = out["h"], out["c"]
        self._came_to.write(np.concatenate([out["h"], out["found"]], axis=1))
