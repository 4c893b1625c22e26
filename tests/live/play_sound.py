"""Plays 440 Hz to a device that only takes its own rate: ``play_sound.py DEVICE RATE``.

Says so on stdout when the device plays.
"""

from __future__ import annotations

import signal
import sys

import numpy as np

from realtime.sources.jack_anew import take_own_name

take_own_name()  # a listener whose server died would take every other signal meant for PortAudio
import sounddevice  # noqa: E402 - it takes a name when it is imported

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # leaving JACK in order
device, rate = sys.argv[1], int(sys.argv[2])
wave = 0.5 * np.sin(2 * np.pi * 440 * np.arange(20 * rate) / rate)
sounddevice.play(np.stack([wave, wave], 1).astype(np.float32), rate, device=device)
print('{"say": "playing"}', flush=True)
sounddevice.wait()
