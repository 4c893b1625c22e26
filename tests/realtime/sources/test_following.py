import pytest
from live_fakes import FakeMidi

from realtime.errors import UserError
from realtime.sources import midi_port, midi_system, portaudio
from realtime.sources.devices import KnownInput
from realtime.sources.following import following as after
from realtime.sources.microphone import Microphone
from realtime.sources.midi_port import MidiPort
from realtime.sources.midi_system import MidiPorts
from realtime.sources.portaudio import AudioInput


@pytest.fixture
def inputs(monkeypatch):
    """Three microphones; PortAudio is not asked."""
    given = [AudioInput(i, f"mic {i}", "ALSA", 1, 48_000, i == 0) for i in (0, 3, 5)]
    monkeypatch.setattr(portaudio, "refresh", lambda: None)
    monkeypatch.setattr(portaudio, "inputs", lambda: given)
    return given


@pytest.mark.parametrize(("at", "then"), [(0, [3, 5, 0]), (1, [5, 0, 3]), (2, [0, 3, 5])])
def test_microphones_in_turn(inputs, at, then):
    source = Microphone()
    source._known = KnownInput(inputs[at])
    assert [it._wanted for it in after(source)] == then


def test_the_next_microphone_is_heard_as_this_one_is(inputs):
    source = Microphone(channel=2, dtype="int16", ring_seconds=3.0, exit_on_disconnect=True)
    source._known = KnownInput(inputs[0])
    kept = ("_channel", "_dtype", "_ring_seconds", "_exit_on_disconnect", "_clock")
    for found in after(source):
        assert [getattr(found, name) for name in kept] == [getattr(source, n) for n in kept]


def test_one_that_is_gone(inputs):
    source = Microphone()
    source._known = KnownInput(AudioInput(4, "gone", "ALSA", 1, 48_000, False))
    assert [it._wanted for it in after(source)] == [5, 0, 3, "gone"]


def test_ports_in_turn_over_all_systems(monkeypatch):
    systems = [
        MidiPorts("LINUX_ALSA", "ALSA", ("a", "b")),
        MidiPorts("UNIX_JACK", "JACK", ("c",)),
        MidiPorts("WINDOWS_MM", "WinMM", (), "is not there"),
    ]
    monkeypatch.setattr(midi_system, "survey", lambda: systems)
    source = MidiPort(through="synth", exit_on_disconnect=True)
    source._api, source._port_name = "LINUX_ALSA", "b"
    found = after(source)
    assert [(it._only, it._wanted) for it in found] == [
        ("UNIX_JACK", "c"),
        ("LINUX_ALSA", "a"),
        ("LINUX_ALSA", "b"),
    ]
    assert all(it._exit_on_disconnect and it._through_wanted == "synth" for it in found)


@pytest.mark.parametrize("others", [(), ("keys",), ("keys", "pads")])
def test_there_is_a_way_back_to_a_virtual_port(monkeypatch, others):
    systems = [MidiPorts("LINUX_ALSA", "ALSA", others), MidiPorts("UNIX_JACK", "JACK", ())]
    monkeypatch.setattr(midi_system, "survey", lambda only=None: systems)
    monkeypatch.setattr(midi_port, "MidiSystem", FakeMidi().system)
    with MidiPort(virtual="ear", through="synth") as source:
        pass
    for wanted in (*others, "ear"):
        source, *rest = after(source)
        assert len(rest) == len(others)
        assert (source._virtual or source._wanted) == wanted
        source._api, source._port_name = "LINUX_ALSA", wanted
    assert (source._virtual, source._only, source._through_wanted) == ("ear", "LINUX_ALSA", "synth")


def test_a_port_that_is_away_ends_the_list(monkeypatch):
    systems = [MidiPorts("UNIX_JACK", "JACK", ("a", "b"))]
    monkeypatch.setattr(midi_system, "survey", lambda: systems)
    source = MidiPort()
    source._api, source._port_name = "UNIX_JACK", "gone"
    assert [it._wanted for it in after(source)] == ["a", "b", "gone"]


def test_a_file_has_none(stub):
    with pytest.raises(UserError, match="no next device"):
        after(stub.source([]))
