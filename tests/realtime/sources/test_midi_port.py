import mido
import pytest
from midi_stage import NOTE, Stage

from realtime.errors import UserError
from realtime.records import STREAM_RATE
from realtime.sources import midi_port
from realtime.sources.midi_port import MidiPort


def test_time_runs_without_notes(midi):
    stage = Stage(midi).run(1)
    assert stage.blocks[-1].end == pytest.approx(STREAM_RATE, abs=400)
    assert 95 <= len(stage.blocks) <= 101
    assert (stage.messages, stage.events) == ([], [])


def test_what_is_played(midi):
    stage = Stage(midi, "KEY")
    stage.play(0.1, "note_on", note=60, velocity=64)
    stage.play(0.111, "note_on", note=60, velocity=0)
    stage.play(0.2, "control_change", control=64, value=127)
    stage.play(0.21, "control_change", control=123)
    stage.play(0.22, "program_change", program=6)
    stage.play(0.23, "pitchwheel", pitch=-100)
    for kind in ("active_sensing", "clock", "start", "songpos", "reset"):
        stage.play(0.3, kind)
    stage.play(0.3, "sysex", data=(1, 2, 3))
    stage.run(0.5)
    assert stage.heard() == [
        (0.1, NOTE),
        (0.111, "note_on channel=0 note=60 velocity=0 time=0"),
        (0.2, "control_change channel=0 control=64 value=127 time=0"),
        (0.21, "control_change channel=0 control=123 value=0 time=0"),
        (0.22, "program_change channel=0 program=6 time=0"),
        (0.23, "pitchwheel channel=0 pitch=-100 time=0"),
    ]


def test_a_slow_reader_gets_all_of_it(midi):
    stage = Stage(midi)
    for i in range(100):
        stage.play(0.1 + i * 0.01, "note_on", note=i)
    with stage.source as source:
        items = iter(source)
        next(items)
        stage.clock.sleep(2)
        block = next(items)
    assert [m.message.note for m in block.messages] == list(range(100))
    assert block.end / STREAM_RATE == pytest.approx(2.01, abs=0.001)
    assert block.messages[50].position / STREAM_RATE == pytest.approx(0.6, abs=0.001)


def test_a_late_message_is_not_before_its_block(midi):
    """RtMidi's thread took the stamp, and then the reader was faster."""
    stage = Stage(midi)
    with stage.source as source:
        items = iter(source)
        first = next(items)
        source._inbox.append((stage.clock.now() - 0.01, mido.Message("note_on")))
        second = next(items)
    assert second.messages[0].position == first.end == second.position


def test_too_much(midi):
    stage = Stage(midi)
    with stage.source as source:
        items = iter(source)
        next(items)
        stage.overflow(10)
        block, event = next(items), next(items)
        assert not next(items).messages
        assert source.lost == 10
    assert (event.kind, event.count) == ("overflow", 10)
    assert event.t == block.end / STREAM_RATE
    ends = [str(m.message) for m in block.messages[midi_port._INBOX :]]
    assert ends == [f"note_off channel=0 note={note} velocity=64 time=0" for note in range(3)]


def test_vanishing_and_returning(midi):
    stage = Stage(midi)
    stage.play(0.1, "note_on", note=60)
    stage.play(0.2, "note_on", note=61, channel=3)
    stage.play(0.25, "control_change", channel=3, control=64, value=100)
    stage.play(0.3, "note_on", note=60, velocity=0)
    stage.at(1, midi.ports.clear)
    stage.at(3, lambda: midi.ports.append("keys"))
    stage.play(3.5, "note_on", note=70)
    stage.run(4)
    assert stage.kinds == ["disconnected", "reconnected"]
    gone, back = stage.events
    assert 1 <= gone.t < 1.2
    assert 3 <= back.t < 3.3
    assert (gone.text, gone.source) == ("keys is gone; waiting for it to return", "keys")
    assert "keys is back after 2." in back.text
    end = round(gone.t, 2)
    heard = [(round(t, 2), text) for t, text in stage.heard()]
    assert heard[4:] == [
        (end, "note_off channel=3 note=61 velocity=64 time=0"),
        (end, "control_change channel=3 control=64 value=0 time=0"),
        (3.5, "note_on channel=0 note=70 velocity=64 time=0"),
    ]
    assert not any(gone.t < block.end / STREAM_RATE <= back.t for block in stage.blocks)
    assert len(stage.pauses) >= 18
    assert all(at == pytest.approx(when, abs=0.01) for when, at in stage.pauses)


def test_a_system_that_hangs_is_asked_nothing(midi, monkeypatch):
    stage = Stage(midi)
    stage.play(0.1, "note_on", note=60)

    def ask():
        assert midi.systems[0].answers, "this would hang"
        return ["keys"]

    def hang():
        midi.systems[0].answers = False
        monkeypatch.setattr(midi.systems[0], "inputs", ask)

    stage.at(1, hang)
    stage.at(3, lambda: setattr(midi.systems[0], "answers", True))
    stage.play(3.5, "note_on", note=60)
    stage.run(4)
    assert stage.kinds == ["disconnected", "reconnected"]
    gone, back = stage.events
    assert 1 <= gone.t < 1.2
    assert 3 <= back.t < 3.3
    assert [text for _, text in stage.heard()] == [
        NOTE,
        "note_off channel=0 note=60 velocity=64 time=0",
        NOTE,
    ]


