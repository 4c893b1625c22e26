"""What other packages add: sources, features, sinks, networks and presets, by entry points.

A package names them in its own ``pyproject.toml``::

    [project.entry-points."realtime.sinks"]
    lamp = "my_package.lamp:Lamp"

Nothing is imported before it is asked for by name.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any, Literal

from realtime.errors import UserError
from realtime.text import printable

Group = Literal[
    "realtime.sources",
    "realtime.features",
    "realtime.sinks",
    "training.networks",
    "training.presets",
]


def names(group: Group) -> list[str]:
    """What the installed packages add to a group."""
    return sorted({entry.name for entry in entry_points(group=group)})


def load(group: Group, name: str) -> Any:
    """The object that an installed package adds under this name.

    Raises:
        UserError: No package does, or its import fails.
    """
    for entry in entry_points(group=group, name=name):
        try:
            return entry.load()
        except Exception as error:  # whatever a stranger's module does at import
            raise UserError(
                f"{group} {printable(name)}: {printable(entry.value)} cannot be loaded "
                f"({printable(str(error)) or type(error).__name__}); mend or remove that package"
            ) from error
    known = ", ".join(map(printable, names(group))) or "none"
    raise UserError(f"no installed package adds {printable(name)!r} to {group}; there are: {known}")


def made(group: Group, what: str) -> Any:
    """A source or sink from ``NAME`` or ``NAME=ARGUMENT``, as the command line gives it.

    The entry point is called with the argument, a string, or with nothing.

    Raises:
        UserError: It cannot be loaded, or says so itself.
    """
    name, equals, argument = what.partition("=")
    make = load(group, name)
    return make(argument) if equals else make()
