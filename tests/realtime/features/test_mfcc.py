import librosa
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from realtime.features import Mfcc, extract

SMALL = {"window": 4096, "n_fft": 1024, "hop": 256, "n_mels": 40, "n_mfcc": 9}


def reference(samples, end):
    """librosa's MFCC of the window that ends at a position, over silence before the stream."""
    heard = np.concatenate((np.zeros(64_000, np.float32), samples[:end]))[-64_000:]
    return librosa.feature.mfcc(
        y=heard,
        sr=16_000,
        n_fft=2048,
        hop_length=512,
        n_mfcc=13,
        pad_mode="constant",
    ).T


@settings(max_examples=20)
@given(
    n=st.integers(1, 150_000),
    seed=st.integers(0, 2**32),
    sizes=st.lists(st.integers(1, 9_000), min_size=1, max_size=5),
)
@example(n=64_000, seed=0, sizes=[512])
@example(n=64_511, seed=1, sizes=[1600])
@example(n=511, seed=2, sizes=[100])
def test_the_window_is_librosas_anywhere_in_a_stream(n, seed, sizes, sound, feed):
    samples = sound(n, seed)
    mfcc = Mfcc()
    feed(mfcc, samples, sizes)
    assert mfcc.end == n - n % 512
    window = mfcc.window()
    assert window.dtype == np.float32
    np.testing.assert_allclose(window, reference(samples, mfcc.end), rtol=0, atol=1e-3)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(64_000),
        np.eye(1, 64_000, 30_000)[0],
        1e-6 * np.random.default_rng(0).normal(size=64_000),
        np.full(64_000, 0.5),
        0.01 * np.sin(2 * np.pi * 4400 * np.arange(64_000) / 16_000),
        1e4 * np.sin(2 * np.pi * 440 * np.arange(64_000) / 16_000),
        np.random.default_rng(1).normal(size=64_000) * np.where(np.arange(64_000) < 99, 1, 1e-4),
        np.random.default_rng(2).normal(size=64_000)
        * np.where(np.arange(64_000) > 63_900, 1, 1e-4),
    ],
    ids=[
        "silence",
        "click",
        "hiss",
        "direct current",
        "quiet tone",
        "unscaled integers",
        "first",
        "last",
    ],
)
def test_the_window_is_librosas_for_extreme_sounds(samples):
    samples = samples.astype(np.float32)
    window = extract(Mfcc(), samples)
    np.testing.assert_allclose(window, reference(samples, 64_000), rtol=0, atol=1e-3)


@settings(max_examples=10)
@given(n=st.integers(64_000, 90_000), seed=st.integers(0, 2**32))
def test_without_padding_the_window_is_librosas_without_it(n, seed, sound):
    samples = sound(n, seed)
    mfcc = Mfcc(center=False)
    window = extract(mfcc, samples)
    expected = librosa.feature.mfcc(
        y=samples[mfcc.start : mfcc.end],
        sr=16_000,
        n_fft=2048,
        hop_length=512,
        n_mfcc=13,
        center=False,
    )
    assert window.shape == mfcc.shape == (122, 13)
    np.testing.assert_allclose(window, expected.T, rtol=0, atol=1e-3)


@pytest.mark.parametrize("center", [True, False])
@settings(max_examples=10)
@given(n=st.integers(64_000, 90_000), seed=st.integers(0, 2**32))
def test_without_a_clip_the_window_is_librosas_without_it(n, seed, center, sound):
    samples = sound(n, seed)
    mfcc = Mfcc(center=center, top_db=None)
    window = extract(mfcc, samples)
    power = librosa.feature.melspectrogram(
        y=samples[mfcc.start : mfcc.end],
        sr=16_000,
        n_fft=2048,
        hop_length=512,
        center=center,
        pad_mode="constant",
    )
    expected = librosa.feature.mfcc(S=librosa.power_to_db(power, top_db=None), n_mfcc=13)
    assert window.shape == mfcc.shape
    # Levels more than 80 dB below a frame's loudest are float32's rounding, theirs and ours.
    np.testing.assert_allclose(window, expected.T, rtol=0, atol=0.1)


@pytest.mark.parametrize("top_db", [80.0, None])
@settings(max_examples=40)
@given(
    n=st.integers(0, 12_000),
    sizes=st.lists(st.integers(0, 3_000), min_size=1, max_size=6),
)
def test_the_stream_equals_the_offline_form_to_the_last_bit(top_db, n, sizes, sound, feed):
    samples = sound(n, n) if n else np.zeros(0, np.float32)
    streamed = Mfcc(**SMALL, top_db=top_db)
    feed(streamed, samples, sizes)
    assert np.array_equal(streamed.window(), extract(Mfcc(**SMALL, top_db=top_db), samples))
    assert np.array_equal(streamed.window(), streamed.window())


@given(n=st.integers(0, 4_096 * 3), cut=st.integers(0, 5_000), seed=st.integers(0, 99))
@settings(max_examples=30)
def test_a_window_depends_on_nothing_before_it(n, cut, seed, sound):
    """So that a listener of a day says the same as a fresh start on the same window."""
    samples = sound(n + 8_192, seed)
    long, fresh = Mfcc(**SMALL), Mfcc(**SMALL)
    long.push(samples)
    cut -= cut % 256
    start = min(long.start - long.start % 256, cut)
    fresh.push(samples[max(0, start) :])
    assert np.array_equal(long.window(), fresh.window())


@given(sizes=st.lists(st.integers(1, 9_000), max_size=4), seed=st.integers(0, 99))
@settings(max_examples=30)
def test_reset_is_a_fresh_start(sizes, seed, sound):
    used, fresh = Mfcc(**SMALL), Mfcc(**SMALL)
    for i, size in enumerate(sizes):
        used.push(sound(size, i))
        used.window()
    used.reset()
    assert (used.start, used.end, used.full) == (fresh.start, fresh.end, fresh.full)
    assert np.array_equal(used.window(), fresh.window())
    samples = sound(3_000, seed)
    used.push(samples)
    fresh.push(samples)
    assert np.array_equal(used.window(), fresh.window())


def test_a_window_is_full_once_as_much_was_heard():
    mfcc = Mfcc(**SMALL)
    assert (mfcc.start, mfcc.end, mfcc.full) == (-4096, 0, False)
    mfcc.push(np.zeros(255, np.float32))
    assert (mfcc.start, mfcc.end, mfcc.full) == (-4096, 0, False)
    mfcc.push(np.zeros(3841 - 1, np.float32))
    assert (mfcc.start, mfcc.end, mfcc.full) == (-256, 3840, False)
    mfcc.push(np.zeros(1, np.float32))
    assert (mfcc.start, mfcc.end, mfcc.full) == (0, 4096, True)
    mfcc.push(np.zeros(257, np.float32))
    assert (mfcc.start, mfcc.end, mfcc.full) == (256, 4352, True)


def test_a_window_is_the_callers_to_keep():
    mfcc = Mfcc(**SMALL)
    mfcc.push(np.full(5_000, 0.3, np.float32))
    window = mfcc.window()
    kept = window.copy()
    mfcc.push(np.random.default_rng(0).normal(size=5_000).astype(np.float32))
    mfcc.window()
    assert np.array_equal(window, kept)


@pytest.mark.parametrize("changes", [{"window": 4095}, {"hop": 300}, {"window": 768}])
def test_sizes_that_do_not_fit_are_refused(changes):
    with pytest.raises(ValueError, match="multiples of hop"):
        Mfcc(**SMALL | changes)
