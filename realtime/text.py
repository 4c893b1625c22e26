"""Text that is safe to show on a terminal."""

from __future__ import annotations

import unicodedata

# Control characters, lone surrogates (from file names that are not UTF-8; printing one raises) and
# the separators that some terminals and log readers take for a new line.
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})


def printable(text: str) -> str:
    """``text`` on one line, with every control character replaced by ``?``.

    File, device and label names come from outside: printed as they are they could move the cursor,
    recolour the screen or fake further lines.

    Args:
        text: Anything, also names that the file system could not decode.

    Returns:
        A string of the same length that holds no escape, no line break and can be encoded.
    """
    return "".join("?" if unicodedata.category(char) in _UNPRINTABLE else char for char in text)
