"""What a MIDI port passes on to another one."""

from __future__ import annotations

import pytest
from midi_stage import NOTE, Stage

from realtime.errors import UserError
from realtime.sources.midi_port import MidiPort


def test_through(midi):
    midi.outs[:] = ["synth", "other"]
    stage = Stage(midi, through="SYN")
    stage.play(0.1, "note_on", note=60)
    stage.play(0.2, "clock")
    stage.at(0.5, lambda: midi.outs.remove("synth"))
    stage.play(0.8, "note_on", note=61)
    stage.at(1, lambda: midi.outs.append("synth"))
    stage.play(1.5, "note_on", note=62)
    sent = []
    stage.at(0.4, lambda: sent.extend(midi.outputs[0].sent))
    stage.at(1.6, midi.ports.clear)
    stage.at(2, lambda: sent.extend(midi.outputs[0].sent))
    stage.run(2.2)
    assert stage.kinds == ["notice", "notice", "disconnected"]
    assert stage.events[0].text == "synth is gone: nothing is passed on"
    assert "synth is back" in stage.events[1].text
    assert [(m.type, getattr(m, "note", None)) for m in sent] == [
        ("note_on", 60),
        ("clock", None),
        ("note_on", 62),
        # The player vanished: the synthesizer must not sound on.
        ("note_off", 60),
        ("note_off", 62),
    ]


def held_through(midi, **options):
    """A port of which a note and the pedal were passed on to ``synth`` and are held."""
    stage = Stage(midi, through="synth", **options)
    stage.play(0.1, "note_on", note=60)
    stage.play(0.2, "control_change", control=64, value=127)
    stage.at(0.3, lambda: setattr(stage, "synth", midi.outputs[0]))
    return stage


def test_what_was_passed_on_ends_with_the_program(midi):
    stage = held_through(midi).run(1)
    assert [str(message) for message in stage.synth.sent[2:]] == [
        "note_off channel=0 note=60 velocity=64 time=0",
        "control_change channel=0 control=64 value=0 time=0",
    ]
    assert stage.clock.now() > 101 + 0.09, "JACK needs a period to pass it on"


def test_nothing_is_passed_on_after_the_endings(midi):
    stage = held_through(midi)
    stage.play(1.05, "note_on", note=61)
    stage.run(1)
    assert len(stage.synth.sent) == 4


@pytest.mark.parametrize("state", ["alive", "answers"])
def test_a_system_that_is_dead_or_hangs_is_not_told_of_the_end(midi, state):
    stage = held_through(midi)
    stage.at(1, lambda: setattr(midi.systems[0], state, False))
    stage.run(1)
    assert len(stage.synth.sent) == 2


def test_an_overflow_ends_nothing_at_the_other_end_of_through(midi):
    stage = held_through(midi)
    with stage.source as source:
        items = iter(source)
        next(items)
        stage.overflow(10)
        next(items)
        assert next(items).kind == "overflow"
        assert {message.type for message in midi.outputs[0].sent} == {"note_on"}


def test_through_that_fails_does_not_stop_the_music(midi):
    stage = Stage(midi, through="synth")
    stage.play(0.1, "note_on", note=60)

    def fail(message):
        raise RuntimeError("gone")

    stage.at(0.05, lambda: setattr(midi.outputs[0], "send", fail))
    stage.play(0.2, "note_off", note=60)
    result = stage.run(0.4)
    assert result.heard()[0] == (0.1, NOTE)
    assert stage.source.unsent == 2
    (event,) = result.events  # at most one a second
    assert (event.kind, event.text) == ("notice", "messages that could not be passed on: 1")


def test_through_busy(midi, monkeypatch):
    def refuse(self, name):
        raise OSError("cannot connect")

    monkeypatch.setattr("live_fakes.FakeSystem.open_output", refuse)
    message = r"synth: cannot be opened to pass notes on \(cannot connect\)"
    with pytest.raises(UserError, match=message), MidiPort(through="synth"):
        pass
