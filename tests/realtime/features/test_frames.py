import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.features.banks import hann, mel
from realtime.features.frames import BandFrames

BANK = mel(16_000, 512, 20, 0.0, 8000.0)


def test_frames_are_the_definition_written_out(sound):
    frames = BandFrames(BANK, n_fft=512, hop=130, win_length=400, n_frames=12, scale=0.5)
    samples = sound(2_990, 1)
    frames.push(samples)
    assert frames.end == 2870  # 400 + 19 * 130
    padded = np.concatenate((np.zeros(400), samples.astype(np.float64)))
    for back, row in enumerate(frames.latest(12)[::-1]):
        end = 400 + frames.end - back * 130
        spectrum = np.fft.rfft(padded[end - 400 : end] * hann(400), 512)
        power = BANK.astype(np.float64) @ (np.abs(spectrum) ** 2 * 0.5)
        np.testing.assert_allclose(row, 10 * np.log10(np.maximum(power, 1e-10)), atol=1e-3)


def test_the_first_frame_ends_where_the_grid_of_frames_begins():
    frames = BandFrames(BANK, n_fft=512, hop=130, win_length=400, n_frames=3)
    ends = []
    for _ in range(500):
        frames.push(np.zeros(1, np.float32))
        ends.append(frames.end)
    # 400 less three hops of 130 is 10.
    assert sorted(set(ends)) == [0, 10, 140, 270, 400]
    assert [ends.index(end) + 1 for end in (10, 140, 270, 400)] == [10, 140, 270, 400]


def test_silence_reads_as_the_floor():
    frames = BandFrames(BANK, n_fft=512, hop=128, n_frames=4)
    np.testing.assert_allclose(frames.latest(4), -100, atol=1e-4)
    frames.push(np.zeros(2_000, np.float32))
    np.testing.assert_allclose(frames.latest(4), -100, atol=1e-4)


@pytest.mark.parametrize(
    ("bank", "changes", "says"),
    [
        (np.eye(3, 257, dtype=np.float32) * [[1], [0], [1]], {}, "no FFT bin"),
        (BANK, {"win_length": 513}, "longer than n_fft"),
        (BANK, {"n_frames": 1 << 22}, "too many"),
    ],
)
def test_what_cannot_be_is_refused(bank, changes, says):
    with pytest.raises(ValueError, match=says):
        BandFrames(bank, **{"n_fft": 512, "hop": 128, "n_frames": 4} | changes)


@given(seed=st.integers(0, 99), width=st.integers(1, 40), columns=st.none() | st.integers(1, 20))
def test_a_frame_is_the_same_to_the_last_bit_whatever_is_computed_with_it(seed, width, columns):
    rng = np.random.default_rng(seed)
    bank = mel(16_000, 512, width, 0.0, 8000.0)
    transform = None if columns is None else rng.normal(size=(width, columns))
    frames = BandFrames(bank, n_fft=512, hop=128, win_length=500, n_frames=4, transform=transform)
    rows = rng.normal(size=(BandFrames.BATCH, 500)).astype(np.float32)
    together = frames.rows(rows)
    for n in range(1, len(rows)):
        assert np.array_equal(frames.rows(rows[:n]), together[:n])
        assert np.array_equal(frames.rows(rows[n:]), together[n:])
