"""What the models of one stream share: its features, brought up to date once for all of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from realtime import features
from realtime.inference import Network
from realtime.meter import Meter, Reading
from realtime.records import STREAM_RATE, TimedMessage
from realtime.registry import Manifest
from realtime.streaming import Follower, follow

SILENT_DBFS = -60.0
SILENT_AFTER = 1.0
"""Seconds below ``SILENT_DBFS`` after which the stream counts as silent."""

RESTING_AFTER = 3.0
"""Seconds without a key down after which a MIDI stream counts as silent."""


@dataclass(frozen=True, slots=True)
class View:
    """What a model is shown.

    Attributes:
        window: float32, what the network reads; None when it holds nothing but silence.
        start: Stream position where the window starts.
        end: Stream position where it ends.
        full: Whether a whole window has been heard.
        silent: Whether nothing is sounding now.
        fresh: Whether anything was added since the view before.
    """

    window: np.ndarray | None
    start: int
    end: int
    full: bool
    silent: bool
    fresh: bool


class AudioLane:
    """Sound: one feature for each description that occurs, and a level meter.

    Args:
        manifests: Models that listen to sound.
        silent_dbfs: Level under which there is silence.
        networks: Of those that follow the stream instead of reading windows, by the model's name.

    Attributes:
        followers: What lets these do so, by the model's name.
    """

    def __init__(
        self,
        manifests: Sequence[Manifest],
        silent_dbfs: float = SILENT_DBFS,
        networks: Mapping[str, Network] | None = None,
    ) -> None:
        self._features, self._reads = _shared(manifests)
        self.followers: dict[str, Follower] = {
            name: follow(network, self._features[self._reads[name]])
            for name, network in (networks or {}).items()
        }
        self._most = min((f.longest for f in self.followers.values()), default=sys.maxsize)
        longest = max((f.window_samples for f in self._features), default=0)
        self.meter = Meter(max(SILENT_AFTER, longest / STREAM_RATE))
        self._silent_dbfs = silent_dbfs
        self._origin = 0
        self._views: dict[int, View] = {}  # by feature, of the stream as it stands

    def push(self, samples: np.ndarray) -> list[Reading]:
        """Take the next float32 (n,) samples; returns the meter's new readings."""
        self._views.clear()
        for start in range(0, len(samples), self._most):
            for feature in self._features:
                feature.push(samples[start : start + self._most])
            for each in self.followers.values():
                each.catch_up()
        return self.meter.push(samples)

    def leave_out(self, name: str) -> None:
        """A model that is asked no more has no need to follow the stream."""
        self.followers.pop(name, None)

    def view(self, manifest: Manifest) -> View:
        """What a model is shown of the stream as it stands.

        Raises:
            InferenceError: A network that follows the stream failed since the last time.
        """
        number = self._reads[manifest.name]
        feature = self._features[number]
        if manifest.name in self.followers:
            follower = self.followers[manifest.name]
            return self._look(feature, follower.window, follower.behind)
        if number not in self._views:
            self._views[number] = self._look(feature, feature.window)
        return self._views[number]

    def _look(self, feature: Any, window: Callable[[], np.ndarray], behind: int = 0) -> View:
        """A view of what is read ``behind`` samples before the feature's newest frame ends."""
        length = feature.window_samples / STREAM_RATE
        heard = self.meter.loudest(length) >= self._silent_dbfs
        start, end = feature.start - behind, feature.end - behind
        return View(
            window=window() if heard else None,
            start=self._origin + max(0, start),
            end=self._origin + max(0, end),
            full=start >= 0,
            silent=not heard or self.meter.loudest(SILENT_AFTER) < self._silent_dbfs,
            fresh=heard,
        )

    def reset(self, position: int) -> None:
        """Forget the sound; the stream goes on at ``position``."""
        self._views.clear()
        for feature in self._features:
            feature.reset()
        for each in self.followers.values():
            each.reset()
        self.meter.reset()
        self._origin = position


class NoteLane:
    """Notes: one feature for each description that occurs.

    Args:
        manifests: Models that read notes.
    """

    def __init__(self, manifests: Sequence[Manifest]) -> None:
        self._features, self._reads = _shared(manifests)
        self._keys = features.NoteSequence(length=1)  # which keys are down
        self._seen: dict[str, int] = {}

    def push(self, messages: Iterable[TimedMessage], now: int) -> None:
        """Take the next messages and move on to position ``now``."""
        messages = tuple(messages)
        for feature in (self._keys, *self._features):
            feature.push(messages, now)

    @property
    def sounding(self) -> tuple[int, ...]:
        """Pitches whose keys are down."""
        return self._keys.sounding

    def view(self, manifest: Manifest) -> View:
        """The current window of the feature that a model reads."""
        feature = self._features[self._reads[manifest.name]]
        fresh = feature.heard > self._seen.get(manifest.name, 0)
        self._seen[manifest.name] = feature.heard
        window = feature.window() if feature.heard else None
        keys = self._keys
        resting = not keys.sounding and keys.end - keys.released > RESTING_AFTER * STREAM_RATE
        return View(
            window=window,
            start=feature.start if feature.heard else feature.end,
            end=feature.end,
            full=feature.full,
            silent=resting or not feature.heard,
            fresh=fresh,
        )

    def reset(self, position: int) -> None:
        """Forget the notes; the stream goes on at ``position``."""
        for feature in (self._keys, *self._features):
            feature.reset()
            feature.push((), position)
        self._seen.clear()


def _shared(manifests: Sequence[Manifest]) -> tuple[list[Any], dict[str, int]]:
    """One feature for each description that occurs, and which of them each model reads."""
    built: dict[str, Any] = {}
    reads: dict[str, int] = {}
    for manifest in manifests:
        described = json.dumps(manifest.feature, sort_keys=True)
        if described not in built:
            built[described] = features.build(manifest.feature)
        reads[manifest.name] = list(built).index(described)
    return list(built.values()), reads
