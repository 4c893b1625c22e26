"""Sound files as a microphone hears them where people play."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import soundfile

from realtime.errors import UserError
from training.judging import sounds
from training.judging.conditions import of_kind, perform

T = np.arange(32_000) / 16_000


def tone(hz: float = 440, amplitude: float = 0.2) -> np.ndarray:
    return (amplitude * np.sin(2 * np.pi * hz * T)).astype(np.float32)


def rms(x: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(x, dtype=np.float64))))


def db(ratio: float) -> float:
    return float(20 * np.log10(ratio))


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def heard(path: Path, condition: str) -> np.ndarray:
    with perform(path, condition=condition) as source:
        blocks = list(source)
    for before, after in itertools.pairwise(blocks):
        assert after.position == before.end
    return np.concatenate([b.samples for b in blocks])


def test_noise_lies_as_many_decibels_below_the_sound() -> None:
    for amplitude in (0.01, 0.9):
        clean = tone(amplitude=amplitude)
        added = sounds.noisy(clean, rng()) - clean
        assert db(rms(clean) / rms(added)) == pytest.approx(15, abs=0.1)


def test_a_rumble_is_louder_than_the_sound_and_lies_below_it() -> None:
    clean = tone()
    added = sounds.rumbling(clean, rng()) - clean
    assert db(rms(added) / rms(clean)) == pytest.approx(6, abs=0.1)
    power = np.abs(np.fft.rfft(added)) ** 2
    hz = np.fft.rfftfreq(len(added), 1 / 16_000)
    assert power[hz > 120].sum() < 0.01 * power.sum()


def test_a_room_gives_back_as_much_as_it_gets_and_falls_silent_in_half_a_second() -> None:
    click = np.zeros(16_000, np.float32)
    click[0] = 1
    answer = sounds.roomy(click, rng())
    assert answer[0] == pytest.approx(1, abs=0.01)
    assert np.sqrt(np.sum(answer[1:] ** 2)) == pytest.approx(1, abs=0.01)
    assert np.abs(answer[8_001:]).max() < 1e-6
    # Between two tenths of a second 0.2 s apart it falls by 60 dB * 0.2 / 0.5.
    fall = db(rms(answer[1_600:3_200]) / rms(answer[4_800:6_400]))
    assert fall == pytest.approx(24, abs=1)


def test_a_quiet_sound_stands_over_a_floor_that_does_not_follow_it() -> None:
    for amplitude in (0.01, 0.9):
        assert db(np.abs(sounds.quiet(tone(amplitude=amplitude), rng())).max()) == pytest.approx(
            -30, abs=0.7
        )
    silence = sounds.quiet(np.zeros(32_000, np.float32), rng())
    assert db(rms(silence)) == pytest.approx(-65, abs=0.1)


def test_a_small_microphone_takes_the_ends_away() -> None:
    kept = {
        hz: db(rms(sounds.narrow(tone(hz), rng())[4_000:-4_000]) / rms(tone(hz)))
        for hz in (50, 900, 7900)
    }
    assert kept[900] == pytest.approx(0, abs=0.1)
    assert kept[50] < -20
    assert kept[7900] < -10


@pytest.mark.parametrize("condition", of_kind("sound"))
def test_a_file_is_heard_alike_each_time_and_as_long(condition: str, tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav"):
        soundfile.write(tmp_path / name, tone(), 16_000)
    once, again = (heard(tmp_path / "a.wav", condition) for _ in range(2))
    np.testing.assert_array_equal(once, again)
    plain = heard(tmp_path / "a.wav", "as-is")
    assert once.shape == plain.shape
    assert once.dtype == np.float32
    assert not np.array_equal(once, plain)
    chance = condition != "phone"
    assert np.array_equal(once, heard(tmp_path / "b.wav", condition)) != chance


def test_what_is_changed_is_what_the_engine_hears_of_the_file(tmp_path: Path) -> None:
    stereo = np.random.default_rng(0).normal(0, 0.1, (44_100, 2))
    soundfile.write(tmp_path / "a.flac", stereo, 44_100)
    plain, noisy = (heard(tmp_path / "a.flac", condition) for condition in ("as-is", "noise"))
    assert db(rms(plain) / rms(noisy - plain)) == pytest.approx(15, abs=0.1)


@pytest.mark.parametrize("condition", of_kind("sound"))
def test_silence_is_no_fault(condition: str, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(16_000), 16_000)
    assert np.isfinite(heard(tmp_path / "a.wav", condition)).all()


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"no sound")
    with pytest.raises(UserError, match=r"a\.wav"):
        perform(tmp_path / "a.wav", condition="noise")
