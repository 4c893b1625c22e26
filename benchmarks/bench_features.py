"""A hop of sound, or a note, to a window that a network can read."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle, islice

import librosa
import numpy as np
import pytest

from benchmarks.pairs import interleave
from benchmarks.table import duration
from realtime import features
from realtime.features import Mfcc, Spectrogram
from realtime.records import STREAM_RATE
from realtime.ring import Ring
from training.presets import CHORDS, MEL

HOP = 512
LIBROSA = {"sr": 16_000, "n_fft": 2048, "hop_length": HOP, "n_mfcc": 13, "pad_mode": "constant"}


def pieces(music, hop):
    """The music in hops, again and again."""
    return cycle([music[i : i + hop] for i in range(0, len(music) - hop, hop)])


def streamed(feature, music, hop):
    """A hop of sound to a ready window, of a stream that fills its window."""
    feature.push(music)
    hops = pieces(music, hop)

    def step():
        feature.push(next(hops))
        return feature.window()

    return step


def by_kaldi(knf, music):
    """The same MFCC as ``Mfcc(center=False, top_db=None)``."""
    options = knf.MfccOptions()
    frame, mel = options.frame_opts, options.mel_opts
    frame.samp_freq, frame.frame_shift_ms, frame.frame_length_ms = 16_000, 32.0, 128.0
    frame.dither = frame.preemph_coeff = 0.0
    frame.remove_dc_offset, frame.window_type, frame.snip_edges = False, "hann", True
    mel.num_bins, mel.low_freq, mel.high_freq, mel.is_librosa = 128, 0.0, 8000.0, True
    options.num_ceps, options.use_energy = 13, False
    online = knf.OnlineMfcc(options)
    # Lists, because it takes them twice as fast as arrays.
    hops = cycle([hop.tolist() for _, hop in zip(range(1000), pieces(music, HOP), strict=False)])
    window = np.zeros((122, 13), np.float32)
    read = 0

    def step():
        nonlocal read
        online.accept_waveform(16_000, next(hops))
        while read < online.num_frames_ready:
            window[:-1] = window[1:]
            window[-1] = online.get_frame(read)
            read += 1
            online.pop(1)
        return window

    for _ in range(200):
        step()
    return step


def test_ring_write(compare, music):
    target, ring, block = np.empty(HOP, np.float32), Ring(160_000), music[:HOP]
    compare(
        "Ring buffer, a write of 512 samples, against a NumPy copy of them",
        lambda: ring.write(block),
        lambda: np.copyto(target, block),
        at_most=None,
        inside="the write (each sample goes in twice) and the copy.",
    )


@pytest.mark.parametrize("center", [True, False], ids=["padded", "unpadded"])
def test_mfcc_against_librosa(compare, music, center):
    window = music[:64_000]
    compare(
        "MFCC, 512 samples to a ready window, against librosa on the whole window"
        + ("" if center else ", both without padding"),
        streamed(Mfcc(center=center), music, HOP),
        lambda: librosa.feature.mfcc(y=window, center=center, **LIBROSA),
        times_less=70 if center else None,
        inside="taking 512 new samples and reading the 4 s window; librosa.feature.mfcc on 64,000 "
        "samples.",
    )


@pytest.mark.parametrize(
    ("options", "but"),
    [
        ({"center": False, "top_db": None}, ""),
        ({"center": False}, " (but ours clips at top_db)"),
        ({}, " (but ours clips and is padded, as librosa's)"),
    ],
    ids=["matched", "clipped", "padded"],
)
def test_mfcc_against_kaldi(compare, peer, music, options, but):
    what = "MFCC, the same, against kaldi-native-fbank at matched parameters"
    knf = peer("kaldi_native_fbank", what)
    compare(
        what + but,
        streamed(Mfcc(**options), music, HOP),
        by_kaldi(knf, music),
        at_most=None if but else 1.2,
        inside="taking 512 new samples and reading the window; theirs takes a list made "
        "beforehand, computes its new frame and moves it into a window. It has no clip at top_db, "
        "which depends on the whole window and so costs a cosine transform of all of it.",
    )


@pytest.mark.parametrize(("spec", "goal"), [({"kind": "spectrogram"}, 50), (MEL, None)])
def test_spectrogram(compare, music, spec, goal):
    feature, whole = features.build(spec), features.build(spec)
    window = music[: feature.window_samples]
    frames, bands = feature.shape
    hop = spec.get("hop", 612)
    compare(
        f"Spectrogram {frames} x {bands}, {hop} samples to a ready window, against recomputing it",
        streamed(feature, music, hop),
        lambda: features.extract(whole, window),
        times_less=goal,
        inside="taking a hop of new samples and reading the window; the same code on the whole "
        "window, which computes its frames eight at a time.",
    )


def test_spectrogram_against_librosa(compare, music):
    """librosa's STFT and the same bank as a matrix."""
    feature = Spectrogram()
    window = music[: feature.window_samples]
    bank = features.banks.log_frequency(16_000, 4096, 256, 27.5, 3729.3)

    def recomputed():
        spectrum = librosa.stft(window, n_fft=4096, win_length=3940, hop_length=612, center=False)
        return librosa.power_to_db(bank @ np.abs(spectrum) ** 2)

    compare(
        "Spectrogram 256 x 256, 612 samples to a ready window, against librosa.stft and a matrix",
        streamed(feature, music, 612),
        recomputed,
        times_less=50,
        inside="taking a hop of new samples and reading the window; stft, filter bank and "
        "power_to_db of the 10 s.",
    )


