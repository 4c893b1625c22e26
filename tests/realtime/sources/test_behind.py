import sys

import pytest

from realtime.sources import behind, jack_client, pulse
from realtime.sources.behind import Behind
from realtime.sources.portaudio import AudioInput


@pytest.mark.parametrize(
    ("name", "api", "platform", "watched"),
    [
        ("default", "ALSA", "linux", "pulse"),
        ("USB mic: Audio (hw:1,0)", "ALSA", "linux", "nothing"),
        ("Built-in Microphone", "Core Audio", "darwin", "nothing"),
        ("organ", "JACK Audio Connection Kit", "linux", "jack organ"),
        ("organ", "JACK Audio Connection Kit", "darwin", "jack organ"),
    ],
)
def test_what_is_followed(monkeypatch, name, api, platform, watched):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(pulse, "PulseStream", lambda: "pulse")
    monkeypatch.setattr(jack_client, "JackHeartbeat", lambda client: f"jack {client}")
    found = behind.behind(AudioInput(0, name, api, 2, 48_000, False))
    if isinstance(found, Behind):
        found = getattr(found, "_heartbeat", "nothing")
    assert found == watched


def test_nothing_is_followed():
    it = Behind()
    assert (it.source, it.description, it.gone, it.follow(None)) == (None, "", False, False)
    it.close()
