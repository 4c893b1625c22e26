"""``rt-train collect`` with a microphone that really runs."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import soundfile


def test_clips_of_a_tone(pulse, alone, tone, tmp_path):
    pulse.play(["paplay", "--device=vmic", tone])
    argv = [sys.executable, "-m", "training.cli", "collect", "--mic", "vmic", "--label", "tone"]
    argv += ["--out", str(tmp_path), "--clips", "2", "--seconds", "1", "--countdown", "1"]
    done = subprocess.run(argv, env=alone, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "vmic: 2 clips of 1 s" in done.stderr
    files = sorted((tmp_path / "tone").iterdir())
    assert [file.name for file in files] == ["tone-001.wav", "tone-002.wav"]
    for file in files:
        samples, rate = soundfile.read(file)
        assert (rate, len(samples)) == (16_000, 16_000)
        peak = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))).argmax()
        assert abs(peak - 440) <= 1
