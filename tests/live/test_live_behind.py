"""What is heard through an input of a sound server, and goes away while the input stays."""

from __future__ import annotations

import subprocess
import time

import pytest
from heard import RATE, gap, loud, tone_in
from needs import need
from others import left, sound, wait_for


def test_an_unplugged_default_microphone_is_no_other_one(pulse, plug, listen, tone):
    """PulseAudio lets the other one be heard meanwhile; it is not taken for the one that went."""
    pull = plug("usb")
    mic = listen("mic", device="default")
    mic.wait("begin")
    pulse.play(["paplay", "--device=vmic", tone])
    time.sleep(1)
    pulled = time.perf_counter()
    pull()
    gone = mic.wait("event", kind="disconnected")
    assert gone["at"] - pulled < 2
    assert "Monitor of usb" in gone["text"]
    time.sleep(2)
    plug("usb")
    returned = time.perf_counter()
    back = mic.wait("event", kind="reconnected")
    assert back["at"] - returned < 3
    pulse.stop_playing()
    pulse.play(["paplay", "--device=usb", tone])
    time.sleep(1.5)
    assert [event["kind"] for event in mic.all("event")] == ["disconnected", "reconnected"]
    after = gap(mic, gone, back, lost=pulled, within=0.5)
    assert tone_in(after) == pytest.approx(440, abs=1)
    (first, last) = loud(sound(mic))[0]
    assert first / RATE > back["t"], f"the other one was heard for {(last - first) / RATE} s"
    assert left(mic) == {}


def test_it_is_taken_up_again_though_another_is_the_default_by_then(pulse, plug, listen, tone):
    pull = plug("usb")
    mic = listen("mic", device="default")
    mic.wait("begin")
    pull()
    mic.wait("event", kind="disconnected")
    plug("usb")
    subprocess.check_call(["pactl", "set-default-source", "vmic.monitor"], env=pulse.env)
    mic.wait("event", kind="reconnected")
    pulse.play(["paplay", "--device=usb", tone])
    time.sleep(1.5)
    assert tone_in(sound(mic)) == pytest.approx(440, abs=1)
    assert [event["kind"] for event in mic.all("event")] == ["disconnected", "reconnected"]


def test_a_person_who_lets_another_be_heard(pulse, plug, listen, tone):
    pull = plug("usb")
    mic = listen("mic", device="default")
    mic.wait("begin")
    output = ["pactl", "list", "short", "source-outputs"]
    stream = subprocess.check_output(output, env=pulse.env, text=True).split()[0]
    move = ["pactl", "move-source-output", stream, "vmic.monitor"]
    subprocess.check_call(move, env=pulse.env)
    moved = mic.wait("event", kind="moved")
    assert "Monitor of Null Output" in moved["text"]
    pulse.play(["paplay", "--device=vmic", tone])
    time.sleep(1.5)
    pull()
    time.sleep(1)
    assert tone_in(sound(mic)) == pytest.approx(440, abs=1)
    assert [event["kind"] for event in mic.all("event")] == ["moved"]
    assert left(mic) == {}


def test_one_of_two_is_unplugged(pulse, plug, listen):
    """Each follows its own."""
    usb = plug("usb")
    first = listen("mic", device="default")
    first.wait("begin")
    other = listen("mic", device="vmic")
    other.wait("begin")
    usb()
    first.wait("event", kind="disconnected")
    time.sleep(0.5)
    other.stop()
    assert other.all("event") == []


def test_a_program_of_jack_that_is_heard_and_ends(jack_at, helper, listen):
    need("jack_simple_client")
    jack = jack_at(48_000)
    command = ["jack_simple_client", "organ", jack.env["JACK_DEFAULT_SERVER"]]
    organ = jack.play(command)

    def names():
        return subprocess.check_output(["jack_lsp"], env=jack.env, text=True)

    wait_for(lambda: "organ:" in names())
    mic = listen("mic", env=jack.env, device="organ")
    mic.wait("begin")
    time.sleep(0.5)
    ended = time.perf_counter()
    jack.stop_playing()
    assert organ.poll() is not None
    gone = mic.wait("event", kind="disconnected")
    assert gone["at"] - ended < 2
    time.sleep(1.5)
    jack.play(command)
    wait_for(lambda: "organ:" in names())
    returned = time.perf_counter()
    back = mic.wait("event", kind="reconnected")
    assert back["at"] - returned < 3
    time.sleep(1)
    after = gap(mic, gone, back, lost=ended, within=0.6)
    assert abs(after[RATE // 4 :]).max() > 0.05
    events = [e["kind"] for e in mic.all("event") if e["kind"].endswith("connected")]
    assert events == ["disconnected", "reconnected"]
