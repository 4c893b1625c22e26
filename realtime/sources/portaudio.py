"""PortAudio through sounddevice: loaded when first needed, its devices, and closing without a hang.

PortAudio belongs to the whole process: it reads the list of devices once, and reading it again ends
every open stream. So everything that opens, closes or reads it again goes through here. Any of it
may hang with a sound server: see ``errand``.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from realtime.errors import UserError
from realtime.quiet import quiet_stderr
from realtime.sources.jack import JackWatch
from realtime.text import printable

_PATIENCE = 1.5  # seconds that closing a stream may take before it counts as stuck
_WRONG_FORMAT = {-9998, -9997, -9994}  # channels, rate, sample format: another one may do
_JACK = "JACK"  # PortAudio adds "Audio Connection Kit"
_INSTALL = {
    "linux": "install it with 'apt-get install libportaudio2' or 'dnf install portaudio'",
    "darwin": "install it with 'pip install --force-reinstall sounddevice'",
    "win32": "install it with 'pip install --force-reinstall sounddevice'",
}

_turn = threading.Lock()
_open: dict[int, AudioInput] = {}  # by the ids of our streams that are open, or stuck on closing
_closing: set[int] = set()
_left: list[Any] = []  # streams that must not be closed
_jacks: list[JackWatch] = []  # the server that PortAudio is a client of, if any


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

    @property
    def jack(self) -> bool:
        """Whether it belongs to a JACK server."""
        return self.api.startswith(_JACK)


def load() -> Any:
    """The sounddevice module.

    Raises:
        UserError: PortAudio or sounddevice is missing or does not start; says what to install.
    """
    remedy = _INSTALL.get(sys.platform, "install PortAudio")
    try:
        with quiet_stderr():  # it mutes it itself, and that could not be undone if it hangs
            import sounddevice
    except ImportError:
        raise UserError("sounddevice is missing: pip install sounddevice") from None
    except OSError:  # what sounddevice raises without the library that it binds
        raise UserError(f"PortAudio, which microphones need, is missing: {remedy}") from None
    except Exception as error:  # its own error type cannot be imported when its import fails
        raise UserError(f"PortAudio does not start ({error}): {remedy}") from None
    _adopt(sounddevice)
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

    Otherwise the old list stays, and for good once a JACK server ended: parting from one that is
    gone ends the process. On Linux a device in the list can be opened again even so.
    """
    sd = load()
    with _turn, quiet_stderr():
        if _open or jack_ended():
            return
        with contextlib.suppress(sd.PortAudioError):
            sd._terminate()
        with contextlib.suppress(sd.PortAudioError):
            sd._initialize()
        _meet_jack(sd)


def jack_ended() -> bool:
    """Whether the JACK server that PortAudio found has ended; PortAudio cannot find another one."""
    return any(not jack.alive for jack in _jacks)


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
        _open[id(stream)] = device
    return stream


def close(stream: Any) -> None:
    """Stop and close a stream, without waiting long for one that is stuck.

    A sound server that hangs holds up its clients, and libpulse can block itself for good when its
    server is killed. Such a stream is left to a thread of its own. Until that is done the list of
    devices stays as it is, and the end of the process does not wait for PortAudio.

    A stream of a JACK server that ended stays open: PortAudio would wait for that server for ten
    minutes, and then end the process.
    """
    key = id(stream)
    if key in _open and _open[key].jack and jack_ended():
        _left.append(stream)
        return

    def work() -> None:
        # A dead device reports errors on closing; there is nothing left to do about them.
        with contextlib.suppress(Exception):
            stream.abort()
        with contextlib.suppress(Exception):
            stream.close()
        _open.pop(key, None)
        _closing.discard(key)

    _closing.add(key)
    worker = threading.Thread(target=work, name="portaudio-close", daemon=True)
    worker.start()
    worker.join(_PATIENCE)


@functools.cache
def _adopt(sd: Any) -> None:
    """Meet what PortAudio found when it started, and see to its end."""
    atexit.unregister(sd._exit_handler)
    atexit.register(_end, sd)
    _meet_jack(sd)


def _meet_jack(sd: Any) -> None:
    _jacks.clear()
    with contextlib.suppress(sd.PortAudioError):  # it did not start
        if any(api["name"].startswith(_JACK) for api in sd.query_hostapis()):
            _jacks.append(JackWatch())


def _end(sd: Any) -> None:
    """End PortAudio with the process, unless that would crash, nor wait long if it hangs."""
    if not (_closing or _turn.locked() or jack_ended()):
        worker = threading.Thread(target=sd._exit_handler, name="portaudio-end", daemon=True)
        try:
            worker.start()
        except RuntimeError:  # Python 3.12.0 and .1 start none so late
            sd._exit_handler()
        else:
            worker.join(_PATIENCE)
