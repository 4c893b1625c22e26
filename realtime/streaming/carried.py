"""An LSTM that carries its state on from step to step."""

from __future__ import annotations

import numpy as np

from realtime.errors import UserError
from realtime.features.spectrogram import Spectrogram
from realtime.inference import InferenceError, Network
from realtime.ring import Ring
from realtime.streaming.rows import Rows


class Steps:
    """The functions of an LSTM's streaming form.

    Args:
        network: Has a function ``step`` from ``rows`` (1, n, bands), ``h`` and ``c`` (1, units) to
            ``h``, ``c`` and ``found`` (1, kinds), and a function ``answer`` from ``summary`` (1,
            2 * units + kinds) to ``probs`` (1, n_labels), all float32.

    Attributes:
        rows: Shape of what a step reads, (n, bands).
        units: Numbers in each half of the state.
        kinds: Kinds of steps that are counted beside it.

    Raises:
        UserError: It has none, or others.
    """

    def __init__(self, network: Network) -> None:
        step, answer = network.function("step"), network.function("answer")
        if step is None or answer is None:
            raise UserError("has no functions 'step' and 'answer'")
        try:
            (_, *self.rows), (_, self.units) = step.takes["rows"], step.takes["h"]
            (_, self.kinds) = step.gives["found"]
            state = {"h": (1, self.units), "c": (1, self.units)}
            fits = len(self.rows) == 2 and self.rows[0] > 0
            fits = fits and step.takes == {"rows": (1, *self.rows), **state}
            fits = fits and step.gives == {"found": (1, self.kinds), **state}
            fits = fits and answer.takes == {"summary": (1, 2 * self.units + self.kinds)}
            fits = fits and answer.gives == {"probs": (1, network.outputs)}
        except (KeyError, ValueError):
            fits = False
        if not fits:
            raise UserError("its functions 'step' and 'answer' are not those of a streaming LSTM")
        self._step, self._answer = step, answer

    def check(self, feature: Spectrogram) -> None:
        """Whether they fit a spectrogram.

        Raises:
            UserError: They do not.
        """
        frames, bands = feature.shape
        per, wide = self.rows
        if frames % per or wide != bands:
            told = f"takes steps of {per} rows of {wide}"
            raise UserError(f"{told}, which does not fit a feature of {frames} x {bands}")

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
        return self._step(rows=rows[None], h=state[0], c=state[1])

    def answer(self, summary: np.ndarray) -> np.ndarray:
        """What the steps of a window come to, float32 (n_labels,).

        Args:
            summary: float32 (2 * units + kinds,).

        Raises:
            InferenceError: As for ``run``.
        """
        return self._answer(summary=summary[None])["probs"][0]


class Carried:
    """What an LSTM remembers of one stream; see ``realtime.streaming.Follower``.

    Args:
        steps: The network's functions.
        feature: The spectrogram of the stream; as many rows as its window holds are averaged.

    Raises:
        UserError: The network does not fit the feature, or fails on silence.
    """

    def __init__(self, steps: Steps, feature: Spectrogram) -> None:
        steps.check(feature)
        per = steps.rows[0]
        self._steps, self._rows, self._hop = steps, Rows(feature, per), feature.hop
        self.longest = self._rows.longest
        # Of each step its h beside what it found, for a window.
        self._came_to = Ring(feature.shape[0] // per, (steps.units + steps.kinds,))
        self._state = (np.zeros((1, steps.units), np.float32),) * 2
        self._failure: InferenceError | None = None
        black = np.zeros(steps.rows, np.float32)
        try:
            for _ in range(self._came_to.capacity):
                self._take(black)
        except InferenceError as error:
            raise UserError(f"fails on silence ({error})") from error
        self._silence = self._came_to.latest(self._came_to.capacity).copy(), self._state
        self.reset()

    @property
    def behind(self) -> int:
        """Samples of the rows that wait for their step."""
        return self._rows.waiting * self._hop

    def catch_up(self) -> None:
        """Take the steps that have become due; where one fails, it goes on from silence."""
        rows = self._rows.new()
        try:
            for i in range(0, len(rows), self._steps.rows[0]):
                self._take(rows[i : i + self._steps.rows[0]])
        except InferenceError as error:
            self._failure = error
            self._rest()

    def window(self) -> np.ndarray:
        """What the network answers from, float32 (2 * units + kinds,).

        The average of ``h`` over the window, its last value, and the average of what was found.

        Raises:
            InferenceError: A step failed since the last time.
        """
        self.catch_up()
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        units = self._steps.units
        average = self._came_to.latest(self._came_to.capacity).mean(axis=0)
        return np.concatenate([average[:units], self._state[0][0], average[units:]])

    def predict(self, window: np.ndarray) -> np.ndarray:
        """What the network makes of ``window``; see ``Network.predict``."""
        return self._steps.answer(window)

    def reset(self) -> None:
        """Forget the stream: before it there was silence."""
        self._rows.reset()
        self._failure = None
        self._rest()

    def _rest(self) -> None:
        rows, self._state = self._silence
        self._came_to.write(rows)

    def _take(self, rows: np.ndarray) -> None:
        out = self._steps.run(rows, self._state)
        self._state = out["h"], out["c"]
        self._came_to.write(np.concatenate([out["h"], out["found"]], axis=1))
