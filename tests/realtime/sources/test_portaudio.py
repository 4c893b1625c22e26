import builtins
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest
from live_fakes import FakeSounddevice

from realtime.errors import UserError
from realtime.sources import portaudio


@pytest.fixture
def sd(monkeypatch):
    fake = FakeSounddevice()
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    return fake


def start(sd, index=0):
    sd._initialize()
    return portaudio.start(
        portaudio.inputs()[index],
        rate=48_000,
        channels=1,
        dtype="float32",
        callback=print,
        finished=print,
    )


def test_inputs(sd):
    sd.plug("speakers", channels=0)
    sd.plug("line\x1b[2J", channels=1, rate=44_100.4)
    sd.plug("mic", api=1)
    sd.default.device[0] = 2
    sd._initialize()
    assert portaudio.inputs() == [
        portaudio.AudioInput(1, "line?[2J", "ALSA", 1, 44_100, default=False),
        portaudio.AudioInput(2, "mic", "JACK", 2, 48_000, default=True),
    ]


def test_refresh_sees_what_was_plugged_in(sd):
    sd.plug("mic")
    assert portaudio.inputs() == []
    portaudio.refresh()
    assert [device.name for device in portaudio.inputs()] == ["mic"]


def test_refresh_spares_open_streams(sd):
    sd.plug("mic")
    stream = start(sd)
    before = sd.restarts
    portaudio.refresh()
    assert sd.restarts == before
    portaudio.close(stream)
    portaudio.refresh()
    assert sd.restarts == before + 1


def test_portaudio_that_does_not_start_again(sd, monkeypatch):
    def fail():
        raise sd.PortAudioError("Error initializing PortAudio")

    monkeypatch.setattr(sd, "_initialize", fail)
    monkeypatch.setattr(sd, "query_devices", fail)
    portaudio.refresh()
    assert portaudio.inputs() == []


def test_a_stream_that_does_not_close(sd, monkeypatch):
    sd.plug("mic")
    stream = start(sd)
    free = threading.Event()
    monkeypatch.setattr(portaudio, "_PATIENCE", 0.05)
    stream.abort = free.wait
    portaudio.close(stream)
    before = sd.restarts
    portaudio.refresh()
    assert sd.restarts == before, "that would hang as well"
    free.set()
    for _ in range(500):
        if sd.restarts > before:
            break
        time.sleep(0.01)
        portaudio.refresh()
    assert sd.restarts == before + 1


def test_a_stream_that_fails_to_close(sd):
    sd.plug("mic")
    stream = start(sd)

    def fail():
        raise sd.PortAudioError("Unanticipated host error", -9999)

    stream.abort = stream.close = fail
    portaudio.close(stream)
    sd.streams.clear()
    before = sd.restarts
    portaudio.refresh()
    assert sd.restarts == before + 1


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError("PortAudio library not found"), "PortAudio, which microphones need, is missing"),
        (ModuleNotFoundError("sounddevice"), "sounddevice is missing: pip install sounddevice"),
        (RuntimeError("Error initializing"), "PortAudio does not start .Error initializing."),
    ],
)
def test_what_to_install(monkeypatch, error, message):
    real = builtins.__import__

    def broken(name, *args, **options):
        if name == "sounddevice":
            raise error
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", broken)
    with pytest.raises(UserError, match=message) as caught:
        portaudio.inputs()
    assert "install" in str(caught.value)
    assert str(caught.value).isprintable()


def test_importing_the_sources_needs_no_audio_driver():
    code = (
        "import sys; sys.modules['sounddevice'] = sys.modules['rtmidi'] = None;"
        "import realtime, realtime.sources.microphone, realtime.sources.midi_port;"
        "import realtime.sources.devices"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.fixture
def jack(monkeypatch):
    """A JACK server that PortAudio sees; clearing ``alive`` ends it."""
    server = SimpleNamespace(alive=True, running=True)
    monkeypatch.setattr(portaudio, "JackWatch", lambda: server)
    yield server
    for each in (portaudio._jacks, portaudio._open, portaudio._left):
        each.clear()


def test_a_jack_server_that_ended_is_left_alone(sd, jack):
    sd.plug("loopback", api=1)
    portaudio.refresh()
    stream = start(sd)
    before = sd.restarts
    jack.alive = False
    portaudio.close(stream)
    assert sd.streams == [stream], "closing it would end the process"
    portaudio.refresh()
    assert sd.restarts == before, "that too"


def test_a_jack_server_that_ended_lets_other_streams_close(sd, jack):
    sd.plug("mic")
    portaudio.refresh()
    stream = start(sd)
    jack.alive = False
    portaudio.close(stream)
    assert sd.streams == []


@pytest.mark.parametrize("alive", [True, False])
def test_the_end_of_the_process(sd, jack, alive, monkeypatch):
    ended = []
    monkeypatch.setattr(sd, "_exit_handler", lambda: ended.append(True))
    portaudio.load()
    jack.alive = alive
    portaudio._end(sd)
    assert bool(ended) is alive


def test_the_end_of_the_process_while_a_stream_does_not_close(sd, monkeypatch):
    sd.plug("mic")
    stream = start(sd)
    free, ended = threading.Event(), []
    monkeypatch.setattr(portaudio, "_PATIENCE", 0.05)
    monkeypatch.setattr(sd, "_exit_handler", lambda: ended.append(True))
    stream.abort = free.wait
    portaudio.close(stream)
    portaudio._end(sd)
    assert not ended
    free.set()
    while portaudio._closing:
        time.sleep(0.01)
    portaudio._end(sd)
    assert ended
