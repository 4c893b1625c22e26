"""A network with an ear, which hears every frame once."""

from __future__ import annotations

import numpy as np

from realtime.errors import UserError
from realtime.features.spectrogram import Spectrogram
from realtime.inference import InferenceError, Network
from realtime.ring import Ring
from realtime.streaming.rows import Rows


class Ear:
    """The functions of a network with an ear.

    Args:
        network: Has a function ``hear`` from ``rows`` (1, n, bands) to ``keys`` (1, m, kinds),
            where the m frames are those in the middle of the n, and a function ``judge`` from
            ``keys`` (1, frames, kinds) to ``probs`` (1, n_labels), all float32.

    Attributes:
        rows: Shape of what it hears at a time, (n, bands).
        told: Frames that it then tells of, m.
        keys: Shape of what is judged, (frames, kinds).

    Raises:
        UserError: It has none, or others.
    """

    def __init__(self, network: Network) -> None:
        hear, judge = network.function("hear"), network.function("judge")
        if hear is None or judge is None:
            raise UserError("has no functions 'hear' and 'judge'")
        try:
            (_, *self.rows), (_, self.told, kinds) = hear.takes["rows"], hear.gives["keys"]
            (_, *self.keys) = judge.takes["keys"]
            fits = len(self.rows) == len(self.keys) == 2 and hear.takes == {"rows": (1, *self.rows)}
            fits = fits and hear.gives == {"keys": (1, self.told, kinds)}
            fits = fits and judge.takes == {"keys": (1, self.keys[0], kinds)}
            fits = fits and judge.gives == {"probs": (1, network.outputs)}
            fits = fits and 0 < self.told <= self.rows[0] and (self.rows[0] - self.told) % 2 == 0
        except (KeyError, ValueError):
            fits = False
        if not fits:
            raise UserError("its functions 'hear' and 'judge' are not those of an ear")
        self._hear, self._judge = hear, judge

    def check(self, feature: Spectrogram) -> None:
        """Whether they fit a spectrogram.

        Raises:
            UserError: They do not.
        """
        frames, bands = feature.shape
        n, wide = self.rows
        if wide != bands or self.keys[0] != frames or n > frames:
            told = f"hears {n} frames of {wide} bands and judges {self.keys[0]}"
            raise UserError(f"{told}, which does not fit a feature of {frames} x {bands}")

    def hear(self, rows: np.ndarray) -> np.ndarray:
        """Which keys are struck in the frames in the middle, float32 (told, kinds).

        Args:
            rows: float32, of shape ``rows``.

        Raises:
            InferenceError: The runtime failed, or what came out are no finite numbers.
        """
        return self._hear(rows=rows[None])["keys"][0]

    def judge(self, keys: np.ndarray) -> np.ndarray:
        """What the keys of a window say, float32 (n_labels,).

        Args:
            keys: float32, of shape ``keys``.

        Raises:
            InferenceError: As for ``hear``.
        """
        return self._judge(keys=keys[None])["probs"][0]


class Heard:
    """What an ear heard of one stream; see ``realtime.streaming.Follower``.

    It hears a frame when those are there that its filters read beside it, a few tenths of a second
    later.

    Args:
        ear: The network's functions.
        feature: The spectrogram of the stream.

    Raises:
        UserError: They do not fit each other.
    """

    def __init__(self, ear: Ear, feature: Spectrogram) -> None:
        ear.check(feature)
        frames, bands = feature.shape
        self._ear, self._rows, self._hop = ear, Rows(feature, ear.told), feature.hop
        self._beside = (ear.rows[0] - ear.told) // 2
        self.longest = self._rows.longest
        self._latest = Ring(ear.rows[0], (bands,))
        self._keys = Ring(frames, (ear.keys[1],))
        self._failure: InferenceError | None = None

    @property
    def behind(self) -> int:
        """Samples of the frames that wait for those beside them."""
        return (self._beside + self._rows.waiting) * self._hop

    def catch_up(self) -> None:
        """Hear the frames that have become due; of those that it fails on no key counts."""
        rows, told = self._rows.new(), self._ear.told
        for i in range(0, len(rows), told):
            self._latest.write(rows[i : i + told])
            try:
                keys = self._ear.hear(self._latest.latest(self._latest.capacity))
            except InferenceError as error:
                self._failure = error
                keys = np.zeros((told, self._ear.keys[1]), np.float32)
            self._keys.write(keys)

    def window(self) -> np.ndarray:
        """The keys of a window, float32 (frames, kinds); a view until the next frame is heard.

        Raises:
            InferenceError: The ear failed since the last time.
        """
        self.catch_up()
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        return self._keys.latest(self._keys.capacity)

    def predict(self, window: np.ndarray) -> np.ndarray:
        """What the network makes of ``window``; see ``Network.predict``."""
        return self._ear.judge(window)

    def reset(self) -> None:
        """Forget the stream: before it there was silence."""
        self._rows.reset()
        self._latest.reset()
        self._keys.reset()
        self._failure = None
