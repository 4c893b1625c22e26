import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from realtime.errors import UserError
from realtime.sources import midi_system
from realtime.sources.midi_system import MidiPorts, MidiSystem, returning, survey

HERE = Path(__file__).parents[3]


class FakeRtmidi:
    """python-rtmidi built with ALSA, which works, and JACK, which does not run."""

    API_LINUX_ALSA, API_MACOSX_CORE, API_WINDOWS_MM, API_UNIX_JACK = 2, 1, 4, 3

    class RtMidiError(Exception):
        pass

    class SystemError(RtMidiError, OSError):  # python-rtmidi's name for it
        pass

    def __init__(self):
        self.open = 0

    def get_compiled_api(self):
        return [self.API_LINUX_ALSA, self.API_UNIX_JACK]

    def MidiIn(self, api):
        if api == self.API_UNIX_JACK:
            raise self.SystemError("JACK server not running?")
        self.open += 1
        return SimpleNamespace(get_ports=lambda: ["Keys 20:0"], delete=self.closed)

    def MidiOut(self, api):
        self.open += 1
        return SimpleNamespace(get_ports=lambda: ["Synth 21:0"], delete=self.closed)

    def closed(self):
        self.open -= 1


@pytest.fixture
def rtmidi(monkeypatch):
    fake = FakeRtmidi()
    monkeypatch.setattr(midi_system, "_load", lambda: fake)
    yield fake
    assert fake.open == 0


WORKING = MidiPorts("LINUX_ALSA", "ALSA", ("Keys 20:0",), outputs=("Synth 21:0",))
DOWN = MidiPorts("UNIX_JACK", "JACK", (), "no server runs: start one with 'jackd -d alsa'")


@pytest.mark.parametrize(
    ("only", "found"),
    [
        (None, [WORKING, DOWN]),
        ("alsa", [WORKING]),
        ("Jack", [DOWN]),
        ("unix_jack", [DOWN]),
    ],
)
def test_survey(rtmidi, only, found):
    assert survey(only) == found


def test_survey_of_a_system_that_takes_no_second_client(rtmidi, monkeypatch):
    def full(api):
        raise rtmidi.SystemError("no more clients")

    monkeypatch.setattr(rtmidi, "MidiOut", full)
    assert survey("alsa") == [
        MidiPorts("LINUX_ALSA", "ALSA", (), midi_system._REMEDIES["LINUX_ALSA"])
    ]


def test_survey_of_what_is_not_built_in(rtmidi):
    with pytest.raises(UserError, match=r"no MIDI system 'core\?midi' here; choose one of alsa"):
        survey("core\amidi")


def test_without_python_rtmidi(monkeypatch):
    monkeypatch.setitem(sys.modules, "rtmidi", None)
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(UserError) as caught:
        survey()
    said = str(caught.value)
    assert said.startswith("python-rtmidi, which MIDI ports need, is missing: install the extra")
    assert "'.[midi]'" in said
    (packages,) = re.findall(r"apt-get install ([\w +-]+) first", said)
    for told in ("docs/live.md", "scripts/system-packages"):
        assert packages in (HERE / told).read_text("utf-8")


def test_ports(rtmidi):
    system = MidiSystem("LINUX_ALSA")
    assert system.alive
    assert system.inputs() == ["Keys 20:0"]
    assert system.outputs() == ["Synth 21:0"]
    system.close()


def test_errors_become_os_errors(rtmidi, monkeypatch):
    def refuse(*_, **__):
        raise rtmidi.RtMidiError("no\nvirtual ports")

    system = MidiSystem("LINUX_ALSA")
    monkeypatch.setattr(system, "_backend", SimpleNamespace(open_input=refuse))
    with pytest.raises(OSError, match=r"^no virtual ports$"):
        system.open_input("x", print, virtual=True)
    system.close()


class FakeHeartbeat:
    """Of a server that hangs after its first answer."""

    regular = False
    open = 0

    def __init__(self):
        FakeHeartbeat.open += 1

    def beats(self):
        return False

    def close(self):
        FakeHeartbeat.open -= 1


@pytest.fixture
def jack(monkeypatch):
    """A JACK server that runs."""
    watch = SimpleNamespace(alive=True, running=True)
    monkeypatch.setattr(midi_system, "JackWatch", lambda: watch)
    monkeypatch.setattr(midi_system, "JackHeartbeat", FakeHeartbeat)
    yield watch
    assert FakeHeartbeat.open == 0


class Port:
    closed = False

    def close(self):
        self.closed = True


@pytest.mark.parametrize("alive", [True, False])
def test_nothing_of_a_server_that_hangs_is_closed(jack, rtmidi, monkeypatch, alive):
    """Nor when Python drops it; all of one that ended is."""
    monkeypatch.setattr(rtmidi, "MidiIn", rtmidi.MidiOut)
    system = MidiSystem("UNIX_JACK")
    assert not system.answers
    port = Port()
    monkeypatch.setattr(system, "_backend", SimpleNamespace(open_input=lambda *_, **__: port))
    system.open_input("x", print, virtual=True)
    before = sys.getrefcount(port)
    jack.alive = alive
    system.close()
    assert port.closed != alive
    assert sys.getrefcount(port) == before + alive
    assert rtmidi.open == alive
    rtmidi.open = 0


def test_a_server_that_runs_and_takes_no_client(jack, rtmidi):
    with pytest.raises(OSError, match="not running"):
        MidiSystem("UNIX_JACK")


def test_survey_of_a_server_that_hangs(jack, rtmidi, monkeypatch):
    def hang():
        raise TimeoutError("its server does not answer: restart it")

    monkeypatch.setattr(midi_system, "JackHeartbeat", hang)
    assert survey("jack") == [
        MidiPorts("UNIX_JACK", "JACK", (), "its server does not answer: restart it")
    ]


@pytest.mark.parametrize(
    ("api", "known", "ports", "found"),
    [
        ("LINUX_ALSA", "Keys:Keys 20:0", ["x", "Keys:Keys 24:0"], "Keys:Keys 24:0"),
        ("LINUX_ALSA", "Keys:Keys 20:0", ["Keys:Keys 16:0", "Keys:Keys 20:0"], "Keys:Keys 20:0"),
        ("LINUX_ALSA", "Keys:Keys 1 20:0", ["Keys:Keys 2 20:0"], None),
        ("WINDOWS_MM", "Keys 1", ["Keys 0"], "Keys 0"),
        ("UNIX_JACK", "seq:out 1", ["seq:out 2"], None),
        ("UNIX_JACK", "seq:out 1", ["seq-01:out 1"], "seq-01:out 1"),
        ("MACOSX_CORE", "Keys 1", ["Keys 2"], None),
        ("MACOSX_CORE", "Keys", ["Keys"], "Keys"),
    ],
)
def test_a_port_that_returns(api, known, ports, found):
    assert returning(api, known, [known]).among(ports) == found


@pytest.mark.parametrize(
    ("api", "ports", "left", "found"),
    [
        ("LINUX_ALSA", ["Keys:Keys 20:0", "Keys:Keys 24:0"], "Keys:Keys 24:0", None),
        ("UNIX_JACK", ["seq:out", "seq-01:out"], "seq-01:out", None),
        # Its number fell when the other one left.
        ("WINDOWS_MM", ["Keys 1", "Keys 0"], "Keys 0", "Keys 0"),
    ],
)
def test_the_port_of_an_equal_keyboard(api, ports, left, found):
    assert returning(api, ports[0], ports).among([left]) == found
