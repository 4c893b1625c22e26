"""A hop of sound, or a note, to a window that a network can read."""

from __future__ import annotations

from itertools import cycle

import librosa
import numpy as np
import pytest

from realtime import features
from realtime.features import ChordSequence, Mfcc, Spectrogram
from realtime.ring import Ring
from training.presets import MEL, PICTURE


@pytest.mark.benchmark(group="ring: 512 samples")
def test_bare_copy(benchmark, music):
    target = np.empty(512, np.float32)
    benchmark(np.copyto, target, music[:512])


@pytest.mark.benchmark(group="ring: 512 samples")
def test_ring_write(benchmark, music):
    ring = Ring(160_000)
    benchmark(ring.write, music[:512])


def _hops(music, hop):
    return cycle(music[i : i + hop] for i in range(0, len(music) - hop, hop))


def _stream(benchmark, feature, music, hop):
    feature.push(music)
    hops = _hops(music, hop)

    def step():
        feature.push(next(hops))
        return feature.window()

    benchmark(step)


@pytest.mark.benchmark(group="MFCC: 512 samples to a window of 4 s")
def test_mfcc(benchmark, music):
    _stream(benchmark, Mfcc(), music, 512)


@pytest.mark.benchmark(group="MFCC: 512 samples to a window of 4 s")
def test_mfcc_by_librosa(benchmark, music):
    window = music[:64_000]
    parameters = {"sr": 16_000, "n_fft": 2048, "hop_length": 512, "n_mfcc": 13}
    benchmark(librosa.feature.mfcc, y=window, pad_mode="constant", **parameters)


@pytest.mark.benchmark(group="spectrogram: a hop to a window")
@pytest.mark.parametrize("spec", [MEL, PICTURE], ids=["mel 122 x 64", "log 256 x 256"])
def test_spectrogram(benchmark, music, spec):
    _stream(benchmark, features.build(spec), music, spec["hop"])


@pytest.mark.benchmark(group="spectrogram: a hop to a window")
def test_spectrogram_recomputed(benchmark, music):
    benchmark(features.extract, Spectrogram(), music[:160_000])


@pytest.mark.benchmark(group="chords: a note to a window")
def test_chords(benchmark, messages):
    feature = ChordSequence()
    feature.push(messages, messages[-1].position)
    notes = cycle(messages)

    def step():
        feature.push([next(notes)], feature.end + 1)
        return feature.window()

    benchmark(step)
