from types import SimpleNamespace

import pytest

from realtime.sources import jack_anew
from realtime.sources.jack_anew import JackAnew
from realtime.sources.portaudio import AudioInput

DEVICE = AudioInput(0, "loopback", "JACK Audio Connection Kit", 2, 48_000, False)


def opened():
    return JackAnew(DEVICE, channels=2, dtype="float32")


def test_no_process_while_there_is_no_server(monkeypatch):
    monkeypatch.setattr(jack_anew, "JackWatch", lambda: SimpleNamespace(running=False))
    monkeypatch.setattr(jack_anew.subprocess, "Popen", None)
    with pytest.raises(OSError, match="no JACK server runs"):
        opened()


def test_a_process_that_finds_no_device(monkeypatch):
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "rtc-none")
    monkeypatch.setattr(jack_anew, "JackWatch", lambda: SimpleNamespace(running=True))
    with pytest.raises(OSError, match=r"it is not there|PortAudio"):
        opened()


def test_a_process_that_dies(monkeypatch):
    monkeypatch.setattr(jack_anew, "JackWatch", lambda: SimpleNamespace(running=True))
    monkeypatch.setattr(jack_anew.sys, "executable", "/bin/false")
    with pytest.raises(OSError, match="its process ended"):
        opened()
