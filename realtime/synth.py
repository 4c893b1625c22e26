"""MIDI to sound, as a stream, so that a network that listens can follow a MIDI port too."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from ctypes import c_int, c_uint, c_void_p
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from realtime.errors import UserError
from realtime.features.tracker import DRUM_CHANNEL
from realtime.quiet import quiet_stderr
from realtime.records import STREAM_RATE, TimedMessage
from realtime.text import printable

if TYPE_CHECKING:
    import mido

INSTALL = {
    "linux": "apt install libfluidsynth3 (or your distribution's fluidsynth)",
    "darwin": "brew install fluid-synth",
    "win32": "choco install fluidsynth",
}


class SynthMissing(UserError):
    """FluidSynth's library is not installed; the message says how to install it."""


def default_soundfont() -> Path:
    """The General MIDI SoundFont that the ``pretty_midi`` package ships (TimGM6mb, 6 MB).

    Raises:
        UserError: ``pretty_midi`` is not installed.
    """
    spec = find_spec("pretty_midi")
    for folder in spec.submodule_search_locations or () if spec else ():
        if (path := Path(folder) / "TimGM6mb.sf2").exists():
            return path
    raise UserError("no SoundFont: pretty_midi does not carry one here; name one with --soundfont")


class Synth:
    """FluidSynth, rendering mono at ``STREAM_RATE`` exactly as far as it is asked to.

    Messages take effect at their positions, to FluidSynth's block of 64 samples (4 ms), and the
    sound is the same to the last bit however the stream is cut. Reverb and chorus are off: rooms
    differ, and the networks are trained to hear through them.

    Args:
        soundfont: A ``.sf2`` or ``.sf3`` file; the embedded default otherwise.
        gain: FluidSynth's master gain, 0 to 10.

    Raises:
        SynthMissing: The FluidSynth library is not installed.
        UserError: The SoundFont is missing or is none.
    """

    def __init__(self, soundfont: str | Path | None = None, *, gain: float = 1.0) -> None:
        try:
            with redirect_stdout(StringIO()):  # on build machines it tells there where it lies
                import fluidsynth
        except (ImportError, AttributeError, OSError) as error:
            how = INSTALL.get(sys.platform, "install FluidSynth")
            raise SynthMissing(
                f"FluidSynth is missing, so no network can hear MIDI as sound: {how}"
            ) from error
        _hush(fluidsynth)
        self._hand_over = _hand_over(fluidsynth.cfunc)
        path = Path(soundfont) if soundfont else default_soundfont()
        if not os.path.isfile(path):
            raise UserError(f"{printable(str(path))}: no such SoundFont; name a .sf2 or .sf3 file")
        self._make = lambda: fluidsynth.Synth(gain=gain, samplerate=float(STREAM_RATE))
        self._path = path
        self._synth: Any = None
        self.reset()

    def render(self, messages: Iterable[TimedMessage], end: int) -> np.ndarray:
        """Play messages and return the sound up to a position.

        Args:
            messages: In order, none before the position reached so far.
            end: Stream position to render to.

        Returns:
            float32 (end - position,), mono.
        """
        parts = []
        for timed in messages:
            parts.append(self._samples(min(timed.position, end)))
            self._send(timed.message)
        parts.append(self._samples(end))
        return np.concatenate(parts)

    def reset(self, position: int = 0) -> None:
        """Start again at a position, as if new.

        FluidSynth's own reset keeps the phase of its blocks and dither, so a new one is made. It
        takes over the SoundFont, which is slow to load.
        """
        used, self._synth = self._synth, self._make()
        self.position = position
        for key in ("synth.reverb.active", "synth.chorus.active"):
            self._synth.setting(key, 0)
        if used is None:
            with quiet_stderr():  # the library that it tries last has a log of its own
                font = self._synth.sfload(str(self._path))
        else:
            font = self._hand_over(used.synth, self._synth.synth)
            used.delete()
        if font < 0:
            self.close()
            name = printable(str(self._path))
            raise UserError(
                f"{name}: not a SoundFont that FluidSynth can read; name a .sf2 or .sf3 file"
            )
        for channel in range(16):
            drums = channel == DRUM_CHANNEL
            self._synth.program_select(channel, font, 128 if drums else 0, 0)

    def close(self) -> None:
        """Free the synthesizer. Further calls do nothing."""
        if self._synth is not None:
            self._synth.delete()
            self._synth = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _samples(self, end: int) -> np.ndarray:
        n = end - self.position
        if n <= 0:
            return np.zeros(0, np.float32)
        self.position = end
        stereo = self._synth.get_samples(n).reshape(n, 2)
        return (stereo.astype(np.float32).sum(axis=1) * np.float32(0.5 / 32768)).astype(np.float32)

    def _send(self, message: mido.Message) -> None:
        kind = message.type
        if kind == "note_on":
            self._synth.noteon(message.channel, message.note, message.velocity)
        elif kind == "note_off":
            self._synth.noteoff(message.channel, message.note)
        elif kind == "control_change":
            self._synth.cc(message.channel, message.control, message.value)
        elif kind == "program_change":
            self._synth.program_change(message.channel, message.program)
        elif kind == "pitchwheel":
            self._synth.pitch_bend(message.channel, message.pitch)


def _hand_over(cfunc: Callable[..., Any]) -> Callable[[int, int], int]:
    """Makes a function that moves the SoundFont of one FluidSynth to another; returns its number.

    pyfluidsynth has no names for these functions of the library.
    """
    synth, font = ("synth", c_void_p, 1), ("sfont", c_void_p, 1)
    get = cfunc("fluid_synth_get_sfont", c_void_p, synth, ("num", c_uint, 1))
    remove = cfunc("fluid_synth_remove_sfont", c_int, synth, font)
    add = cfunc("fluid_synth_add_sfont", c_int, synth, font)

    def hand_over(old: int, new: int) -> int:
        moved = get(old, 0)
        remove(old, moved)
        return int(add(new, moved))

    return hand_over


def _hush(fluidsynth: Any) -> None:
    """Keep FluidSynth's log, which goes to stderr, off the screen.

    Whoever plays into a MIDI port could fill it: each unknown program and each note that is one too
    many is worth a line.
    """
    arguments = (("level", c_int, 1), ("function", c_void_p, 1), ("data", c_void_p, 1))
    set_log = fluidsynth.cfunc("fluid_set_log_function", c_void_p, *arguments)
    for level in range(5):  # panic, error, warning, information, debugging
        set_log(level, None, None)