def _micro(peer, music, what):
    frontend = peer("pymicro_features", what).MicroFrontend()
    pcm = (music[: 16_000 // 160 * 160] * 32767).astype(np.int16)
    blocks = [pcm[i : i + 160].tobytes() for i in range(0, len(pcm), 160)]
    return lambda: [frontend.process_samples(block) for block in blocks]


def _essentia(peer, music, what):
    es = peer("essentia.standard", what)
    window, spectrum = es.Windowing(type="hann", size=2048), es.Spectrum(size=2048)
    bands = es.MelBands(inputSize=1025, numberBands=64, sampleRate=16_000, highFrequencyBound=8000)
    frames = [music[i : i + 2048] for i in range(0, 16_000, HOP)]
    return lambda: [bands(spectrum(window(frame))) for frame in frames]


@pytest.mark.parametrize(
    ("name", "theirs", "make"),
    [
        ("pymicro-features", "40 bands every 10 ms", _micro),
        ("essentia", "64 mel bands every 32 ms", _essentia),
    ],
    ids=["pymicro", "essentia"],
)
def test_front_ends(compare, peer, music, name, theirs, make):
    what = f"A second of sound through our mel front end, against {name} ({theirs})"
    peer_second = make(peer, music, what)
    feature = features.build(MEL)
    hops = pieces(music, HOP)

    def second():
        for _ in range(31):
            feature.push(next(hops))
        return feature.window()

    compare(
        what,
        second,
        peer_second,
        at_most=None,
        rounds=100,
        inside="31 blocks of 512 samples and one window of 122 x 64 bands (2048-point frames); "
        "theirs on a second in blocks of its own, with its own features.",
    )


def endless(messages):
    """The messages again and again, each time later."""
    later = 0
    while True:
        for message in messages:
            yield replace(message, position=message.position + later)
        later += messages[-1].position + STREAM_RATE


def test_chords(benchmark, add, messages):
    feature = features.build(CHORDS)
    notes = endless(messages)

    def step(n=1):
        taken = list(islice(notes, n))
        feature.push(taken, taken[-1].position)
        return feature.window()

    step(2 * len(messages))
    assert feature.full
    pairs = interleave(benchmark, step, feature.window)
    add(
        f"Chords, a MIDI message to a ready window of {CHORDS['length']} and their patterns, us",
        pairs.ours * 1e6,
        unit="us",
        detail=duration(pairs.ours),
        method="median of 200 rounds; one thread.",
    )
