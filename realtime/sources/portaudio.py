"""PortAudio through sounddevice: loaded when first needed, its devices, and closing without a hang.

PortAudio belongs to the whole process: it reads the list of devices once, and reading it again ends
every open stream. So everything that opens, closes or reads it again goes through here.
"""

from __future__ import annotations

import atexit
import contextlib
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from realtime.errors import UserError
from realtime.quiet import quiet_stderr
from realtime.text import printable

_PATIENCE = 1.5  # seconds that closing a stream may take before it counts as stuck
_WRONG_FORMAT = {-9998, -9997, -9994}  # channels, rate, sample format: another one may do
_INSTALL = {
    "linux": "install it with 'apt-get install libportaudio2' or 'dnf install portaudio'",
    "darwin": "install it with 'pip install --force-reinstall sounddevice'",
    "win32": "install it with 'pip install --force-reinstall sounddevice'",
}

_turn = threading.Lock()
_open: set[int] = set()  # ids of our streams that are open, or stuck on closing


class FormatError(Exception):
    """The device is there and does not take this rate or this number of channels."""


@dataclass(frozen=True, slots=True)
class AudioInput:
    """A device that sound can be captured from.

    Attributes:
        index: PortAudio's number for it, until devices come or go.
        name: Safe to print.
        api: Host API it belongs to, as ``ALSA`` or ``Core Audio``.
        channels: Most channels it offers. Software devices offer more than there are.
        rate: Its own rate in Hz.
        default: Whether it is the one to take when none is asked for.
    """

    index: int
    name: str
    api: str
    channels: int
    rate: int
    default: bool


def load() -> Any:
    """The sounddevice module.

    Raises:
        UserError: PortAudio or sounddevice is missing or does not start; says what to install.
    """
    remedy = _INSTALL.get(sys.platform, "install PortAudio")
    try:
        import sounddevice
    except ImportError:
        raise UserError("sounddevice is missing: pip install sounddevice") from None
    except OSError:  # what sounddevice raises without the library that it binds
        raise UserError(f"PortAudio, which microphones need, is missing: {remedy}") from None
    except Exception as error:  # its own error type cannot be imported when its import fails
        raise UserError(f"PortAudio does not start ({error}): {remedy}") from None
    return sounddevice


def inputs() -> list[AudioInput]:
    """All input devices, as PortAudio last read them.

    Raises:
        UserError: PortAudio is missing.
    """
    sd = load()
    with _turn:
        try:
            devices, apis, default = sd.query_devices(), sd.query_hostapis(), sd.default.device[0]
        except sd.PortAudioError:  # it could not be started again; there may be devices later
            return []
    return [
        AudioInput(
            index=index,
            name=printable(device["name"]),
            api=printable(apis[device["hostapi"]]["name"]),
            channels=device["max_input_channels"],
            rate=round(device["default_samplerate"]),
            default=index == default,
        )
        for index, device in enumerate(devices)
        if device["max_input_channels"] > 0
    ]


def refresh() -> None:
    """Read the list of devices again, if no stream of ours is open, as that would end it.

    Otherwise the old list stays. On Linux a device in it can be opened again even so.
    """
    sd = load()
    with _turn, quiet_stderr():
        if _open:
            return
        with contextlib.suppress(sd.PortAudioError):
            sd._terminate()
        with contextlib.suppress(sd.PortAudioError):
            sd._initialize()


def start(
    device: AudioInput,
    *,
    rate: int,
    channels: int,
    dtype: str,
    callback: Callable[..., None],
    finished: Callable[[], None],
) -> Any:
    """Open a device and let it run.

    Args:
        device: Which.
        rate: In Hz.
        channels: The first so many channels.
        dtype: ``float32`` or ``int16``, what ``callback`` gets.
        callback: Called in PortAudio's thread as ``callback(samples, frames, time, status)``.
        finished: Called when no more will come, for whatever reason.

    Returns:
        The ``sounddevice.InputStream``, to be given to ``close``.

    Raises:
        FormatError: Another rate or number of channels may work.
        OSError: The device is busy, forbidden or gone.
    """
    sd = load()
    stream = None
    # PortAudio reports a failure to stderr too, around the one line that an error gets.
    with _turn, quiet_stderr():
        try:
            stream = sd.InputStream(
                device=device.index,
                samplerate=rate,
                channels=channels,
                dtype=dtype,
                # Larger buffers than "low": a few ms matter less here than a lost sample.
                latency="high",
                callback=callback,
                finished_callback=finished,
            )
            stream.start()
        except (sd.PortAudioError, ValueError) as error:
            if stream is not None:
                stream.close()
            code = error.args[1] if len(error.args) > 1 else None
            if code in _WRONG_FORMAT:
                raise FormatError(str(error)) from None
            raise OSError(printable(" ".join(str(error).split()))) from None
        _open.add(id(stream))
    return stream


def close(stream: Any) -> None:
    """Stop and close a stream, without waiting long for one that is stuck.

    A sound server that hangs holds up its clients, libpulse can block itself for good when its
    server is killed, and PortAudio waits ten minutes for a JACK server that is gone. Such a stream
    is left to a thread of its own. Until that is done the list of devices stays as it is, and the
    end of the process no longer waits for PortAudio.
    """
    key = id(stream)

    def work() -> None:
        # A dead device reports errors on closing; there is nothing left to do about them.
        with contextlib.suppress(Exception):
            stream.abort()
        with contextlib.suppress(Exception):
            stream.close()
        _open.discard(key)

    worker = threading.Thread(target=work, name="portaudio-close", daemon=True)
    worker.start()
    worker.join(_PATIENCE)
    if worker.is_alive():
        atexit.unregister(load()._exit_handler)
