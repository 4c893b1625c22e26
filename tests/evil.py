"""Names as somebody would choose them who wants to do harm."""

from __future__ import annotations

EVIL = "\x1b[2J\x1b]0;pwned\x07\x9b31m[bold red]x[/]\u202e\r\nfake line\u2028"
"""Clears a terminal, titles and colours it, is Rich's markup, turns text, and begins a line."""

FILE = EVIL.replace("/", "")
"""The same as the name of a file."""

MARKUP = "a|b <img src=x> [c](http://d) *e* `f"
"""What Markdown would take for more than text."""


def harmless(text):
    """Whether text on several lines holds nothing that a terminal obeys, and no line of EVIL's."""
    lines = text.split("\n")
    return all(line.isprintable() and not line.startswith("fake") for line in lines)
