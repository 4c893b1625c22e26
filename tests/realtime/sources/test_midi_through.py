import mido
import pytest
from live_fakes import FakeMidi

from realtime.errors import UserError
from realtime.sources.midi_through import Through

NOTE = mido.Message("note_on", note=60)


@pytest.fixture
def midi():
    return FakeMidi()


@pytest.fixture
def system(midi):
    return midi.system("UNIX_JACK")


def test_what_is_sent(midi, system):
    through = Through("SYN", system)
    through.send(NOTE)
    assert midi.outputs[0].sent == [NOTE]
    through.close()
    through.close()
    through.send(NOTE)
    assert through.failed == 0
    assert midi.outputs == []


def test_what_sounds_on_is_ended_once(midi, system):
    through = Through("synth", system)
    played = [
        NOTE,
        mido.Message("note_on", note=62, channel=1),
        mido.Message("note_on", note=62, channel=1, velocity=0),
        mido.Message("control_change", control=64, value=127),
        mido.Message("clock"),
    ]
    for message in played:
        through.send(message)
    assert through.release()
    assert not through.release()
    assert midi.outputs[0].sent[len(played) :] == [
        mido.Message("note_off", note=60),
        mido.Message("control_change", control=64, value=0),
    ]


def test_one_that_is_away_is_told_when_it_is_back(midi, system):
    through = Through("synth", system)
    through.send(NOTE)
    midi.outs.remove("synth")
    through.check(system)
    assert not through.release()
    midi.outs.append("synth")
    through.check(system)
    assert through.release()
    assert midi.outputs[0].sent == [mido.Message("note_off", note=60)]


def test_going_and_returning(midi, system, monkeypatch):
    through = Through("synth", system)
    assert through.check(system) is None
    midi.outs.remove("synth")
    assert through.check(system) == "synth is gone: nothing is passed on"
    assert through.check(system) is None
    midi.outs.append("synth")
    with monkeypatch.context() as patch:
        patch.setattr(system, "open_output", _refuse)
        assert through.check(system) is None
    assert through.check(system) == "synth is back: what is played is passed on"
    through.send(NOTE)
    assert midi.outputs[0].sent == [NOTE]


def test_an_equal_synthesizer_is_not_the_lost_one(midi, system):
    midi.outs[:] = ["synth:in", "synth-01:in"]
    through = Through("synth:in", system)
    midi.outs.remove("synth:in")
    assert through.check(system) == "synth:in is gone: nothing is passed on"
    assert through.check(system) is None
    midi.outs.append("synth-02:in")
    assert through.check(system) == "synth-02:in is back: what is played is passed on"


def test_one_that_returned_under_another_number_at_once(midi, system):
    midi.outs[:] = ["synth:in"]
    through = Through("synth", system)
    midi.outs[:] = ["synth-01:in"]
    assert through.check(system) == "synth:in is gone: nothing is passed on"
    assert through.check(system) == "synth-01:in is back: what is played is passed on"
    through.send(NOTE)
    assert midi.outputs[0].sent == [NOTE]


def _refuse(*_):
    raise OSError("busy")


def test_one_that_cannot_be_opened(midi, system, monkeypatch):
    midi.outs.append("other")
    monkeypatch.setattr(system, "open_output", _refuse)
    with pytest.raises(UserError, match=r"pass notes on \(busy\); .* or choose 'other'$"):
        Through("synth", system)


def test_a_name_in_an_error_is_printable(midi, system):
    midi.outs[:] = ["a\x1b[1m"]
    with pytest.raises(UserError) as caught:
        Through("b", system)
    assert str(caught.value) == "no MIDI output fits 'b'; choose 'a?[1m'"
