import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.augment import sound

N = 16_000
few = settings(max_examples=30)
SEEDS = st.integers(0, 2**32)


def tone(n=N, hz=440.0, amplitude=0.5):
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(n) / 16_000)).astype(np.float32)


def rms(x):
    return float(np.sqrt(np.mean(np.square(x, dtype=np.float64))))


@few
@given(seed=SEEDS, lengths=st.lists(st.integers(1, 70_000), min_size=1, max_size=4))
def test_a_window_is_filled_from_any_notes(seed, lengths):
    notes = itertools.cycle([tone(n) for n in lengths])
    drawn = []

    def draw():
        drawn.append(next(notes))
        return drawn[-1]

    window = sound.place(draw, N, np.random.default_rng(seed))
    assert window.shape == (N,)
    assert window.dtype == np.float32
    assert np.isfinite(window).all()
    assert drawn
    # Notes are shared by many windows, and must not be written to.
    for note in drawn:
        assert np.array_equal(note, tone(len(note)))


def test_windows_are_of_many_kinds():
    rng = np.random.default_rng(0)
    windows = [sound.place(lambda: tone(4_000), N, rng) for _ in range(200)]
    begins = np.array([np.abs(w[:400]).max() > 0.01 for w in windows])
    assert 0.3 < begins.mean() < 0.9
    pitches = [np.abs(np.fft.rfft(w)).argmax() for w in windows if w.any()]
    assert min(pitches) < 438
    assert max(pitches) > 442
    assert 360 < min(pitches) <= max(pitches) < 540  # three semitones, and a short note's blur


def test_a_note_that_goes_on_is_heard_until_the_window_ends():
    n = 4 * N
    alone = 0
    for seed in range(200):
        drawn = []

        def draw(drawn=drawn):
            drawn.append(np.full(2 * n, 0.5, np.float32))
            return drawn[-1]

        window = sound.place(draw, n, np.random.default_rng(seed))
        assert window.shape == (n,), seed
        if len(drawn) == 1:  # several are cut short, and may leave a pause
            alone += 1
            assert window[-400:] == pytest.approx(0.5, abs=0.05), seed
    assert alone > 60


def test_some_windows_hold_nothing_but_what_rings_on():
    fading = np.linspace(1, 0, 3 * N, dtype=np.float32)
    windows = [sound.place(lambda: fading, N, np.random.default_rng(seed)) for seed in range(200)]
    later = [w for w in windows if w[0] < 0.66 and (np.diff(w) < 0.01).all()]
    assert 10 < len(later) < 60


