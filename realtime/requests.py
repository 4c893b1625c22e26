"""Which options mean something for what is asked for; the others are refused, not ignored."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Set as AbstractSet

from realtime.commandline import SOURCES
from realtime.errors import UserError

_MIDI = ("midi_port", "midi_virtual")
_DEVICE = ("mic", *_MIDI)
_HEARD = (*_DEVICE, "file", "source")
_KEPT = ("json", "csv", "record", "labels", "plot", "osc", "mqtt", "sink")

SUITS: dict[str, tuple[str, ...]] = {
    "channel": ("mic",),
    "midi_api": _MIDI,
    "through": _MIDI,
    "exit_on_disconnect": _DEVICE,
    "check": (*_DEVICE, "source"),
    "pace": ("file", "source"),
    "soundfont": (*_MIDI, "file", "source"),
    "out": ("file",),
    "jobs": ("file",),
    "dask": ("file",),
    "duration": _HEARD,
    **dict.fromkeys(_KEPT, _HEARD),
    **dict.fromkeys(("task", "model", "hop", "threads"), (*_HEARD, "benchmark")),
}
"""What an option needs, one of them, to mean something; the rest suit whatever is asked for."""

NOT_CHECKED = (*_KEPT, "soundfont")
"""What ``--check`` has no use for: it listens and times, and shows text."""


def refuse_unsuitable(args: Namespace, said: AbstractSet[str]) -> None:
    """Refuse what the command line says in vain.

    What a file of settings says in vain is no fault: it is there for other runs, too.

    Args:
        args: All options.
        said: Those that the command line itself gives.

    Raises:
        UserError: One of them does not go with what is asked for.
    """
    if {"jobs", "dask"} <= said:
        raise UserError("--dask has the cluster's workers do it; leave out --jobs")
    wish = next((name for name in SOURCES if getattr(args, name) not in (None, False)), None)
    if wish is None:
        return  # that is told where it is missed
    for name in sorted(said & SUITS.keys()):
        if wish not in SUITS[name]:
            needs = " or ".join(map(_option, SUITS[name]))
            raise UserError(f"{_option(name)} goes with {needs}, not {_option(wish)}; leave it out")
        if args.check and name in NOT_CHECKED:
            raise UserError(f"--check has no use for {_option(name)}; leave one of them out")


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
