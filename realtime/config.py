"""Options from a TOML file: the same names as on the command line, which goes before it.

::

    # ~/.config/rt-classify/config.toml on Linux
    mic = "usb"
    task = "instrument"
    hop = 0.5
    model = ["instrument-cnn", "my-sounds"]
    no-dashboard = true
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from realtime.errors import UserError
from realtime.text import printable

NOT_IN_A_FILE = ("config", "print_config")


class Parser(argparse.ArgumentParser):
    """Tells what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """Raises ``UserError`` instead of printing the usage and leaving."""
        raise UserError(f"{printable(message)}; see {self.prog} --help")


def options(
    parser: Parser, argv: Sequence[str] | None, exclusive: Sequence[str]
) -> argparse.Namespace:
    """What the command line, the file and the defaults say together.

    Args:
        parser: Has an option ``--config``; none of its options may be required.
        argv: The command line; that of the process by default.
        exclusive: Options of which the file may set one, and none where the command line does.

    Raises:
        UserError: The command line or the file is at fault.
    """
    defaults = vars(parser.parse_args([]))
    given = said(parser, argv)
    path = Path(given["config"]) if "config" in given else usual_place()
    configured: dict[str, Any] = {}
    if "config" in given or os.path.isfile(path):
        configured = read(path, parser, defaults)
        chosen = [name for name in exclusive if name in configured]
        if len(chosen) > 1:
            first, second, *_ = map(_key, chosen)
            raise _fault(path, f"{first} and {second} exclude each other; keep one")
        if any(name in given for name in exclusive):
            configured = {k: v for k, v in configured.items() if k not in exclusive}
    return argparse.Namespace(**{**defaults, **configured, **given})


def said(parser: Parser, argv: Sequence[str] | None) -> dict[str, Any]:
    """What the command line itself says, without defaults.

    Raises:
        UserError: It is at fault.
    """
    return _given(parser, argv, vars(parser.parse_args([])))


def usual_place() -> Path:
    """Where the file lies when ``--config`` names none; it need not exist."""
    from platformdirs import user_config_path

    return user_config_path("rt-classify", appauthor=False) / "config.toml"


def read(path: Path, parser: Parser, known: Mapping[str, Any]) -> dict[str, Any]:
    """The options that a file sets, each checked as on the command line.

    Raises:
        UserError: It cannot be read, is no TOML, or a key or value is wrong.
    """
    try:
        content = tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        raise _fault(path, f"cannot be read ({error.strerror}); check --config") from error
    except ValueError as error:  # no TOML, or not UTF-8
        raise _fault(path, f"not TOML: {error}; mend that line") from error
    configured: dict[str, Any] = {}
    for key, value in content.items():
        name = key.replace("-", "_")
        if name not in known or name in NOT_IN_A_FILE or "_" in key:
            near = difflib.get_close_matches(_key(name), map(_key, known), 1)
            hint = f"did you mean {near[0]}?" if near else "rt-classify --help lists them"
            raise _fault(path, f"{key}: no such option; {hint}")
        try:
            configured |= _given(parser, _words(key, value), known)
            if value is False and _given(parser, [f"--{key}"], known)[name] is not True:
                raise UserError("takes a value, not false")
        except UserError as error:
            told = str(error).removeprefix(f"argument --{key}: ").partition("; see ")[0]
            raise _fault(path, f"{key}: {told}") from error
    return configured


def written(settings: argparse.Namespace) -> str:
    """Settings as a file that ``read`` understands; what is not set is a comment."""
    place = printable(str(usual_place()))
    lines = ["# What each option is now; those without a value are not set.", f"# Kept in {place}"]
    for name, value in vars(settings).items():
        if name in NOT_IN_A_FILE:
            continue
        unset = value is None or value == []
        lines.append(f"# {_key(name)} =" if unset else f"{_key(name)} = {_toml(value)}")
    return "\n".join(lines)


def _given(parser: Parser, argv: Sequence[str] | None, known: Mapping[str, Any]) -> dict[str, Any]:
    """Only what the words of a command line say, without defaults."""
    empty = argparse.Namespace(**dict.fromkeys(known))
    given = vars(parser.parse_args(argv, empty))
    return {name: value for name, value in given.items() if value is not None}


def _words(key: str, value: Any) -> list[str]:
    """A key and its value as words of a command line."""
    if isinstance(value, bool):
        return [f"--{key}"] if value else []
    if isinstance(value, list) and all(type(each) in (str, int, float) for each in value):
        return [f"--{key}={each}" for each in value]
    if isinstance(value, str | int | float):
        return [f"--{key}={value}"]
    raise UserError("must be a string, a number, true, false, or a list of strings")


def _toml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    # Strings of JSON are strings of TOML, but for the one control character it lets pass.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name.replace("_", "-")


def _fault(path: Path, what: str) -> UserError:
    return UserError(f"{printable(str(path))}: {printable(what)}")
