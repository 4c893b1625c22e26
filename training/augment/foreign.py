"""Sounds that no model should name: what the rule for ``unknown`` is fitted on.

The kinds of ``background``, which the networks were trained to be undecided about, and others that
they never heard: made by rule, by espeak-ng if it is installed, and from the effects and drums of
SoundFonts, so that nothing need be downloaded.
"""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import mido
import numpy as np

from realtime.records import STREAM_RATE, TimedMessage
from realtime.synth import Synth
from training.augment import background, sound

Draw = Callable[[int, np.random.Generator], np.ndarray]
"""Makes float32 (n,) of some level from a number of samples and a source of chance."""

# Voices of espeak-ng: each language reads the same syllables in its own manner.
_LANGUAGES = ("en-us", "en-gb", "de", "fr-fr", "es", "it", "pl", "ru", "sv", "fi", "tr", "hi", "vi")
_SPEAKERS = ["", *(f"+m{i}" for i in range(1, 8)), *(f"+f{i}" for i in range(1, 5))]

_EFFECTS = range(120, 128)  # General MIDI: fret noise, breath, seashore, bird … gunshot
_KIT = range(27, 88)  # keys of a General MIDI drum kit
_DRUMS = 9


def kinds(fonts: list[Path]) -> dict[str, Draw]:
    """The kinds of sound that can be made here.

    Args:
        fonts: SoundFonts whose effects and drums are played; none for neither.
    """
    found: dict[str, Draw] = {
        "noise": sound.noise,
        "speechlike": background.speechlike,
        "howls": background.howls,
        "calls": background.calls,
        "knocks": background.knocks,
        "hum": _hum,
        "applause": _applause,
        "wind": _wind,
        "motor": _motor,
        "sweep": _sweep,
    }
    if speech_is_here():
        found["speech"] = speech
    if fonts:
        found["effects"] = lambda n, rng: _effects(n, rng, fonts)
        found["drums"] = lambda n, rng: _drums(n, rng, fonts)
    return found


def draw(make: Draw, n: int, rng: np.random.Generator) -> np.ndarray:
    """A sound of a kind as a microphone would pick it up, now and then beginning inside.

    Args:
        make: One of ``kinds``.
        n: Samples.
        rng: Source of chance.

    Returns:
        float32 (n,), audible.
    """
    while True:
        samples = make(n, rng)
        if rng.random() < 0.3:
            start = int(rng.uniform(0, 0.6) * n)
            samples = np.concatenate([np.zeros(start, np.float32), samples[: n - start]])
        if float(np.abs(samples).max()) > 1e-3:
            return sound.record(samples, rng)


def _hum(n: int, rng: np.random.Generator) -> np.ndarray:
    """Mains hum: harmonics of 50 or 60 Hz that never move, and a little hiss."""
    base = rng.choice([50.0, 60.0, 100.0, 120.0])
    t = np.arange(n) / STREAM_RATE
    orders = np.arange(1, 30)
    levels = rng.uniform(0, 1, len(orders)) * orders ** -rng.uniform(0.5, 2)
    phases = rng.uniform(0, 2 * np.pi, len(orders))
    waves = levels[:, None] * np.sin(2 * np.pi * base * orders[:, None] * t + phases[:, None])
    hiss = sound.noise(n, rng) * 10 ** rng.uniform(-3, -1)
    return (waves.sum(axis=0) + hiss).astype(np.float32)


def _applause(n: int, rng: np.random.Generator) -> np.ndarray:
    """Claps of a few or of very many hands: short bursts about one frequency each."""
    claps = []  # a crowd's hands differ, but not all of them
    for _ in range(24):
        decay = rng.uniform(0.002, 0.02)
        t = np.arange(int(6 * decay * STREAM_RATE)) / STREAM_RATE
        centre = np.exp(rng.uniform(np.log(600), np.log(3500)))
        rough = np.cumsum(rng.normal(0, 0.8, len(t)))
        claps.append(np.exp(-t / decay) * np.cos(2 * np.pi * centre * t + rough))
    out = np.zeros(n, np.float32)
    rate = np.exp(rng.uniform(np.log(5), np.log(400)))
    for at in rng.integers(0, n, max(1, rng.poisson(rate * n / STREAM_RATE))):
        clap = claps[int(rng.integers(len(claps)))][: n - at]
        out[at : at + len(clap)] += clap * 10 ** rng.uniform(-1, 0)
    return out


def _wind(n: int, rng: np.random.Generator) -> np.ndarray:
    """Noise that swells and falls: wind, waves, traffic, breath."""
    swell = _wander(n, rng, pace=rng.uniform(0.3, 5))
    return (sound.noise(n, rng) * np.exp(swell * rng.uniform(0.5, 2))).astype(np.float32)


def _motor(n: int, rng: np.random.Generator) -> np.ndarray:
    """A train of rough pulses whose speed drifts: engines, drills, fans."""
    hertz = np.exp(rng.uniform(np.log(12), np.log(180)) + 0.15 * _wander(n, rng, pace=1))
    turns = np.cumsum(hertz + rng.normal(0, 0.05, n) * hertz) / STREAM_RATE
    pulses = (1 - turns % 1) ** rng.uniform(3, 30)
    rough = pulses * (1 + rng.uniform(0, 1) * rng.standard_normal(n))
    return sound.equalise((rough - rough.mean()).astype(np.float32), rng)


