"""A MIDI port on a fake system, with a clock of its own."""

from __future__ import annotations

import mido
from live_fakes import FakeClock

from realtime.records import STREAM_RATE, MidiBlock, Pause
from realtime.sources import midi_port
from realtime.sources.midi_port import MidiPort


class Stage:
    """A port, what is played into it, and what came out."""

    def __init__(self, midi, *args, **options):
        self.midi = midi
        self.clock = FakeClock()
        self.source = MidiPort(*args, clock=self.clock, **options)
        self.messages, self.events, self.blocks, self.pauses = [], [], [], []

    def play(self, at, *args, **options):
        message = mido.Message(*args, **options)
        self.clock.at(at, lambda: [port.callback(message) for port in self.midi.inputs])

    def at(self, when, action):
        self.clock.at(when, action)

    def overflow(self, more):
        """So many messages more than the inbox takes, and a moment for the reader to see it."""
        for i in range(midi_port._INBOX + more):
            self.midi.inputs[0].callback(mido.Message("note_on", note=i % 3))
        self.clock.sleep(0.1)

    def run(self, until):
        self.clock.at(until, self.source.stop)
        with self.source:
            end, told = 0, False
            for item in self.source:
                if isinstance(item, MidiBlock):
                    assert item.position == end or (told and item.position > end)
                    assert item.end > item.position
                    assert item.captured <= self.clock.now()
                    places = [message.position for message in item.messages]
                    assert places == sorted(places)
                    assert all(item.position <= place < item.end for place in places)
                    self.blocks.append(item)
                    self.messages += item.messages
                    end, told = item.end, False
                elif isinstance(item, Pause):
                    assert self.kinds[-1] == "disconnected"
                    self.pauses.append((self.clock.now() - 100, item.position / STREAM_RATE))
                else:
                    self.events.append(item)
                    told = True
        return self

    @property
    def kinds(self):
        return [event.kind for event in self.events]

    def heard(self):
        return [(round(m.position / STREAM_RATE, 3), str(m.message)) for m in self.messages]


NOTE = "note_on channel=0 note=60 velocity=64 time=0"