def test_returning_with_another_number(midi):
    midi.ports[:] = ["synth:out", "keys:out"]
    stage = Stage(midi, "keys")
    stage.at(0.5, lambda: midi.ports.remove("keys:out"))
    stage.at(1, lambda: midi.ports.append("keys-01:out"))
    stage.play(1.5, "note_on", note=60)
    stage.run(2)
    assert stage.kinds == ["disconnected", "reconnected"]
    assert stage.heard() == [(1.5, NOTE)]
    assert stage.source.name == "keys:out"


def test_an_equal_keyboard_is_not_the_lost_one(midi):
    midi.ports[:] = ["keys:out", "keys-01:out"]
    stage = Stage(midi, "keys:out")
    stage.at(0.5, lambda: midi.ports.remove("keys:out"))
    stage.at(2, lambda: midi.ports.append("keys:out"))
    stage.run(3)
    assert stage.kinds == ["disconnected", "reconnected"]
    assert stage.events[1].t >= 2
    assert stage.source.port == ("UNIX_JACK", "keys:out")


def test_returning_in_vain(midi):
    stage = Stage(midi)
    stage.at(0.5, midi.ports.clear)

    def back(refuse):
        midi.refuse = refuse
        midi.ports[:] = ["keys"]

    stage.at(1, lambda: back(refuse=True))
    stage.at(2, lambda: back(refuse=False))
    stage.run(3)
    assert stage.kinds == ["disconnected", "reconnected"]
    assert stage.events[1].t >= 2


@pytest.mark.parametrize("virtual", [None, "listener"])
def test_a_midi_server_that_dies(midi, virtual):
    """Its clients must be closed before new ones are made (the fake insists)."""
    stage = Stage(midi, virtual=virtual, through="synth")

    def die():
        midi.running = midi.systems[0].alive = False

    def rise():
        midi.running = True

    stage.at(1, die)
    stage.at(3, rise)
    stage.play(4, "note_on", note=60)
    stage.at(4.5, lambda: stage.at(0, lambda: stage.sent.extend(midi.outputs[0].sent)))
    stage.sent = []
    stage.run(5)
    assert stage.kinds == ["disconnected", "reconnected"]
    assert 3 <= stage.events[1].t < 4
    assert stage.heard() == [(4, NOTE)]
    assert [str(message) for message in stage.sent] == [NOTE]


def test_a_midi_server_that_dies_while_the_port_is_away(midi):
    stage = Stage(midi)
    stage.at(0.5, midi.ports.clear)

    def die():
        midi.running = midi.systems[0].alive = False

    def rise():
        midi.running = True
        midi.ports.append("keys")

    stage.at(1, die)
    stage.at(2, rise)
    assert stage.run(4).kinds == ["disconnected", "reconnected"]


def test_exit_on_disconnect(midi):
    stage = Stage(midi, exit_on_disconnect=True)
    stage.at(0.5, midi.ports.clear)
    with stage.source as source:
        items = list(source)
    assert (items[-1].kind, items[-1].text) == ("disconnected", "keys is gone")


def test_stopping_while_it_waits(midi):
    stage = Stage(midi)
    stage.at(0.5, midi.ports.clear)
    assert stage.run(3).kinds == ["disconnected"]
    assert stage.clock.now() < 104


def test_virtual(midi):
    midi.ports.clear()
    stage = Stage(midi, virtual="listener")
    stage.play(0.1, "note_on", note=60)
    opened = []
    stage.at(0.2, lambda: opened.extend(midi.inputs))
    stage.run(1)
    assert [(port.name, port.virtual) for port in opened] == [("listener", True)]
    assert stage.heard() == [(0.1, NOTE)]
    assert stage.source.name == "listener"
    assert stage.source.api == "UNIX_JACK"


def test_a_virtual_port_that_cannot_be_made(midi, monkeypatch):
    def refuse(*_, **__):
        raise OSError("no more ports")

    monkeypatch.setattr("live_fakes.FakeSystem.open_input", refuse)
    message = r"ear: cannot be opened \(no more ports\); .*: --midi-port$"
    with pytest.raises(UserError, match=message), MidiPort(virtual="ear"):
        pass


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"port": "nope"}, "no MIDI port fits 'nope'; choose 'keys', 'pads'"),
        ({}, "MIDI port: several; choose 'keys', 'pads'"),
        ({"port": "keys", "through": "x"}, "no MIDI output fits 'x'; choose 'synth'"),
    ],
)
def test_no_such_port(midi, options, message):
    midi.ports.append("pads")
    with pytest.raises(UserError) as caught, MidiPort(**options):
        pass
    assert str(caught.value) == message


def test_no_ports(midi):
    midi.ports.clear()
    with (
        pytest.raises(UserError, match=r"no MIDI port; .* --midi-virtual NAME"),
        MidiPort(),
    ):
        pass


def test_busy(midi):
    midi.refuse = True
    midi.ports.append("pads")
    with pytest.raises(UserError) as caught, MidiPort("keys"):
        pass
    assert str(caught.value) == (
        "keys: cannot be opened (cannot connect); close the program that uses it, or choose 'pads'"
    )


def test_busy_and_the_only_one(midi):
    midi.refuse = True
    with pytest.raises(UserError, match="or plug in another: there is none"), MidiPort():
        pass


def test_no_midi_system(midi):
    midi.running = False
    with pytest.raises(UserError) as caught, MidiPort():
        pass
    assert str(caught.value) == "no MIDI system works here (JACK: no server runs)"


def test_senseless_options():
    with pytest.raises(ValueError, match="not both"):
        MidiPort("a", virtual="b")
    with pytest.raises(UserError, match="needs a name"):
        MidiPort(virtual=" ")


def test_not_entered(midi):
    with pytest.raises(RuntimeError, match="enter"):
        next(iter(MidiPort()))
