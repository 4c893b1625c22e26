"""Notes in a recording: a MIDI file whose tick is one sample of stream time."""

from __future__ import annotations

from array import array
from pathlib import Path

from realtime.errors import UserError
from realtime.recording.sound import create, write_all
from realtime.records import STREAM_RATE, MidiBlock
from realtime.text import printable

NAME = "notes.mid"
# A quarter lasts half a second (120 beats a minute, which is also the default).
_HEAD = b"MThd\0\0\0\6\0\0\0\1" + (STREAM_RATE // 2).to_bytes(2, "big") + b"MTrk"
_TEMPO = b"\0\xff\x51\3" + (500_000).to_bytes(3, "big")
_END = b"\xff\x2f\0"
_FILLER = b"\xff\1\0"  # an empty text, where more time passes than one number can say
_MOST = (1 << 28) - 1
_LARGEST = 64 << 20  # bytes


class NotesFile:
    """Writes messages. The file is complete after each ``flush``.

    Args:
        path: The file to make.

    Raises:
        OSError: It cannot be made or written.
    """

    def __init__(self, path: Path) -> None:
        self._file = create(path)
        self._length = 0  # bytes of the track before its end
        self._new = bytearray(_TEMPO)
        self._at = 0
        write_all(self._file, _HEAD)
        self.flush(0)

    def write(self, block: MidiBlock) -> None:
        """Add a block's messages; ``flush`` writes them."""
        for timed in block.messages:
            data = timed.message.bin()
            if data[0] < 0xF0:  # a file has no place for clocks and the like
                self._new += _wait(timed.position - self._at) + data
                self._at = timed.position

    def flush(self, end: int) -> None:
        """Write what is new, and that the stream lasts until ``end``.

        Raises:
            OSError: It cannot be written.
        """
        start = len(_HEAD) + 4
        track = bytes(self._new) + _wait(end - self._at) + _END
        self._file.seek(start + self._length)
        write_all(self._file, track)  # over the end that was there
        self._file.seek(len(_HEAD))
        write_all(self._file, (self._length + len(track)).to_bytes(4, "big"))
        self._length += len(self._new)
        self._new.clear()

    def close(self) -> None:
        """Close the file. What was not flushed is lost."""
        self._file.close()


def read(path: Path) -> tuple[array[int], array[int], int]:
    """Read a file that ``NotesFile`` wrote, up to where it breaks off.

    Returns:
        Positions, not falling; the messages, each packed as its bytes in little-endian order; and
        the position at which the stream ended.

    Raises:
        UserError: It cannot be read or is another kind of file.
    """
    where = printable(str(path))
    try:
        if not path.is_file():
            raise UserError(f"{where}: no such file; use a complete copy of the recording")
        with open(path, "rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        reason = error.strerror or "unreadable"
        raise UserError(f"{where}: cannot be read ({reason}); allow it, or copy it again") from None
    positions, packed = array("q"), array("I")
    at, now = len(_HEAD) + 4, 0
    if len(data) > _LARGEST or not data.startswith(_HEAD):
        raise UserError(f"{where}: is not as it was recorded; use the original")
    try:
        while data[at:]:
            wait, at = _number(data, at)
            now += wait
            status = data[at]
            if status == 0xFF:
                if data[at : at + 3] == _END:
                    break
                at += 3 + data[at + 2]
                continue
            length = 2 if status & 0xE0 == 0xC0 else 3
            message = data[at : at + length]
            if not 0x80 <= status < 0xF0 or max(message[1:], default=0) > 127:
                raise UserError(f"{where}: is not as it was recorded; use the original")
            if len(message) < length:
                break
            positions.append(now)
            packed.append(int.from_bytes(message, "little"))
            at += length
    except IndexError:  # broken off: the program was killed, or the disk full
        pass
    return positions, packed, now


def _wait(ticks: int) -> bytes:
    """Bytes before an event: so many ticks pass first."""
    out = b""
    while ticks > _MOST:
        out += b"\xff\xff\xff\x7f" + _FILLER
        ticks -= _MOST
    number = bytes([ticks & 0x7F])
    while ticks := ticks >> 7:
        number = bytes([ticks & 0x7F | 0x80]) + number
    return out + number


def _number(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for i in range(at, at + 4):
        value = value << 7 | data[i] & 0x7F
        if data[i] < 0x80:
            return value, i + 1
    return value, at + 4
