"""What people come for: music played into a microphone or a MIDI port is named as it sounds."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

import mido
import pytest
import soundfile

from realtime.api import choose
from realtime.engine import Engine
from realtime.records import STREAM_RATE, Prediction, TimedMessage
from realtime.sources.midi_file import MidiFile
from realtime.sources.open import open_file
from realtime.synth import Synth
from training.datasets import read

DEMO = Path(__file__).parents[2] / "demo"
AT_ONCE = 1000  # milliseconds from the last sound of a window to its prediction
TUNE = (0, 4, 7, 12, 7, 4, 2, 5, 9, 14, 9, 5, 0, 4, 7, 12)  # semitones, half a second each


@pytest.fixture(scope="module")
def phrase(tmp_path_factory):
    """Renders the tune by a General MIDI program; returns a file of 8 s."""

    def phrase(program, lowest):
        with Synth() as synth:
            messages = [TimedMessage(0, mido.Message("program_change", program=program))]
            for i, step in enumerate(TUNE):
                on = mido.Message("note_on", note=lowest + step, velocity=90)
                off = mido.Message("note_off", note=lowest + step)
                messages.append(TimedMessage(i * 8_000, on))
                messages.append(TimedMessage(i * 8_000 + 7_500, off))
            sound = synth.render(messages, len(TUNE) * 8_000)
        path = tmp_path_factory.mktemp("phrases") / f"{program}.wav"
        soundfile.write(path, 0.5 * sound / abs(sound).max(), STREAM_RATE)
        return path

    return phrase


@pytest.fixture(scope="module")
def notes():
    """Finds a played note of a family that both networks name right in its file.

    None is in the repository: ``RT_CLASSIFY_NSYNTH`` names a folder of NSynth.
    """
    folder = os.environ.get("RT_CLASSIFY_NSYNTH")
    if not folder:
        pytest.skip("no real notes: set RT_CLASSIFY_NSYNTH to a folder in NSynth's layout")
    models = choose("audio", task="instrument")

    def notes(family):
        found = sorted(e.path for e in read(f"nsynth:{folder}").examples if e.label == family)
        for path in found:
            *_, summary = Engine(open_file(path), models).run()
            if {model.label for model in summary.models.values()} == {family}:
                return path
        pytest.fail(f"the networks name none of {len(found)} notes of a {family} right")

    return notes


def classify(helper, *argv, **options):
    """``rt-classify``, told to speak JSON, after it began to listen."""
    it = helper("realtime.cli", *argv, "--json", **options)
    it.wait("prediction", seconds=60)
    return it


def said(listener, model):
    return [line for line in listener.all("prediction", model=model) if line["label"]]


def latest(lines):
    """How late the slowest of some predictions was, in milliseconds."""
    return max(line["latency_ms"]["total"] for line in lines)


@pytest.mark.parametrize(
    "case",
    [
        ("guitar", 24, 55),
        pytest.param(("mallet", 12, 60), marks=pytest.mark.slow),
        pytest.param(("string", 48, 60), marks=pytest.mark.slow),
    ],
    ids=lambda case: case[0],
)
def test_a_phrase_into_the_microphone(pulse, helper, phrase, case):
    family, program, lowest = case
    path = phrase(program, lowest)
    listener = classify(helper, "--mic", "vmic", "--task", "instrument")
    player = pulse.play(["paplay", "--device=vmic", str(path)])
    player.wait(30)
    # The last windows before the end hold nothing but the phrase.
    time.sleep(0.2)
    listener.stop(130)
    for model in ("instrument-cnn", "instrument-lstm"):
        full = [line for line in said(listener, model) if line["state"] in ("live", "unknown")]
        labels = Counter(line["label"] for line in full[-12:])
        assert labels.most_common(1)[0][0] == family, labels
        assert latest(line for line in full if line["label"] == family) < AT_ONCE
    assert listener.all("event") == []


@pytest.mark.slow
@pytest.mark.parametrize("family", ["guitar", "organ", "reed"])
def test_a_real_note_into_the_microphone(pulse, helper, notes, family):
    """Both networks name it live as they name its file, and at once."""
    path = notes(family)
    listener = classify(helper, "--mic", "vmic", "--task", "instrument")
    pulse.play(["paplay", "--device=vmic", str(path)]).wait(30)
    time.sleep(0.2)
    listener.stop(130)
    for model in ("instrument-cnn", "instrument-lstm"):
        named = [line for line in said(listener, model) if line["label"] == family]
        assert named, Counter(line["label"] for line in said(listener, model))
        assert latest(named) < AT_ONCE
    assert listener.all("event") == []


@pytest.mark.slow
def test_a_piece_into_the_midi_port(jack, helper, tmp_path):
    """Both composer models name it as they name the file, and the recording as it was heard."""
    folder = tmp_path / "new"
    listener = classify(
        helper, "--midi-virtual", "ear", "--task", "composer", "--record", str(folder)
    )
    player = helper("play_midi.py")
    player.wait("ready")
    player.tell(do="connect", name="ear")
    player.tell(do="play", path=str(DEMO / "prelude.mid"), seconds=120)
    listener.stop(130)
    models = choose("midi", task="composer")
    replayed = [r for r in Engine(open_file(folder), models).run() if isinstance(r, Prediction)]
    expected = of_a_file(models)
    for model in ("composer-cnn", "composer-lstm"):
        named = said(listener, model)
        assert latest(named) < AT_ONCE
        again = [r for r in replayed if r.model == model and r.label]
        assert [(round(r.t, 4), r.label, round(r.p, 4)) for r in again] == [
            (line["t"], line["label"], line["p"]) for line in named
        ]
        (summary,) = listener.all("summary")
        assert summary["models"][model]["label"] == expected[model]
    assert listener.all("event") == []


def of_a_file(models):
    *_, summary = Engine(MidiFile(DEMO / "prelude.mid"), models).run()
    return {name: model.label for name, model in summary.models.items()}
