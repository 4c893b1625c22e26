"""Whether a file can be written to later, asked before anything is heard."""

from __future__ import annotations

import os
from pathlib import Path

from realtime.errors import UserError
from realtime.text import printable


def writable(path: str | os.PathLike[str]) -> Path:
    """The path itself, if as far as can be told a file can be written there.

    Raises:
        UserError: Its folder is missing or takes no files, or there can be none of that name.
    """
    path = Path(path)
    where = printable(str(path))
    try:
        os.stat(path)
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or "there can be no such file"
        raise UserError(f"{where}: cannot be written ({reason}); name another file") from error
    if os.path.isdir(path) or not path.name or not os.path.isdir(path.parent):
        raise UserError(f"{where}: no file there; name one in a folder that exists")
    if not os.access(path.parent, os.W_OK):
        raise UserError(f"{where}: its folder takes no files; name one in another folder")
    return path
