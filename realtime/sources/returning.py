"""Knows a device by its name when it comes back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


class Returning:
    """The name of a device that may go away and come back.

    Systems number devices, some anew at each connection, so a name that differs only there counts
    as that of the same device. Not so the name of an equal one that stood beside it and stays.

    Args:
        name: The device's.
        names: Of all devices that there are.
        passing: What of a name may differ; None if nothing.

    Attributes:
        name: The device's.
    """

    def __init__(
        self, name: str, names: Iterable[str], passing: re.Pattern[str] | None = None
    ) -> None:
        self.name = name
        self._passing = passing
        self._beside = set(names) - {name}

    def among(self, names: Sequence[str]) -> str | None:
        """The name under which the device is back, the first that fits; None while it is away."""
        self._beside.intersection_update(names)
        if self.name in names or self._passing is None:
            return self.name if self.name in names else None
        stem = self._passing.sub("", self.name)
        fitting = (name for name in names if self._passing.sub("", name) == stem)
        return next((name for name in fitting if name not in self._beside), None)
