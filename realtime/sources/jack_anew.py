"""Sound from a JACK server that came back, through a PortAudio in a process of its own.

PortAudio is a client of the JACK server that it finds when it starts. It cannot find another one
when that has ended, nor part from it: trying to ends the process. ``python -m
realtime.sources.jack_anew`` has a PortAudio that never met the old server, and passes on what it
hears.
"""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import json
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from realtime.errors import UserError
from realtime.sources import child, portaudio
from realtime.sources.devices import KnownInput
from realtime.sources.jack import JackWatch
from realtime.sources.portaudio import AudioInput, FormatError

_HEAD = struct.Struct("<I?")  # how many frames follow, and whether some were lost before them
_LOST = SimpleNamespace(input_overflow=True)
_NAME = f"rt-classify-{os.getpid()}".encode()  # PortAudio keeps only where it is
_PATIENCE = 1.0  # seconds for the other process to end in order


class JackAnew:
    """A device of a JACK server, open but not yet heard.

    Args:
        device: Which, as it was known at the old server.
        channels: The first so many channels.
        dtype: ``float32`` or ``int16``.

    Attributes:
        rate: The server's, in Hz.
        latency: PortAudio's input latency in seconds.

    Raises:
        OSError: No server runs, or the device is not there or not to be had.
    """

    def __init__(self, device: AudioInput, *, channels: int, dtype: str) -> None:
        if not JackWatch().running:  # a process for each look would be much
            raise OSError("no JACK server runs")
        self._shape, self._dtype = (-1, channels), np.dtype(dtype)
        wish = {"device": asdict(device), "channels": channels, "dtype": dtype}
        home = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "realtime.sources.jack_anew", json.dumps(wish)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"},
            start_new_session=True,  # Ctrl-C is for us
        )
        assert self._process.stdout is not None
        self._out = self._process.stdout
        said = json.loads(self._out.readline() or '{"error": "its process ended"}')
        if "error" in said:
            self.abort()
            self._out.close()
            raise OSError(said["error"])
        self.rate: int = said["rate"]
        self.latency: float = said["latency"]

    def run(self, callback: Callable[..., None], finished: Callable[[], None]) -> None:
        """Begin to hear it; both are called as by ``portaudio.start``, in a thread of its own."""
        self._callback, self._finished = callback, finished
        self._reader = threading.Thread(target=self._read, name="jack-anew", daemon=True)
        self._reader.start()

    def abort(self) -> None:
        """Stop it."""
        child.end(self._process, _PATIENCE)

    def close(self) -> None:
        """Wait for its end."""
        self._reader.join()

    def _read(self) -> None:
        out = self._out
        frame = self._shape[1] * self._dtype.itemsize
        while len(head := out.read(_HEAD.size)) == _HEAD.size:
            count, lost = _HEAD.unpack(head)
            data = out.read(count * frame)
            if len(data) < count * frame:
                break
            frames = np.frombuffer(data, self._dtype).reshape(self._shape)
            self._callback(frames, count, None, _LOST if lost else None)
        out.close()
        self._finished()


def take_own_name() -> None:
    """Be called at the server what no client of the old one was, if PortAudio has not started yet.

    A client that was left alone goes on waiting for the signal to process, which JACK sends by
    name: of the same name, two would get every other one each.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(ctypes.util.find_library("portaudio")).PaJack_SetClientName(_NAME)


def pass_on(wish: dict[str, Any]) -> None:
    """Open a device and write what it hears to stdout, until stdin ends.

    Args:
        wish: The device, how many channels and which ``dtype``.
    """
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # libraries may print
    take_own_name()
    told = threading.Event()

    def write(frames: np.ndarray, count: int, _time: Any, status: Any) -> None:
        if told.is_set():
            out.write(_HEAD.pack(count, bool(status and status.input_overflow)) + frames.tobytes())

    try:
        known = KnownInput(AudioInput(**wish.pop("device"))).again(portaudio.inputs())
        if known is None:
            raise OSError("it is not there")
        device = known.device
        stream = portaudio.start(
            device, rate=device.rate, callback=write, finished=lambda: None, **wish
        )
        said: dict[str, Any] = {"rate": device.rate, "latency": float(stream.latency)}
    except (OSError, UserError, FormatError) as error:
        said = {"error": str(error)}
    out.write(json.dumps(said).encode() + b"\n")
    told.set()
    if "error" not in said:
        sys.stdin.read()
        portaudio.close(stream)


if __name__ == "__main__":
    pass_on(json.loads(sys.argv[1]))
