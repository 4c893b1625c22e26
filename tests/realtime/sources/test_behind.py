import sys

import pytest

from realtime.sources import behind, jack_client, pulse
from realtime.sources.behind import Behind
from realtime.sources.portaudio import AudioInput
from realtime.sources.returning import Returning


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
    monkeypatch.setattr(jack_client, "JackClient", lambda client: f"jack {client}")
    found = behind.behind(AudioInput(0, name, api, 2, 48_000, False))
    assert ("nothing" if isinstance(found, Behind) else found) == watched


def test_nothing_is_followed():
    it = Behind()
    assert (it.source, it.description, it.gone, it.follow(None)) == (None, "", False, False)
    it.close()


def test_whether_it_is_there(monkeypatch):
    monkeypatch.setattr(pulse, "there", lambda source: f"pulse {source.name}")
    monkeypatch.setattr(jack_client, "there", lambda name: f"jack {name}")
    usb = Returning("usb", ["usb"])
    default = AudioInput(0, "default", "ALSA", 2, 48_000, False)
    organ = AudioInput(0, "organ", "JACK Audio Connection Kit", 2, 48_000, False)
    assert behind.there(default, usb) == "pulse usb"
    assert behind.there(organ, usb) == "jack usb"
    assert behind.there(organ, None) is True
