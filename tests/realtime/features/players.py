"""What players at keyboards send: messages by hand, and strategies for any of them."""

from __future__ import annotations

import mido
from hypothesis import settings
from hypothesis import strategies as st

from realtime.records import TimedMessage


def on(at, note, velocity=64, channel=0):
    return TimedMessage(at, mido.Message("note_on", note=note, velocity=velocity, channel=channel))


def off(at, note, channel=0):
    return TimedMessage(at, mido.Message("note_off", note=note, channel=channel))


def control(at, number, value=0, channel=0):
    message = mido.Message("control_change", control=number, value=value, channel=channel)
    return TimedMessage(at, message)


MAKERS = {
    "on": lambda at, channel, note: on(at, note, 1 + (at * 37 + note) % 127, channel),
    "off": lambda at, channel, note: off(at, note, channel),
    "zero": lambda at, channel, note: on(at, note, 0, channel),
    "silence": lambda at, channel, note: control(at, 120 + 3 * (note % 2), 0, channel),
    "pedal": lambda at, channel, note: control(at, 64, note, channel),
}
GESTURES = st.tuples(
    st.sampled_from([0, 0, 1, 100, 320, 321, 5_000]),
    st.sampled_from(["on", "on", "on", "off", "off", "zero", "silence", "pedal"]),
    st.sampled_from([0, 1, 9]),
    st.integers(59, 62),
)


@st.composite
def playing(draw):
    """A player's messages with their positions, and where the stream ends."""
    at, messages = 0, []
    for gap, kind, channel, note in draw(st.lists(GESTURES, max_size=40)):
        at += gap
        messages.append(MAKERS[kind](at, channel, note))
    return messages, at + draw(st.integers(1, 5_000))


few = settings(max_examples=60)
