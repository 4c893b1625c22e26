"""Stepping from one device that really runs to the next, by a key."""

from __future__ import annotations

import re
import time


def left_behind(it):
    """What is on the terminal after the dashboard."""
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", it.text.rpartition("\x1b[?1049l")[2])


def test_the_next_microphone_and_back(pulse, terminal, tone):
    pulse.play(["paplay", "--device=vmic", tone])
    it = terminal("-m", "realtime.cli", "--mic", "vmic", "--task", "instrument")
    it.read_until("listening", 60)
    it.read_until("unknown", 60)  # a sine is no instrument
    it.press("d")
    it.read_until("✓ vmic", 60)
    it.text = it.text[-20:]  # so that what follows is what the next device shows
    it.read_until("listening", 60)
    it.press(" ")
    it.read_until("paused", 60)
    time.sleep(1)
    it.press(" ")
    it.read_until("was not heard", 60)
    it.press("q")
    assert it.wait() == 0
    assert it.left_as_found()
    closing = left_behind(it)
    assert "vmic" in closing
    assert "2 sources" in closing
    assert "times real time" not in closing


def test_from_a_virtual_port_to_a_keyboard_and_back(keys, terminal, env):
    it = terminal("-m", "realtime.cli", "--midi-virtual", "ear", env=env)
    for device in ("ear", "RtMidiOut"):
        it.read_until("listening", 60)
        it.press("d")
        it.read_until(f"✓ {device}", 60)
        it.text = ""
    it.read_until("listening", 60)
    it.press("q")
    assert it.wait() == 0
    closing = left_behind(it)
    assert "3 sources" in closing
    assert closing.count("│ ear ") == 2
