"""Colours and characters: what a terminal can show, and how the dashboard uses it."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions
from rich.text import Text

from realtime.text import printable

# Okabe and Ito's palette, which stays apart for every kind of colour vision.
ORANGE = "#E69F00"
SKY = "#56B4E9"
GREEN = "#009E73"
VERMILLION = "#D55E00"
PURPLE = "#CC79A7"

QUIET = "bright_black"
"""For what is there but need not catch the eye; the terminal's own grey suits its background."""

FAINT = "dim bright_black"
"""For what only guides the eye."""

STATE_COLOURS = {"live": GREEN, "warming": ORANGE, "silent": QUIET, "unknown": PURPLE}


@dataclass(frozen=True)
class Glyphs:
    """The characters that drawings are made of."""

    bar: str
    half_bar: str
    track: str
    rule: str
    leader: str
    agree: str
    differ: str
    between: str
    cut: str
    still: str
    """Nothing is heard: a pause, or a device that is away."""
    states: dict[str, str]
    pixels: str
    """Nothing, upper half, lower half, both."""
    shades: str
    """From nothing to full, for pictures without colour."""
    heights: str
    """From nothing to full, for curves of one line."""


UNICODE = Glyphs(
    bar="━",
    half_bar="╸",
    track="─",
    rule="─",
    leader="▸",
    agree="✓",
    differ="≠",
    between="·",
    cut="…",
    still="‖",
    states={"live": "●", "warming": "◌", "silent": "○", "unknown": "?"},
    pixels=" ▀▄█",
    shades=" ░▒▓█",
    heights=" ▁▂▃▄▅▆▇█",
)
ASCII = Glyphs(
    bar="=",
    half_bar="-",
    track=" ",
    rule="-",
    leader=">",
    agree="=",
    differ="!",
    between="|",
    cut="~",
    still="|",
    states={"live": "*", "warming": "~", "silent": "-", "unknown": "?"},
    pixels=" '.#",
    shades=" .:-=+*#%@",
    heights=" .,-~=+*#",
)


@dataclass(frozen=True)
class Look:
    """How to draw on one terminal.

    Attributes:
        glyphs: Characters that it can show.
        picture_colours: Whether a picture may be painted in colours; if not, in shades.
        encoding: What its text is encoded in.
    """

    glyphs: Glyphs
    picture_colours: bool
    encoding: str

    @classmethod
    def of(cls, console: Console, options: ConsoleOptions) -> Look:
        """The look for a console: ``NO_COLOR``, few colours and plain encodings are honoured."""
        colours = console.color_system in {"256", "truecolor"} and not console.no_color
        plain = options.ascii_only
        return cls(ASCII if plain else UNICODE, colours and not plain, options.encoding)

    def name(self, text: str, width: int | None = None) -> str:
        """A name from outside, harmless and encodable, cut to a width in cells if given."""
        text = printable(text).encode(self.encoding, "replace").decode(self.encoding)
        if width is None or cell_len(text) <= width:
            return text
        return (set_cell_size(text, width - 1).rstrip() + self.glyphs.cut) if width > 0 else ""

    def rule(self, title: str, note: Text, width: int) -> Text:
        """A section's heading: its title at the left of a thin line, a note at the right."""
        rule = self.glyphs.rule
        title = self.name(title, max(0, width - 8))
        line = Text(f"{rule * 2} ", style=QUIET).append(title, style="bold default").append(" ")
        ending = Text()
        if note:
            note.truncate(max(0, width - line.cell_len - 6), overflow="crop")
            ending = Text(" ", style=QUIET).append_text(note).append(f" {rule * 2}", style=QUIET)
        line.append(rule * max(0, width - line.cell_len - ending.cell_len))
        return line.append_text(ending)


def fit(line: Text, width: int) -> Text:
    """The line at exactly this width."""
    line.truncate(max(0, width), overflow="crop", pad=True)
    return line


def beside(left: list[Text], right: list[Text], width: int, gap: int) -> list[Text]:
    """Two columns: the left one is ``width`` cells wide."""
    lines = []
    for index in range(max(len(left), len(right))):
        # A copy: the same empty line may stand in several places.
        line = left[index].copy() if index < len(left) else Text()
        line = fit(line, width).append(" " * gap)
        lines.append(line.append_text(right[index]) if index < len(right) else line)
    return lines


def clock(seconds: float) -> str:
    """Stream time as a person reads it: ``4:05``, or ``1:04:05``."""
    minutes, second = divmod(max(0, int(seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
