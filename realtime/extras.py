"""Packages that only some options need: imported when asked for, and missed in one line."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from realtime.errors import UserError


def need(module: str, *, extra: str, option: str) -> Any:
    """Import a module that comes with an extra.

    Args:
        module: Its dotted name.
        extra: The extra of this package that brings it.
        option: What asked for it, for the message.

    Returns:
        The module.

    Raises:
        UserError: It is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        missing = (error.name or module).partition(".")[0]
        raise UserError(
            f"{option} needs the package {missing}: install the extra, pip install '.[{extra}]'"
        ) from error
