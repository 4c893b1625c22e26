"""Text that is safe to show on a terminal."""

from __future__ import annotations

import sys
import unicodedata

# Control characters, lone surrogates (from file names that are not UTF-8; printing one raises) and
# the separators that some terminals and log readers take for a new line.
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
# They turn the direction of all text after them, so that a name can pose as another.
_TURNING = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(text: str) -> str:
    """``text`` on one line, with every control character replaced by ``?``.

    File, device and label names come from outside: printed as they are they could move the cursor,
    recolour the screen or fake further lines.

    Args:
        text: Anything, also names that the file system could not decode.

    Returns:
        A string of the same length that holds no escape, no line break and can be encoded.
    """
    return "".join("?" if _harms(char) else char for char in text)


def tell(what: str) -> None:
    """Print a line for the person at the terminal, on stderr, where it disturbs no output."""
    print(f"rt-classify: {printable(what)}", file=sys.stderr, flush=True)


def _harms(char: str) -> bool:
    # No XML may hold a noncharacter, and an MQTT broker hangs up on a topic that does.
    noncharacter = ord(char) & 0xFFFE == 0xFFFE or "\ufdd0" <= char <= "\ufdef"
    return noncharacter or unicodedata.category(char) in _UNPRINTABLE or char in _TURNING
