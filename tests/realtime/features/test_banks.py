import librosa
import numpy as np
import pytest
import scipy.fft
import scipy.signal

from realtime.features import banks


@pytest.mark.parametrize(
    ("n_fft", "n_bands", "fmin", "fmax"),
    [(2048, 128, 0.0, 8000.0), (512, 20, 0.0, 8000.0), (4096, 64, 27.5, 3729.3)],
)
def test_mel_is_librosas(n_fft, n_bands, fmin, fmax):
    bank = banks.mel(16_000, n_fft, n_bands, fmin, fmax)
    expected = librosa.filters.mel(sr=16_000, n_fft=n_fft, n_mels=n_bands, fmin=fmin, fmax=fmax)
    assert bank.dtype == np.float32
    np.testing.assert_allclose(bank, expected, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("size", [(128, 13), (20, 20), (7, 1)])
def test_dct_is_scipys(size):
    n_in, n_out = size
    values = np.random.default_rng(0).normal(size=(5, n_in))
    expected = scipy.fft.dct(values, norm="ortho")[:, :n_out]
    np.testing.assert_allclose(values @ banks.dct(n_in, n_out).T, expected, atol=1e-12)


@pytest.mark.parametrize("n", [512, 2048, 3940])
def test_hann_is_scipys(n):
    np.testing.assert_allclose(banks.hann(n), scipy.signal.get_window("hann", n), atol=1e-7)


def test_a_steady_tone_reads_the_same_in_every_logarithmic_band():
    bank = banks.log_frequency(16_000, 4096, 256, 27.5, 3729.3)
    np.testing.assert_allclose(bank.sum(axis=1), 1, atol=1e-5)
    centres = np.geomspace(27.5, 3729.3, 256)
    loudest = bank.argmax(axis=1) * 16_000 / 4096
    assert np.abs(loudest - centres).max() <= 16_000 / 4096 / 2


def test_linear_bands_average_each_bin_once():
    bank = banks.linear(16_000, 1024, 32, 0.0, 8000.0)
    assert np.count_nonzero(bank, axis=0)[1:].tolist() == [1] * 512
    np.testing.assert_allclose(bank.sum(axis=1), 1, rtol=1e-6)
    assert np.all(np.diff(bank.argmax(axis=1)) > 0)
