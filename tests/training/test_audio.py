import numpy as np
import pytest
import soundfile

from realtime.errors import UserError
from training.audio import load


def test_a_file_is_mono_at_the_rate_of_the_stream(tmp_path):
    t = np.arange(44_100) / 44_100
    stereo = np.stack((np.sin(2 * np.pi * 440 * t), np.zeros(44_100)), axis=1)
    soundfile.write(tmp_path / "a.flac", stereo, 44_100)
    samples = load(tmp_path / "a.flac")
    assert samples.dtype == np.float32
    assert len(samples) == 16_000
    spectrum = np.abs(np.fft.rfft(samples))
    assert spectrum.argmax() == 440
    assert np.abs(samples).max() == pytest.approx(0.5, abs=0.02)


def test_only_the_first_seconds_are_read(tmp_path):
    ramp = np.linspace(0, 1, 32_000, dtype=np.float32)
    soundfile.write(tmp_path / "a.wav", ramp, 16_000, subtype="FLOAT")
    assert np.array_equal(load(tmp_path / "a.wav", seconds=0.5), ramp[:8_000])


def test_what_cannot_be_used_is_named(tmp_path):
    (tmp_path / "text.wav").write_text("nothing of the kind")
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 16_000)
    broken = np.array([0, np.nan, 0], np.float32)
    soundfile.write(tmp_path / "nan.wav", broken, 16_000, subtype="FLOAT")
    for name, says in (
        ("text.wav", "cannot be read"),
        ("missing.wav", "cannot be read"),
        ("empty.wav", "no samples"),
        ("nan.wav", "NaN"),
    ):
        with pytest.raises(UserError, match=says) as caught:
            load(tmp_path / name)
        assert name in str(caught.value)