def test_the_longest_of_a_few_notes_rings_on():
    lengths = itertools.cycle([N // 4, N // 4, 3 * N, N // 4])
    rung = []
    for seed in range(200):
        drawn = []

        def draw(drawn=drawn):
            drawn.append(np.full(next(lengths), 0.5, np.float32))
            return drawn[-1]

        window = sound.place(draw, N, np.random.default_rng(seed))
        if len(drawn) == sound.LONGEST_OF:  # as do some windows of several notes
            rung.append(window[: N // 3].min() > 0.4)
    assert np.mean(rung) > 0.7


@pytest.mark.parametrize("semitones", [-3, -1, -0.5, 0.5, 1, 3])
def test_tuning_moves_the_pitch_and_the_length(semitones):
    tuned = sound.tune(tone(32_000), semitones)
    factor = 2 ** (semitones / 12)
    assert len(tuned) == pytest.approx(32_000 / factor, abs=2)
    spectrum = np.abs(np.fft.rfft(tuned * np.hanning(len(tuned))))
    assert spectrum.argmax() * 16_000 / len(tuned) == pytest.approx(440 * factor, rel=2e-3)


@few
@given(seed=SEEDS, n=st.integers(10, 40_000), amplitude=st.sampled_from([0, 1e-4, 0.1, 1, 30]))
def test_a_recording_is_as_long_and_never_broken(seed, n, amplitude):
    original = tone(n, amplitude=amplitude)
    samples = original.copy()
    recorded = sound.record(samples, np.random.default_rng(seed))
    assert recorded.shape == (n,)
    assert recorded.dtype == np.float32
    assert np.isfinite(recorded).all()
    assert np.array_equal(samples, original)
    if amplitude == 0:
        assert not recorded.any()
    else:
        # Noise comes on top of a peak of -30 to 0 dBFS, and is 10 dB quieter at least.
        assert 10**-1.6 < np.abs(recorded).max() < 1 + 5 * 0.32


def test_recordings_are_of_many_levels():
    rng = np.random.default_rng(0)
    levels = [20 * np.log10(np.abs(sound.record(tone(), rng)).max()) for _ in range(150)]
    assert min(levels) < -24
    assert max(levels) > -6


@few
@given(seed=SEEDS)
def test_a_room_begins_with_the_sound_itself(seed):
    click = np.zeros(N, np.float32)
    click[100] = 1
    wet = sound.reverb(click, np.random.default_rng(seed))
    assert wet.shape == (N,)
    assert np.abs(wet[:100]).max() < 1e-5
    assert wet[100] == pytest.approx(1, abs=0.05)
    share = rms(wet[101:]) / rms(click)
    assert 0.04 < share < 0.65
    half = N // 2
    assert rms(wet[half:]) < rms(wet[101:half])


@few
@given(seed=SEEDS)
def test_the_equaliser_changes_the_colour_and_leaves_the_middle(seed):
    eq = sound.equalise
    gains = {
        hz: rms(eq(tone(hz=hz), np.random.default_rng(seed))[2_000:-2_000]) / rms(tone(hz=hz))
        for hz in (125, 1000, 4000)
    }
    assert gains[1000] == pytest.approx(1, abs=0.1)
    decibels = {hz: 20 * np.log10(gain) for hz, gain in gains.items()}
    assert -36 < decibels[125] < 13  # 12 by the tilt, 23 by the band limit
    assert -19 < decibels[4000] < 9


@few
@given(seed=SEEDS, n=st.integers(1_000, 40_000))
def test_noise_has_the_level_that_it_says(seed, n):
    hiss = sound.noise(n, np.random.default_rng(seed))
    assert hiss.shape == (n,)
    assert hiss.dtype == np.float32
    assert rms(hiss) == pytest.approx(1, rel=1e-4)
    assert np.abs(hiss).max() < 8


@pytest.mark.parametrize(("hz", "lost"), [(50, 24.1), (200, 3), (1000, 0), (4000, 3), (7900, 12)])
def test_band_limits_take_what_they_say(hz, lost):
    through = sound.filtered(tone(hz=hz), low=(200, 2), high=(4000, 2))
    gain = rms(through[2_000:-2_000]) / rms(tone(hz=hz)[2_000:-2_000])
    assert -20 * np.log10(gain) == pytest.approx(lost, abs=0.3)


@pytest.mark.parametrize("power", [0, -0.5, -1])
def test_noise_has_the_colour_that_it_says(power):
    hiss = sound.coloured(np.random.default_rng(0).standard_normal(160_000), power)
    spectrum = np.abs(np.fft.rfft(hiss))
    low, high = (rms(spectrum[hz * 10 : hz * 20]) for hz in (500, 2000))
    assert high / low == pytest.approx(4**power, rel=0.05)


def test_training_draws_what_it_always_drew():
    # The networks that ship were trained on these: another order of draws makes other windows.
    drawn = {
        ("record", 0): [-0.3933, 0.3833, -0.3846, 0.3689, -0.404],
        ("record", 3): [-0.1969, 0.2223, -0.2246, 0.2213, -0.2223],
        ("record", 10): [-0.6322, 0.5284, -0.7063, 0.6106, -0.6417],
        ("reverb", 1): [-0.4284, 0.4133, -0.4137, 0.4137, -0.4137],
        ("equalise", 0): [-0.4252, 0.4252, -0.4252, 0.4252, -0.4252],
        ("equalise", 2): [-0.6145, 0.6145, -0.6145, 0.6145, -0.6145],
        ("equalise", 9): [-0.3321, 0.3321, -0.3321, 0.3321, -0.3321],
        ("noise", 0): [-1.323, 0.9768, 1.6103, -0.9866, -0.1913],
        ("noise", 4): [1.0203, -0.9497, 2.0067, 0.4822, 0.2821],
    }
    for (name, seed), samples in drawn.items():
        rng = np.random.default_rng(seed)
        made = getattr(sound, name)(N if name == "noise" else tone(), rng)
        assert made[1009::3000] == pytest.approx(samples, abs=1e-4), (name, seed)
