"""The page behind the key ``?``: what the keys do, and what the picture shows."""

from __future__ import annotations

import sys

from rich.text import Text

from realtime.sinks.dashboard.look import QUIET, STATE_COLOURS, Look
from realtime.sinks.dashboard.scene import Scene

KEYS = {
    "q": "quit, with a summary",
    "space": "pause, and go on",
    "r": "reset the evidence: another piece or player; not while recording",
    "m": "show the next task alone, and after the last one all of them",
    "d": "listen to the next device; not while recording",
    "?": "this page, and back",
}
if sys.platform != "win32":
    KEYS["Ctrl-Z"] = "stop and go to the shell; its command fg comes back"

STATES = {
    "live": "a whole window was heard and a label is likely enough",
    "warming": "warming up: not yet a whole window",
    "silent": "nothing sounds",
    "unknown": "no label is likely enough",
}

MEANINGS = {
    "bar": "how likely a label is, smoothed over the last windows",
    "curve": "the same over the last minute",
    "so far": "what all windows since the start or the last reset favour together",
    "agreed": "the part of the last minute in which both led with one label",
}


def explained(look: Look, scene: Scene, width: int) -> list[Text]:
    """The page, line by line."""
    lines = [look.rule("Keys", Text(), width)]
    for key, meaning in KEYS.items():
        if key != "d" or scene.live:
            lines.append(Text(f"  {key:<10}", "bold default").append(meaning, "default"))
    lines += [Text(), look.rule("What it shows", Text(), width)]
    for word, meaning in MEANINGS.items():
        lines.append(Text(f"  {word:<10}", "bold default").append(meaning, "default"))
    lines.append(Text(f"  {look.glyphs.leader:<10}the likeliest label", "default"))
    for state, meaning in STATES.items():
        sign, colour = look.glyphs.states[state], STATE_COLOURS[state]
        lines.append(Text(f"  {sign:<10}", colour).append(meaning, "default"))
    lines.append(Text("  The picture shows the last 10 seconds of what is heard.", QUIET))
    return lines
