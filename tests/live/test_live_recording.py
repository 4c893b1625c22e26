"""Devices that really run, recorded by ``rt-classify``: the replay says the very same."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

import mido
import pytest
import soundfile
from others import seeded

RATE = 16_000
PIECE = str(Path(__file__).parents[2] / "demo" / "prelude.ogg")
INSTRUMENT = {"instrument-cnn", "instrument-lstm"}
COMPOSER = {"composer-cnn", "composer-lstm"}
# What a replay may say otherwise: how long it took, and where the sound came from.
OTHER = {"latency_ms", "realtime_factor", "source"}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "new"


@pytest.fixture
def live(pulse, helper, alone, folder):
    """``rt-classify`` that records the microphone, after it began to listen."""
    argv = ["--mic", "vmic", "--record", str(folder), "--json"]
    live = helper("realtime.cli", *argv, env=alone)
    live.wait("prediction", seconds=60)
    return live


@pytest.fixture
def live_port(keys, helper, folder):
    """``rt-classify`` that records the keyboard, after it began to listen."""
    live = helper("realtime.cli", "--midi-port", "keys", "--record", str(folder), "--json")
    live.wait("prediction", seconds=60)
    return live


@pytest.fixture
def replay(helper, alone, folder):
    """Ends a live run and replays its recording, which must say the same to the last digit.

    Returns what ``rt-classify`` said then, and the recording's ``recording.json``.
    """

    def replay(live):
        live.stop(130)
        again = helper("realtime.cli", "--file", str(folder), "--json", env=alone)
        again.wait("summary", seconds=120)
        again.process.wait(20)
        again.stop()
        assert of_the_stream(again) == of_the_stream(live)
        written = (folder / "predictions.jsonl").read_text("utf-8").splitlines()
        assert [json.loads(line) for line in written] == without({"say"}, live.said)
        return again, read(folder)

    return replay


def play(pulse, path):
    """Play a file into the microphone."""
    pulse.play(["paplay", "--device=vmic", path])


def strike(keys, pitches):
    """Play a broken chord, with the pedal, and let its last key be down."""
    pedal = {"type": "control_change", "control": 64, "value": 127}
    struck = [{"type": "note_on", "note": pitch, "velocity": 80} for pitch in pitches]
    released = [{"type": "note_off", "note": pitch} for pitch in pitches[:-1]]
    keys.tell(do="send", messages=[pedal, *struck, *released], every=0.1)


def of_the_stream(run):
    """All that a run said of the stream, in its order."""
    said = [line for line in run.said if line["type"] != "start"]
    assert {line["type"] for line in said} <= {"prediction", "event", "summary"}
    return without(OTHER, said)


def without(names, value):
    """JSON without what has these names, however deep."""
    if isinstance(value, dict):
        return {name: without(names, part) for name, part in value.items() if name not in names}
    return [without(names, part) for part in value] if isinstance(value, list) else value


def read(folder):
    """A recording's index, after each of its files was read to its end."""
    index = json.loads((folder / "recording.json").read_text("utf-8"))
    assert index["complete"]
    for segment in index["segments"]:
        length = segment["end"] - segment["position"]
        if length and index["stream"] == "audio":
            samples, rate = soundfile.read(folder / segment["file"])
            assert (rate, len(samples)) == (RATE, length)
    return index


def gaps(run, index):
    """When the device was away, in stream time; no window and no sound lies there."""
    events = [e for e in run.all("event") if e["kind"] in ("disconnected", "reconnected")]
    assert [e["kind"] for e in events[::2]] == ["disconnected"] * len(events[::2])
    assert [e["kind"] for e in events[1::2]] == ["reconnected"] * len(events[1::2])
    times = [event["t"] for event in events]
    if len(times) % 2:
        times.append(math.inf)
    found = list(zip(times[::2], times[1::2], strict=True))
    windows = [line["window"] for line in run.all("prediction")]
    sounds = [[round(s[edge] / RATE, 4) for edge in ("position", "end")] for s in index["segments"]]
    for gone, back in found:
        assert gone < back
        for start, end in windows + sounds:
            assert end <= gone or start >= back
    return found


def named(run, after=0.0, until=math.inf):
    """The models that named something in a whole window between two times."""
    return {
        line["model"]
        for line in run.all("prediction")
        if line["label"] and line["state"] in ("live", "unknown")
        if after <= line["window"][0] and line["window"][1] <= until
    }


@pytest.mark.slow
def test_sounds_and_silence(live, pulse, replay, tone):
    for path, seconds in ((PIECE, 50), (tone, 15)):  # together they fill composer-cnn's minute
        play(pulse, path)
        time.sleep(seconds)
        pulse.stop_playing()
        time.sleep(2)
    again, index = replay(live)
    assert named(again) == INSTRUMENT | {"composer-cnn"}
    assert {"warming", "silent"} <= {line["state"] for line in again.all("prediction")}
    assert gaps(again, index) == []


def test_the_sound_server_dies_and_returns(live, pulse, replay, tone):
    play(pulse, PIECE)
    time.sleep(5)
    killed = time.perf_counter()
    pulse.kill()
    disconnected = live.wait("event", kind="disconnected")
    time.sleep(1)
    pulse.start()
    play(pulse, tone)
    live.wait("event", kind="reconnected")
    away = time.perf_counter() - killed
    time.sleep(5)
    again, index = replay(live)
    ((gone, back),) = gaps(again, index)
    assert [(gone, back)] == gaps(live, index)
    assert gone == disconnected["t"]
    assert back - gone == pytest.approx(away, abs=0.5)  # stream time went on with the clock
    assert named(again, until=gone) == named(again, after=back) == INSTRUMENT


@pytest.mark.slow
def test_the_sound_server_dies_at_any_moment(live, pulse, replay, tone):
    """Four times, and again before the end."""
    chance = seeded()
    for death, most in enumerate((2, 15, 0.2, 4, 1), 1):
        play(pulse, chance.choice((PIECE, tone)))
        time.sleep(chance.uniform(most / 2, most))
        pulse.kill()
        live.wait("event", death, kind="disconnected")
        time.sleep(chance.uniform(0, 2))
        if death < 5:
            pulse.start()
            live.wait("event", death, kind="reconnected")
    again, index = replay(live)
    found = gaps(again, index)
    assert found == gaps(live, index)
    assert len(found) == 5
    assert found[-1][1] == math.inf


def test_the_port_is_closed_and_opened_again(live_port, keys, replay, folder):
    strike(keys, [60, 64, 67, 72])
    time.sleep(0.5)
    keys.tell(do="close")
    live_port.wait("event", kind="disconnected")
    time.sleep(1)
    keys.tell(do="open", name="keys")
    live_port.wait("event", kind="reconnected")
    time.sleep(0.3)  # JACK's threads take a cycle or two to see a fresh connection
    strike(keys, [57, 60, 65, 69])
    time.sleep(0.5)
    again, index = replay(live_port)
    ((gone, back),) = gaps(again, index)
    assert [(gone, back)] == gaps(live_port, index)
    heard = [line for line in again.all("prediction") if line["probs"]]
    for part in (lambda t: t <= gone, lambda t: t > back):
        assert {line["model"] for line in heard if part(line["t"])} == COMPOSER
    kinds = [message.type for message in mido.MidiFile(folder / "notes.mid").tracks[0]]
    assert kinds.count("note_on") == 8
    assert kinds.count("note_off") == 7, "the key that was down when the port closed is up"