def _sweep(n: int, rng: np.random.Generator) -> np.ndarray:
    """A tone that glides without end, once or like a siren."""
    low = np.exp(rng.uniform(np.log(60), np.log(1500)))
    high = min(7500.0, low * np.exp(rng.uniform(np.log(2), np.log(30))))
    turns = rng.uniform(0.1, 1.5) * np.arange(n) / STREAM_RATE + rng.uniform()
    ramp = turns % 1
    if rng.random() < 0.6:
        ramp = 1 - np.abs(2 * ramp - 1)
    if rng.random() < 0.4:
        ramp = 1 - ramp
    return _tone(low * (high / low) ** ramp, rng, harmonics=int(rng.choice([1, 1, 3, 8])))


def speech_is_here() -> bool:
    """Whether espeak-ng, which makes it, is installed."""
    return shutil.which("espeak-ng") is not None


def speech(n: int, rng: np.random.Generator) -> np.ndarray:
    """One voice of espeak-ng or several at once, in any of many manners, float32 (n,)."""
    out = np.zeros(n, np.float32)
    for _ in range(1 if rng.random() < 0.8 else int(rng.integers(2, 5))):
        voice = str(rng.choice(_LANGUAGES)) + str(rng.choice(_SPEAKERS))
        pace = int(rng.integers(110, 220))  # words a minute
        words = [_word(rng) for _ in range(2 + pace * n // STREAM_RATE // 40)]
        spoken = _espeak(voice, int(rng.integers(20, 80)), pace, " ".join(words))
        spoken = spoken[int(rng.uniform(0, 0.3) * len(spoken)) :][:n]
        out[: len(spoken)] += spoken * np.float32(10 ** rng.uniform(-0.5, 0))
    return out


def _word(rng: np.random.Generator) -> str:
    """One to four syllables, now and then with the end of a sentence."""
    syllables = int(rng.integers(1, 5))
    word = "".join(
        rng.choice(list("bdfghklmnprstvwz")) + rng.choice(list("aeiou")) for _ in range(syllables)
    )
    return word + str(rng.choice(["", "n", "s", "t", ".", ","], p=[0.4, 0.15, 0.15, 0.1, 0.1, 0.1]))


def _espeak(voice: str, pitch: int, pace: int, words: str) -> np.ndarray:
    import soundfile
    import soxr

    command = ["espeak-ng", "--stdout", "-v", voice, "-p", str(pitch), "-s", str(pace), words]
    spoken = subprocess.run(command, capture_output=True, check=False).stdout
    try:
        samples, rate = soundfile.read(io.BytesIO(spoken), dtype="float32")
    except soundfile.LibsndfileError:  # this voice is not there
        return np.zeros(0, np.float32)
    return soxr.resample(samples, rate, STREAM_RATE).astype(np.float32)


def _effects(n: int, rng: np.random.Generator, fonts: list[Path]) -> np.ndarray:
    """Seashore, telephone, helicopter and the like."""
    program = int(rng.choice(_EFFECTS))
    score = [(0, mido.Message("program_change", program=program))]
    at = 0
    while at < n:
        note, held = int(rng.integers(36, 90)), int(rng.uniform(0.2, 3) * STREAM_RATE)
        score += _note(at, held, note, 0, rng)
        at += int(held * rng.uniform(0.5, 1.5))
    return _play(score, n, fonts[int(rng.integers(len(fonts)))])


def _drums(n: int, rng: np.random.Generator, fonts: list[Path]) -> np.ndarray:
    """Beats on a few drums, cymbals and other things of a kit."""
    score = []
    step = int(rng.uniform(0.08, 0.3) * STREAM_RATE)
    for key in rng.choice(_KIT, int(rng.integers(1, 6)), replace=False):
        share = rng.uniform(0.1, 0.6)
        for at in range(0, n, step):
            if rng.random() < share:
                score += _note(at, step, int(key), _DRUMS, rng)
    return _play(score, n, fonts[int(rng.integers(len(fonts)))])


def _note(
    at: int, held: int, note: int, channel: int, rng: np.random.Generator
) -> list[tuple[int, mido.Message]]:
    velocity = int(rng.integers(50, 128))
    on = mido.Message("note_on", note=note, velocity=velocity, channel=channel)
    return [(at, on), (at + held, mido.Message("note_off", note=note, channel=channel))]


@lru_cache(maxsize=8)
def _synth(font: Path) -> Synth:
    return Synth(font)


def _play(score: list[tuple[int, mido.Message]], n: int, font: Path) -> np.ndarray:
    synth = _synth(font)
    start = synth.position
    messages = [
        TimedMessage(start, mido.Message("control_change", control=120, channel=channel))
        for channel in (0, _DRUMS)
    ]
    score = sorted((entry for entry in score if entry[0] < n), key=lambda entry: entry[0])
    messages += [TimedMessage(start + at, message) for at, message in score]
    return synth.render(messages, start + n)


def _tone(hertz: np.ndarray, rng: np.random.Generator, *, harmonics: int) -> np.ndarray:
    """A tone of a frequency that changes, float32 (n,); harmonics too high to be heard are left."""
    turns = 2 * np.pi * np.cumsum(hertz) / STREAM_RATE
    fall = rng.uniform(0.5, 2.5)
    out = np.zeros(len(hertz))
    for order in range(1, harmonics + 1):
        audible = hertz * order < 7800
        out += audible * rng.uniform(0.3, 1) * order**-fall * np.sin(order * turns)
    return out.astype(np.float32)


def _wander(n: int, rng: np.random.Generator, *, pace: float) -> np.ndarray:
    """A smooth random curve, float64 (n,), of deviation 1, that turns ``pace`` times a second."""
    points = max(3, int(pace * n / STREAM_RATE) + 2)
    return np.interp(np.arange(n), np.linspace(0, n, points), rng.normal(0, 1, points))
