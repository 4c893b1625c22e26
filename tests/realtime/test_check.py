"""``--check``: what it measures, and what it advises."""

from __future__ import annotations

import time
from collections import Counter

import mido
import numpy as np
import pytest
from live_fakes import FakeClock, FakeSounddevice

from realtime import check as checking
from realtime import cli
from realtime.check import Heard, Speed, check, listen, time_models, verdict
from realtime.errors import UserError
from realtime.records import STREAM_RATE, AudioBlock, Event, MidiBlock, TimedMessage
from realtime.registry import load
from realtime.sources import choose, portaudio
from realtime.sources.microphone import Microphone

FAST = Speed(0.25, 0.01, 0.02, {"one": 5.0, "two": 9.0})


class Live:
    """A stub device."""

    name, live, length, xruns = "stub", True, None, 3

    def __init__(self, items, stream="audio"):
        self.items, self.stream, self.is_open = items, stream, False

    def __enter__(self):
        self.is_open = True
        return self

    def __exit__(self, *_):
        self.is_open = False

    def __iter__(self):
        yield from self.items


def blocks(samples, size=777):
    samples = np.asarray(samples, np.float32)
    for at in range(0, len(samples), size):
        yield AudioBlock(at, samples[at : at + size], time.perf_counter())


def sine(seconds, amplitude):
    return amplitude * np.sin(2 * np.pi * 440 * np.arange(int(seconds * STREAM_RATE)) / STREAM_RATE)


def notes(n):
    on = [TimedMessage(i, mido.Message("note_on", note=60)) for i in range(n)]
    off = [TimedMessage(i, mido.Message("note_on", note=60, velocity=0)) for i in range(n)]
    wheel = [TimedMessage(99, mido.Message("pitchwheel", pitch=3))]
    return MidiBlock(0, 20_000, (*on, *off, *wheel), time.perf_counter())


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setattr(checking, "_ENOUGH", (0.0, 3))


@pytest.fixture
def tiny(model_folder):
    return [load(model_folder())]


def test_levels_of_a_tone_with_a_pause():
    rng = np.random.default_rng(0)
    pause = rng.normal(0, 0.001, STREAM_RATE)
    heard = listen(Live(blocks(np.concatenate([sine(3, 0.5), pause]))), 4)
    assert heard.seconds == pytest.approx(4, abs=0.1)
    assert heard.loudest == pytest.approx(-9.03, abs=0.02)
    assert heard.level == pytest.approx(-9.03 - 1.25, abs=0.05)
    assert heard.floor == pytest.approx(-60, abs=1)
    assert heard.peak == pytest.approx(0.5, abs=0.001)
    assert (heard.clipped, heard.xruns) == (0, 3)


def test_a_hard_clipped_input_beside_a_silent_one(monkeypatch):
    sd = FakeSounddevice()
    sd.plug("interface", channels=2)
    monkeypatch.setattr(portaudio, "load", lambda: sd)
    clock = FakeClock()
    sound = np.zeros((480, 2), np.float32)
    sound[:, 0] = np.clip(1.8 * np.sin(2 * np.pi * 440 * np.arange(480) / 48_000), -1, 1)
    for i in range(200):
        clock.at(i / 100, lambda: sd.streams[0].feed(sound))
    with Microphone("interface", clock=clock) as source:
        heard = listen(source, 1)
    assert heard.clipped > 1000
    assert heard.peak < 0.6
    assert "clips" in verdict("audio", heard, FAST)
    assert heard.mixed == 2


@pytest.mark.parametrize(("loudest", "words"), [(-50, "too low"), (-80, "silence")])
def test_of_several_channels_one_can_be_chosen(loudest, words):
    said = verdict("audio", Heard(5, -60, loudest, -70, 0.01, mixed=18), FAST)
    assert words in said
    assert said.endswith(", or hear one of its 18 channels alone: --channel N")
    assert "--channel" not in verdict("audio", Heard(5, -60, loudest, -70, 0.01), FAST)


def test_clipping_and_events_are_counted():
    items = [*blocks(np.clip(sine(1, 2.0), -1, 1)), Event("overflow", 1.0, "", "stub", 5)]
    heard = listen(Live(items), 9)
    assert heard.clipped > 1000
    assert heard.events["overflow"] == 1


