"""Microphones that really run: PortAudio over PulseAudio and JACK."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest
from heard import RATE, frequency, gap, longest, tone_in
from others import left, seeded, sound


def off(tone, hertz):
    """What of it is no steady tone of this frequency, relative: a lost sample shows."""
    angle = 2 * np.pi * hertz * np.arange(len(tone)) / RATE
    basis = np.stack([np.sin(angle), np.cos(angle)], 1)
    rest = tone - basis @ np.linalg.lstsq(basis, tone, rcond=None)[0]
    return np.sqrt(np.mean(rest**2) / np.mean(tone**2))


def test_a_tone(pulse, listen, tone):
    mic = listen("mic", device="vmic")
    opened = mic.wait("open")
    assert (opened["name"], opened["rate"], opened["channels"]) == ("vmic", 44_100, 2)
    mic.wait("begin")
    player = pulse.play(["paplay", "--device=vmic", tone])
    time.sleep(3)
    player.kill()
    time.sleep(0.3)
    heard = sound(mic)
    assert mic.all("jump") == []
    assert mic.all("event") == []
    middle = longest(heard)
    assert len(middle) > RATE
    assert np.abs(middle).max() == pytest.approx(0.5, abs=0.02)
    assert frequency(middle) == pytest.approx(440, abs=0.5)
    assert off(middle, frequency(middle)) < 0.1
    assert mic.said[-1]["late"] < 0.5
    assert left(mic) == {}


@pytest.mark.parametrize(("rate", "dtype"), [(44_100, "int16"), (48_000, "float32")])
def test_a_device_that_only_takes_its_own_rate(jack_at, helper, listen, rate, dtype):
    jack = jack_at(rate)
    refused = (
        "import sounddevice as sd\n"
        "try: sd.check_input_settings('loopback', samplerate=16000)\n"
        "except sd.PortAudioError: print('refused')"
    )
    command = [sys.executable, "-c", refused]
    assert subprocess.check_output(command, env=jack.env, stderr=subprocess.DEVNULL) == b"refused\n"
    mic = listen("mic", env=jack.env, device="loopback", dtype=dtype, channel=2)
    opened = mic.wait("open")
    assert (opened["rate"], opened["channels"]) == (rate, 2)
    mic.wait("begin")
    player = helper("play_sound.py", "loopback", str(rate), env=jack.env)
    player.wait("playing")
    time.sleep(1.5)
    middle = longest(sound(mic))
    assert frequency(middle) == pytest.approx(440, abs=2)
    assert np.sqrt(2 * np.mean(middle**2)) == pytest.approx(0.5, abs=0.05)


def test_the_sound_server_dies_and_returns(pulse, listen, shared, tone):
    mic = listen("mic", device="vmic", env=shared)
    pulse.play(["paplay", "--device=vmic", tone])
    mic.wait("begin")
    time.sleep(1)
    killed = time.perf_counter()
    pulse.kill()
    gone = mic.wait("event", kind="disconnected")
    assert gone["at"] - killed < 2
    time.sleep(1.2)
    pulse.start()
    returned = time.perf_counter()
    pulse.play(["paplay", "--device=vmic", tone])
    back = mic.wait("event", kind="reconnected")
    assert back["at"] - returned < 3
    time.sleep(1.5)
    assert [event["kind"] for event in mic.all("event")] == ["disconnected", "reconnected"]
    assert len(mic.all("jump")) == 1
    assert tone_in(gap(mic, gone, back, lost=killed, within=0.5)) == pytest.approx(440, abs=1)


def test_a_sound_server_that_first_sleeps(sleepy_pulse, listen):
    """It is waited for, when it is opened and when it returned."""
    mic = listen("mic", device="vmic")
    mic.wait("begin")
    assert mic.all("event") == []
    sleepy_pulse.kill()
    mic.wait("event", kind="disconnected")
    sleepy_pulse.start()
    returned = time.perf_counter()
    back = mic.wait("event", kind="reconnected")
    assert back["at"] - returned < 3 + 2  # 3 s for us, and its sleep
    mic.stop()
    assert [event["kind"] for event in mic.all("event")] == ["disconnected", "reconnected"]


def test_exit_on_disconnect(pulse, listen):
    mic = listen("mic", device="vmic", exit_on_disconnect=True)
    mic.wait("begin")
    pulse.kill()
    mic.wait("end")
    assert mic.process.wait(10) == 0
    assert mic.all("event")[0]["kind"] == "disconnected"
    assert left(mic) == {}


def test_two_at_once(pulse, listen, tone):
    mics = [listen("mic", device="vmic"), listen("mic", device="default", channel=1)]
    for mic in mics:
        mic.wait("begin")
    pulse.play(["paplay", "--device=vmic", tone])
    time.sleep(2)
    for mic in mics:
        assert tone_in(sound(mic)) == pytest.approx(440, abs=1)
        assert mic.all("event") == []


def complain(env, code):
    code = f"from realtime import *\nfrom realtime.sources.devices import *\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout + done.stderr.rpartition("UserError: ")[2]


def test_bad_requests(pulse, env):
    said = complain(env, "Microphone('no such').__enter__()")
    assert said.startswith("no microphone fits 'no such'; choose 0 'vmic' (ALSA), 1 ")
    assert said.count("\n") == 1


def test_listing(pulse, env):
    said = complain(env, "d = list_devices(); print(d.audio[0]); print(len(d.midi), d.problems)")
    assert "name='vmic', api='ALSA'" in said
    assert "ALSA MIDI" in said


@pytest.mark.slow
@pytest.mark.parametrize("sharing", [False, True])
def test_ten_deaths_leave_nothing_behind(pulse, listen, request, tone, sharing):
    chance = seeded()
    env = request.getfixturevalue("shared" if sharing else "env")
    mic = listen("mic", device="vmic", env=env)
    mic.wait("begin")
    for i in range(1, 11):
        pulse.play(["paplay", "--device=vmic", tone])
        time.sleep(chance.uniform(0, 2))
        killed = time.perf_counter()
        pulse.kill()
        gone = mic.wait("event", i, kind="disconnected")
        assert gone["at"] - killed < 2
        time.sleep(chance.uniform(0, 2))
        pulse.start()
        returned = time.perf_counter()
        back = mic.wait("event", i, kind="reconnected")
        assert back["at"] - returned < 3
    time.sleep(1)
    sound(mic)
    events = mic.all("event")
    assert [event["kind"] for event in events] == ["disconnected", "reconnected"] * 10
    jumps = mic.all("jump")
    assert len(jumps) == 10
    for gone, back, jump in zip(events[::2], events[1::2], jumps, strict=True):
        assert jump["start"] / RATE == pytest.approx(gone["t"])
        assert jump["stop"] / RATE == pytest.approx(back["t"])
    if not sharing:  # or else libpulse may keep some, see conftest
        first, *later = events[1::2]  # at a death, what listened to the server is still ending
        for back in later:
            assert (back["threads"], back["files"]) == (first["threads"], first["files"])
        assert left(mic) == {}
