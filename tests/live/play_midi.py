"""A MIDI player under command: one JSON object a line on stdin, such as {"do": "open", …}."""

from __future__ import annotations

import json
import signal
import sys
import threading
import time

import mido

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
backend = mido.Backend("mido.backends.rtmidi/UNIX_JACK")
say_turn = threading.Lock()


def say(what, /, **facts):
    with say_turn:
        print(json.dumps({"say": what, "at": time.perf_counter()} | facts), flush=True)


def hear(message):
    say("message", message=str(message))


port = None
say("ready")
for line in sys.stdin:
    command = json.loads(line)
    match command.pop("do"):
        case "open":  # a keyboard that others listen to
            port = backend.open_output(command["name"], virtual=True)
        case "connect":  # play to the first port of which this is a part
            name = next(n for n in backend.get_output_names() if command["name"] in n)
            port = backend.open_output(name)
        case "listen":  # a synthesizer that others play to
            port = backend.open_input(command["name"], virtual=True, callback=hear)
        case "send":
            for message in command["messages"]:
                port.send(mido.Message(**message))
                time.sleep(command.get("every", 0))
        case "play":  # a file, as fast as it is meant
            for message in mido.MidiFile(command["path"]).play():
                port.send(message)
        case "close":
            port.close()
    say("done")
