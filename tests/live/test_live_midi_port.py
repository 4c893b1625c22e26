"""MIDI ports that really run: RtMidi over JACK."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest
from others import left, seeded

RATE = 16_000


def note(pitch, velocity=64):
    return {"type": "note_on", "note": pitch, "velocity": velocity}


def on(pitch, velocity=64):
    return f"note_on channel=0 note={pitch} velocity={velocity} time=0"


def off(pitch):
    return f"note_off channel=0 note={pitch} velocity=64 time=0"


PEDAL = {"type": "control_change", "control": 64, "value": 127}


def texts(listener):
    return [said["message"] for said in listener.all("message")]


def test_notes(keys, listen):
    port = listen("midi", port="keys")
    port.wait("begin")
    played = [note(60), note(60, 0), PEDAL]
    played += [{"type": "clock"}, {"type": "active_sensing"}, {"type": "program_change"}, note(62)]
    keys.tell(do="send", messages=played, every=0.1)
    port.wait("message", 5)
    port.stop()
    assert texts(port) == [
        on(60),
        on(60, 0),
        "control_change channel=0 control=64 value=127 time=0",
        "program_change channel=0 program=0 time=0",
        on(62),
    ]
    at = [said["position"] / RATE for said in port.all("message")]
    assert at[4] - at[0] == pytest.approx(0.6, abs=0.2)
    assert port.all("jump") == port.all("event") == []
    assert left(port) == {}


def test_the_port_goes_and_returns(keys, listen):
    port = listen("midi")
    port.wait("begin")
    keys.tell(do="send", messages=[note(60), note(64)])
    port.wait("message", 2)
    closed = time.perf_counter()
    keys.tell(do="close")
    gone = port.wait("event", kind="disconnected")
    assert gone["at"] - closed < 2
    time.sleep(1)
    opened = time.perf_counter()
    keys.tell(do="open", name="keys")
    back = port.wait("event", kind="reconnected")
    assert back["at"] - opened < 3
    keys.tell(do="send", messages=[note(72)])
    port.wait("message", 5)
    port.stop()
    assert texts(port) == [on(60), on(64), off(60), off(64), on(72)]
    (jump,) = port.all("jump")
    assert (jump["start"] / RATE, jump["stop"] / RATE) == (gone["t"], back["t"])
    assert back["t"] - gone["t"] == pytest.approx(back["at"] - gone["at"], abs=0.2)
    assert port.all("message")[4]["position"] >= jump["stop"]


def test_a_player_that_is_killed(keys, helper, listen):
    port = listen("midi", port="keys")
    port.wait("begin")
    keys.tell(do="send", messages=[note(60)])
    port.wait("message")
    keys.process.kill()
    port.wait("event", kind="disconnected")
    again = helper("play_midi.py")
    again.wait("ready")
    again.tell(do="open", name="keys")
    port.wait("event", kind="reconnected")
    again.tell(do="send", messages=[note(61)])
    port.wait("message", 3)
    port.stop()
    assert texts(port) == [on(60), off(60), on(61)]


def test_virtual_and_through(jack, helper, listen):
    synth = helper("play_midi.py")
    synth.wait("ready")
    synth.tell(do="listen", name="synth")
    port = listen("midi", virtual="ear", through="synth")
    assert port.wait("open")["name"] == "ear"
    port.wait("begin")
    player = helper("play_midi.py")
    player.wait("ready")
    player.tell(do="connect", name="ear")
    # JACK's input and output threads of a fresh connection may take a moment to meet.
    time.sleep(0.3)
    player.tell(do="send", messages=[note(50), note(51), note(50, 0)], every=0.05)
    port.wait("message", 3)
    synth.wait("message", 3)
    port.stop()
    assert texts(port) == texts(synth)[:3] == [on(50), on(51), on(50, 0)]
    synth.stop()
    player.stop()


def test_what_was_passed_on_ends_with_the_program(keys, helper, listen):
    synth = helper("play_midi.py")
    synth.wait("ready")
    synth.tell(do="listen", name="synth")
    port = listen("midi", port="keys", through="synth")
    port.wait("begin")
    time.sleep(0.3)
    keys.tell(do="send", messages=[note(60), note(64), PEDAL], every=0.05)
    synth.wait("message", 3)
    port.stop()
    synth.wait("message", 6)
    released = "control_change channel=0 control=64 value=0 time=0"
    assert texts(synth)[3:] == [off(60), off(64), released]
    synth.stop()


def test_two_at_once(keys, listen):
    ports = [listen("midi", port="keys", api="jack"), listen("midi", port="keys")]
    for port in ports:
        port.wait("begin")
    keys.tell(do="send", messages=[note(60), note(62)], every=0.05)
    for port in ports:
        port.wait("message", 2)
        port.stop()
        assert texts(port) == [on(60), on(62)]


def test_the_midi_server_dies_and_returns(jack, keys, helper, listen):
    port = listen("midi", port="keys")
    port.wait("begin")
    keys.tell(do="send", messages=[note(60)])
    port.wait("message")
    killed = time.perf_counter()
    jack.kill()
    assert port.wait("event", kind="disconnected")["at"] - killed < 2
    keys.process.kill()
    time.sleep(1.5)
    jack.start()
    again = helper("play_midi.py")
    again.wait("ready")
    opened = time.perf_counter()
    again.tell(do="open", name="keys")
    assert port.wait("event", kind="reconnected")["at"] - opened < 3
    again.tell(do="send", messages=[note(61)])
    port.wait("message", 3)
    port.stop()
    assert texts(port) == [on(60), off(60), on(61)]
    assert left(port) == {}


@pytest.mark.parametrize("then", ["goes on", "is killed and started again"])
def test_the_midi_server_hangs_and(jack, keys, helper, listen, then):
    port = listen("midi", port="keys")
    port.wait("begin")
    keys.tell(do="send", messages=[note(60)])
    port.wait("message")
    hung = time.perf_counter()
    jack.hang()
    gone = port.wait("event", kind="disconnected")
    assert gone["at"] - hung < 2
    time.sleep(1.5)
    if then == "goes on":
        returned = time.perf_counter()
        jack.go_on()
    else:
        jack.kill()
        keys.process.kill()
        time.sleep(1)
        jack.start()
        keys = helper("play_midi.py")
        keys.wait("ready")
        returned = time.perf_counter()
        keys.tell(do="open", name="keys")
    assert port.wait("event", kind="reconnected")["at"] - returned < 3
    time.sleep(0.3)
    keys.tell(do="send", messages=[note(61)])
    port.wait("message", 3)
    port.stop()
    assert texts(port) == [on(60), off(60), on(61)]
    assert left(port) == {}


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("when", ["unnoticed", "noticed"])
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_ending_while_the_midi_server_hangs(jack, helper, when, signum):
    """Its ports cannot be closed then."""
    listener = helper("realtime.cli", "--midi-port", "keys", "--json")
    listener.wait("start", seconds=60)
    time.sleep(1)
    jack.hang()
    if when == "noticed":
        listener.wait("event", kind="disconnected")
    else:
        time.sleep(0.2)
    listener.process.send_signal(signum)
    assert listener.process.wait(5) == 130
    listener.wait("summary", seconds=1)


@pytest.mark.usefixtures("keys")
def test_a_midi_server_that_hangs_from_the_start(jack, env):
    jack.hang()
    done = subprocess.run(
        [sys.executable, "-m", "realtime.cli", "--midi-port", "keys"],
        env=env,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "JACK: its server does not answer: restart it" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("MidiPort('pads')", "no MIDI port fits 'pads'; choose 'RtMidiOut Client:keys'"),
        ("MidiPort(api='alsa')", "no MIDI system works here (ALSA: its sequencer is not there"),
        ("MidiPort('keys', through='x')", "there is no MIDI output"),
    ],
)
def test_bad_requests(keys, env, code, message):
    done = subprocess.run(
        [sys.executable, "-c", f"from realtime import *\n{code}.__enter__()"],
        env=env,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    said = done.stderr.rpartition("UserError: ")[2]
    assert said.startswith(message)
    assert said.count("\n") == 1


@pytest.mark.slow
def test_ten_closings_leave_nothing_behind(keys, listen):
    chance = seeded()
    port = listen("midi", port="keys")
    port.wait("begin")
    for i in range(1, 11):
        keys.tell(do="send", messages=[note(60 + i)])
        port.wait("message", 2 * i - 1)
        time.sleep(chance.uniform(0, 1))
        closed = time.perf_counter()
        keys.tell(do="close")
        assert port.wait("event", i, kind="disconnected")["at"] - closed < 2
        time.sleep(chance.uniform(0, 1))
        opened = time.perf_counter()
        keys.tell(do="open", name="keys")
        assert port.wait("event", i, kind="reconnected")["at"] - opened < 3
        # JACK's threads take a cycle or two to see a fresh connection.
        time.sleep(0.3)
    port.stop()
    events = port.all("event")
    assert [event["kind"] for event in events] == ["disconnected", "reconnected"] * 10
    assert texts(port) == [text for i in range(1, 11) for text in (on(60 + i), off(60 + i))]
    # The player's own client at the server comes and goes, and JACK shares files with it.
    for what in ("threads", "files"):
        assert max(event[what] for event in events[2:]) <= max(event[what] for event in events[:2])
    assert left(port) == {}
