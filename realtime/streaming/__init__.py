"""Networks that follow a stream and read every frame of it once, instead of whole windows.

What a hop costs them does not depend on how long their window is. Their file has functions beside,
or instead of, the one that reads a window:

- an LSTM (``Carried``) has ``step``, which reads a few rows of a spectrogram beside the state that
  the step before left, and ``answer``, which turns what the last window's steps came to into
  probabilities. These depend on all that was heard since the stream began;
- a network with an ear (``Heard``) has ``hear``, which tells of a frame and a few around it which
  keys are struck, and ``judge``, which turns those of a window into probabilities.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from realtime.errors import UserError
from realtime.features.spectrogram import Spectrogram
from realtime.inference import Network
from realtime.streaming.carried import Carried, Steps
from realtime.streaming.heard import Ear, Heard

__all__ = ["Carried", "Ear", "Follower", "Heard", "Steps", "check", "follow"]


class Follower(Protocol):
    """What a network knows of one stream, as it follows it."""

    @property
    def longest(self) -> int:
        """Most samples that may come between two calls of ``catch_up``."""

    @property
    def behind(self) -> int:
        """Samples by which what it has read ends before the newest whole frame."""

    def catch_up(self) -> None:
        """Read what is new.

        Where the network fails, ``window`` says so, and goes on.
        """

    def window(self) -> np.ndarray:
        """What it answers from, float32.

        Raises:
            InferenceError: The network failed since the last time.
        """

    def predict(self, window: np.ndarray) -> np.ndarray:
        """Its answer to what ``window`` gave, float32 (n_labels,).

        Raises:
            InferenceError: The network fails.
        """

    def reset(self) -> None:
        """Forget the stream: before it there was silence."""


def follow(network: Network, feature: Any) -> Follower:
    """What lets a network follow the stream that a feature reads.

    Args:
        network: Has the functions of one of the kinds above.
        feature: Of ``realtime.features``.

    Raises:
        UserError: It has neither, does not fit the feature, or fails on silence.
    """
    functions, kind = _functions(network, feature)
    return kind(functions, feature)


def check(network: Network, feature: Any) -> None:
    """Whether a network can follow the stream that a feature reads; it is not run.

    Args:
        network: As for ``follow``.
        feature: Likewise.

    Raises:
        UserError: It has no such functions, or they do not fit the feature.
    """
    functions, _ = _functions(network, feature)
    functions.check(feature)


def _functions(network: Network, feature: Any) -> tuple[Any, Any]:
    """A network's functions, and what follows a stream with them."""
    if not isinstance(feature, Spectrogram):
        raise UserError("follows a spectrogram, and nothing else")
    if "hear" in network.functions:
        return Ear(network), Heard
    return Steps(network), Carried