def test_it_listens_no_longer_than_asked():
    endless = (AudioBlock(n * 160, np.zeros(160, np.float32), 0.0) for n in range(10**9))
    assert listen(Live(endless), 0.5).seconds == 0.5


def test_notes_are_counted():
    heard = listen(Live([notes(3)], "midi"), 1)
    assert (heard.notes, heard.messages) == (3, 7)


@pytest.mark.parametrize("stream", ["audio", "midi"])
def test_every_model_is_timed(stream, tiny):
    speed = time_models(tiny, stream, 0.1)
    assert speed.hop == 0.1
    assert 0 < speed.usual <= speed.worst
    assert speed.models.keys() == {"tiny"}


def test_a_very_slow_machine_is_still_timed(tiny, monkeypatch):
    monkeypatch.setattr(checking, "_PATIENCE", 0.0)
    assert time_models(tiny, "audio", 3600).worst > 0


@pytest.mark.parametrize(
    ("stream", "heard", "speed", "words"),
    [
        ("audio", Heard(5, -20, -10, -50, 0.5), FAST, ["will keep up, at 8% of the hop"]),
        ("audio", Heard(5, -20, -10, -50, 0.5), Speed(0.25, 0.2, 0.3, FAST.models),
         ["will not keep up", "--hop to 0.45", "drop two"]),
        ("audio", Heard(5, -20, -10, -50, 0.5), Speed(0.25, 0.1, 0.2, FAST.models),
         ["only just", "--hop to 0.3"]),
        ("audio", Heard(5, -20, -2, -50, 1.0, 7), FAST, ["clips", "turn it down"]),
        ("audio", Heard(5, -60, -50, -70, 0.01), FAST, ["too low", "turn it up"]),
        ("audio", Heard(5, -90, -80, -95, 0.0), FAST, ["silence", "unmute"]),
        ("audio", Heard(), FAST, ["nothing arrived", "--list-devices"]),
        ("audio", Heard(5, -20, -10, -50, 0.5, xruns=2), FAST,
         ["sound was lost or late: close other programs"]),
        ("audio", Heard(5, -20, -10, -50, 0.5, events=Counter(overflow=1), xruns=2), FAST,
         ["sound was lost on the way: close other programs"]),
        ("midi", Heard(5, notes=3, messages=6, events=Counter(overflow=1)), FAST,
         ["messages were lost on the way: close other programs"]),
        ("midi", Heard(5), FAST, ["no note arrived"]),
        ("midi", Heard(5, notes=3, messages=6), FAST, ["will keep up"]),
    ],
)  # fmt: skip  # a case a line or two
def test_the_verdict_is_one_line_that_says_what_to_do(stream, heard, speed, words):
    said = verdict(stream, heard, speed)
    assert len(said.splitlines()) == 1
    for word in words:
        assert word in said


def test_a_device_that_vanishes_is_told():
    heard = Heard(2, -20, -10, -50, 0.5)
    heard.events["disconnected"] += 1
    assert "went away" in verdict("audio", heard, FAST)


@pytest.mark.parametrize("stream", ["audio", "midi"])
def test_the_whole_check_is_plain_text(stream, tiny):
    source = Live(list(blocks(sine(1, 0.5))) if stream == "audio" else [notes(2)], stream)
    lines = list(check(source, tiny, hop=0.1, seconds=1))
    assert not source.is_open
    assert "stub" in lines[0]
    assert lines[-1].startswith("Verdict: it will")
    assert all(line.isprintable() for line in lines)
    text = "\n".join(lines)
    for word in ("level", "noise floor", "clipping") if stream == "audio" else ("notes",):
        assert word in text
    assert "losses" in text
    assert "tiny" in text


def test_a_bad_hop_is_a_user_error(tiny):
    with pytest.raises(UserError, match="hop"):
        list(check(Live([]), tiny, hop=0.0))


def test_the_command_line_checks(monkeypatch, capsys):
    source = Live(list(blocks(sine(1, 0.5))))
    monkeypatch.setattr(choose, "choose", lambda args: ([source], []))
    assert cli.main(["--mic", "--check", "--task", "instrument", "--duration", "1"]) == 0
    assert "Verdict: " in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize("other", [["--mic", "--json"], ["--file", "a.wav"]], ids=" ".join)
def test_a_check_of_something_else_is_one_line(other, capsys):
    assert cli.main([*other, "--check"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
