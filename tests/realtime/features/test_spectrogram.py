import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.features import Spectrogram, extract

SMALL = {"frames": 12, "bands": 16, "n_fft": 1024, "win_length": 900, "hop": 170}
SCALES = ("mel", "log", "linear")


def small(scale):
    return Spectrogram(**SMALL, scale=scale, fmin=100.0)


@settings(max_examples=30)
@given(
    n=st.integers(0, 8_000),
    seed=st.integers(0, 2**32),
    sizes=st.lists(st.integers(0, 3_000), min_size=1, max_size=6),
)
def test_the_stream_equals_the_offline_form_to_the_last_bit(n, seed, sizes, sound, feed):
    samples = sound(n, seed) if n else np.zeros(0, np.float32)
    for scale in SCALES:
        streamed = small(scale)
        feed(streamed, samples, sizes)
        assert np.array_equal(streamed.window(), extract(small(scale), samples))


@settings(max_examples=10)
@given(seed=st.integers(0, 2**32), n=st.integers(1, 200_000), scale=st.sampled_from(SCALES))
def test_so_does_the_one_that_is_shipped(seed, n, scale, sound, feed):
    samples = sound(n, seed)
    streamed = Spectrogram(scale=scale)
    feed(streamed, samples, [1600, 333, 4096])
    assert np.array_equal(streamed.window(), extract(Spectrogram(scale=scale), samples))


@given(seed=st.integers(0, 2**32), scale=st.sampled_from(SCALES), gain=st.floats(-3, 3))
@settings(max_examples=40)
def test_white_is_the_loudest_point(seed, scale, gain, sound):
    samples = sound(4_000, seed) * np.float32(10**gain)
    spectrogram = small(scale)
    picture = extract(spectrogram, samples)
    assert picture.shape == (12, 16)
    assert picture.dtype == np.float32
    assert picture.min() >= 0
    assert picture.max() <= 1 + 1e-6
    if spectrogram.decibels().max() > -60:
        assert picture.max() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("level", [0, 1e-6, 1e-4])
def test_a_quiet_window_does_not_show_its_noise(level):
    hiss = np.random.default_rng(0).normal(0, level, 4_000).astype(np.float32)
    assert extract(small("log"), hiss).max() < 0.75
    assert extract(Spectrogram(**SMALL, fmin=100.0, floor_db=-200), hiss).max() > 0.99


def test_a_full_scale_sine_is_0_decibels_in_its_band_and_much_less_elsewhere():
    spectrogram = Spectrogram(scale="linear", bands=64, fmin=0.0, fmax=8000.0)
    spectrogram.push(np.sin(2 * np.pi * 1062.5 * np.arange(170_000) / 16_000).astype(np.float32))
    decibels = spectrogram.decibels()
    band = int(1062.5 // 125)
    # The main lobe spreads over four bins of the 32 that the band averages.
    assert np.all(np.abs(decibels[:, band] + 10 * np.log10(32 / 1.5)) < 1.0)
    assert decibels[:, [band - 3, band + 3]].max() < -80


def test_the_loudest_logarithmic_band_is_the_note_that_sounds():
    for note in (45, 60, 69, 81):
        hz = 440 * 2 ** ((note - 69) / 12)
        spectrogram = Spectrogram()
        spectrogram.push(np.sin(2 * np.pi * hz * np.arange(20_000) / 16_000).astype(np.float32))
        band = spectrogram.decibels()[-1].argmax()
        centre = np.geomspace(27.5, 3729.3, 256)[band]
        assert abs(12 * np.log2(centre / hz)) < 0.5


@given(sizes=st.lists(st.integers(1, 9_000), max_size=4), scale=st.sampled_from(SCALES))
@settings(max_examples=30)
def test_reset_is_a_fresh_start(sizes, scale, sound):
    used, fresh = small(scale), small(scale)
    for i, size in enumerate(sizes):
        used.push(sound(size, i))
        used.window()
    used.reset()
    assert (used.start, used.end, used.full) == (fresh.start, fresh.end, fresh.full)
    for feature in (used, fresh):
        feature.push(sound(3_000, 7))
    assert np.array_equal(used.window(), fresh.window())


def test_the_default_window_is_ten_seconds():
    spectrogram = Spectrogram()
    assert spectrogram.window_samples == 160_000
    assert spectrogram.shape == (256, 256)
    spectrogram.push(np.zeros(159_999, np.float32))
    assert not spectrogram.full
    spectrogram.push(np.zeros(1, np.float32))
    assert (spectrogram.start, spectrogram.end, spectrogram.full) == (0, 160_000, True)
    spectrogram.push(np.zeros(611, np.float32))
    assert (spectrogram.start, spectrogram.end) == (0, 160_000)
    spectrogram.push(np.zeros(1, np.float32))
    assert (spectrogram.start, spectrogram.end) == (612, 160_612)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"scale": "bark"}, "unknown scale"),
        ({"win_length": 1025}, "longer than n_fft"),
        ({"fmin": 0.0}, "zero"),
        ({"fmin": -5.0}, "fmin"),
        ({"fmin": 4000.0}, "fmin"),
        ({"fmax": 8001.0}, "fmax"),
        ({"bands": 500, "scale": "linear"}, "no FFT bin"),
    ],
)
def test_what_cannot_be_is_refused(changes, says):
    with pytest.raises(ValueError, match=says):
        Spectrogram(**{**SMALL, "fmin": 100.0, **changes})
