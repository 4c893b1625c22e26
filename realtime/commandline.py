"""The options of ``rt-classify``."""

from __future__ import annotations

import math
from argparse import ArgumentTypeError
from typing import NoReturn

from realtime import __version__
from realtime.config import Parser
from realtime.records import HOPS, LONGEST

SOURCES = ("mic", "midi_port", "midi_virtual", "file", "source", "list_devices", "benchmark")
"""Options of which each asks for something else to listen to, or to do instead."""


class _Parser(Parser):
    def error(self, message: str) -> NoReturn:
        words = message.removeprefix("unrecognized arguments: ")
        if words != message and not words.startswith("-"):
            message = f"{words}: a file is named by --file"
        super().error(message)


def parser() -> Parser:
    """The command line's options; none of them is required, as a file may give them too."""
    made = _Parser(
        prog="rt-classify",
        description="Listen to music with a CNN and an LSTM, and see what each of them hears.",
    )
    made.add_argument("--version", action="version", version=f"%(prog)s {__version__}")

    made.add_argument(
        "--config", metavar="FILE", help="options in TOML; by default in the platform's usual place"
    )
    made.add_argument(
        "--print-config", action="store_true", help="show every option as it is now, in TOML"
    )

    source = made.add_argument_group("what to listen to").add_mutually_exclusive_group()
    source.add_argument(
        "--mic",
        nargs="?",
        const="",
        metavar="DEVICE",
        help="a microphone: part of its name, or its index; the default input otherwise",
    )
    source.add_argument(
        "--midi-port",
        nargs="?",
        const="",
        metavar="PORT",
        help="a MIDI port: part of its name; the only port otherwise",
    )
    source.add_argument(
        "--midi-virtual", metavar="NAME", help="open a MIDI port that other programs connect to"
    )
    source.add_argument(
        "--file",
        nargs="+",
        action="extend",
        metavar="PATH",
        help="sound (.wav .flac .ogg .mp3 .aiff) or MIDI files (.mid .midi), or folders that "
        "--record wrote; '-' reads raw float32 16 kHz mono from stdin",
    )
    source.add_argument(
        "--source", metavar="NAME[=ARGUMENT]", help="a source that an installed package adds"
    )
    source.add_argument("--list-devices", action="store_true", help="list microphones and ports")
    source.add_argument(
        "--benchmark", action="store_true", help="time the models here: hops and streams they keep"
    )

    live = made.add_argument_group("live sources")
    live.add_argument("--channel", default="mix", metavar="N|mix", help="channel of a microphone")
    live.add_argument("--midi-api", metavar="API", help="such as alsa, jack, coremidi or winmm")
    live.add_argument("--through", metavar="PORT", help="pass on what is played to another port")
    live.add_argument(
        "--exit-on-disconnect", action="store_true", help="end when the device vanishes"
    )
    live.add_argument(
        "--check", action="store_true", help="try level and speed for 5 s, and say if all is well"
    )

    how = made.add_argument_group("how to listen")
    how.add_argument(
        "--task",
        metavar="instrument|composer|all",
        help="default: all for sound, composer for MIDI",
    )
    how.add_argument(
        "--model", action="append", default=[], metavar="NAME_OR_FOLDER", help="repeatable"
    )
    how.add_argument("--hop", type=_hop, default=0.25, metavar="SECONDS", help="default 0.25")
    how.add_argument("--duration", type=_seconds, metavar="SECONDS", help="stop after so much")
    how.add_argument(
        "--pace",
        choices=("real", "fast"),
        help="replay files as played, or as fast as possible (default: real with the dashboard)",
    )
    how.add_argument("--soundfont", metavar="FILE", help="through which MIDI is heard")
    how.add_argument("--threads", type=int, default=1, help="threads a network may use, 1 to 64")

    many = made.add_argument_group("many files")
    many.add_argument(
        "--out",
        metavar="FOLDER",
        help="hear all files below --file DIR: a result for each and a table; goes on where it was",
    )
    many.add_argument("--jobs", type=int, metavar="N", help="processes; default: all cores")
    many.add_argument(
        "--dask", metavar="ADDRESS", help="a Dask scheduler instead: tcp://HOST:PORT (extra: dask)"
    )

    out = made.add_argument_group("where to put it")
    out.add_argument("--json", action="store_true", help="JSON lines on stdout, nothing else")
    out.add_argument("--csv", metavar="FILE", help="a row for each prediction")
    out.add_argument(
        "--record", metavar="FOLDER", help="keep what is heard; --file FOLDER replays it"
    )
    out.add_argument(
        "--labels", metavar="FILE", help="label tracks for Audacity: FILE.MODEL.txt for each model"
    )
    out.add_argument(
        "--plot",
        metavar="FILE",
        help="the session as a picture: .png, .svg or .pdf (extra: outputs)",
    )
    out.add_argument(
        "--osc", metavar="HOST:PORT", help="Open Sound Control messages (extra: outputs)"
    )
    out.add_argument(
        "--mqtt",
        metavar="URL",
        help="an MQTT broker: mqtt://[USER:PASSWORD@]HOST[:PORT][/PREFIX]"
        "[?discovery=homeassistant] (extra: outputs)",
    )
    out.add_argument(
        "--sink",
        action="append",
        default=[],
        metavar="NAME[=ARGUMENT]",
        help="an output that an installed package adds; repeatable",
    )
    out.add_argument("--no-dashboard", action="store_true", help="plain lines of text")
    return made


def _seconds(text: str) -> float:
    value = _number(text)
    if not 0 < value <= LONGEST:
        raise ArgumentTypeError(f"must be a number of seconds above 0, at most {LONGEST:g}")
    return value


def _hop(text: str) -> float:
    value = _number(text)
    shortest, longest = HOPS
    if not shortest <= value <= longest:
        raise ArgumentTypeError(f"must be a number of seconds from {shortest:g} to {longest:g}")
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
