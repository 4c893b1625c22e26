"""Cutting blocks."""

from __future__ import annotations

from scripted import scale, tone

from realtime.recording.blocks import cut


def test_cutting():
    notes = scale(100, 200)
    head, rest = cut(notes, 199)
    assert (head.position, head.end, rest.position, rest.end) == (100, 199, 199, 200)
    assert head.messages + rest.messages == notes.messages
    head, rest = cut(tone(100, 100), 500)
    assert (len(head.samples), rest.position, len(rest.samples)) == (100, 200, 0)
