"""Runs a live source and tells what it does, until SIGTERM: ``listen.py KIND FILE OPTIONS``."""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
import threading
import time

import numpy as np

from realtime.records import AudioBlock, Event, MidiBlock
from realtime.sources.microphone import Microphone
from realtime.sources.midi_port import MidiPort


def say(what, /, **facts):
    # perf_counter is the machine's on Linux: the test compares it with its own.
    print(json.dumps({"say": what, "at": time.perf_counter()} | facts), flush=True)


def held():
    """Threads, by Python and by the system, and open files of this process."""
    return {
        "python": threading.active_count(),
        "threads": len(os.listdir("/proc/self/task")),
        "files": len(os.listdir("/proc/self/fd")),
    }


def main(kind, path, options):
    faulthandler.register(signal.SIGUSR1)  # where it hangs, should it hang
    say("start", **held())
    source = (Microphone if kind == "mic" else MidiPort)(**json.loads(options))
    signal.signal(signal.SIGTERM, lambda *_: source.stop())
    blocks, late, end = [], [], None
    with source:
        facts = {"rate": source.rate, "channels": source.channels} if kind == "mic" else {}
        say("open", name=source.name, **facts)
        for item in source:
            if isinstance(item, AudioBlock | MidiBlock):
                if not blocks:
                    say("begin")
                if item.position != end and end is not None:
                    say("jump", start=end, stop=item.position)
                end = item.end
                blocks.append(item)
                late.append(time.perf_counter() - item.captured)
                for timed in getattr(item, "messages", ()):
                    message = timed.message
                    say("message", position=timed.position, message=str(message))
            elif isinstance(item, Event):
                say("event", kind=item.kind, t=item.t, text=item.text, count=item.count, **held())
    if kind == "mic":
        np.savez(
            path,
            positions=[block.position for block in blocks],
            lengths=[len(block.samples) for block in blocks],
            samples=np.concatenate([block.samples for block in blocks] or [np.zeros(0)]),
        )
    time.sleep(0.2)  # a thread that was joined takes a moment to leave the system's list
    say("end", end=end, late=sorted(late)[len(late) // 2] if late else 0, **held())


main(*sys.argv[1:])
