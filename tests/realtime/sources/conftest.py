"""Reads sources to their end, and looks at how that was."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from live_fakes import FakeMidi, FakeSounddevice

from realtime.errors import UserError
from realtime.sources import capture, microphone, midi_port, midi_system, portaudio
from realtime.sources.midi_system import MidiPorts


@pytest.fixture
def hear():
    """Iterate a source: its blocks, and the one line of the error that ended it, if any."""

    def hear(source):
        blocks, error = [], ""
        try:
            with source:
                for block in source:
                    assert block.position == (blocks[-1].end if blocks else 0)
                    assert block.end > block.position
                    blocks.append(block)
        except UserError as fault:
            error = str(fault)
            assert error.isprintable()
        return SimpleNamespace(blocks=blocks, error=error)

    return hear


@pytest.fixture
def sd(monkeypatch):
    fake = FakeSounddevice()
    monkeypatch.setattr(portaudio, "load", lambda: fake)
    monkeypatch.setattr(capture, "behind", lambda device: fake.behind)
    monkeypatch.setattr(microphone, "there", lambda device, source: fake.hears(source))
    yield fake
    assert not fake.streams, "every stream must be closed in the end"


@pytest.fixture
def midi(monkeypatch):
    fake = FakeMidi()

    def survey(only=None):
        fake.only = only
        if fake.running:
            return [MidiPorts("UNIX_JACK", "JACK", tuple(fake.ports))]
        return [MidiPorts("UNIX_JACK", "JACK", (), "no server runs")]

    monkeypatch.setattr(midi_system, "survey", survey)
    monkeypatch.setattr(midi_port, "MidiSystem", fake.system)
    yield fake
    assert (fake.inputs, fake.outputs, fake.systems) == ([], [], [])
