"""Standard MIDI Files, parsed defensively.

mido's own reader takes numbers of any length and keeps an object for every event, so that a small
hostile file can occupy it for hours or fill the memory; it also counts SMPTE time backwards. This
one keeps twelve bytes an event, and its time grows with the size of the file only.

The format: https://midi.org/standard-midi-files-specification
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import mido
import numpy as np

from realtime.records import STREAM_RATE, TimedMessage

_NOTE_OFF, _NOTE_ON, _CONTROL = 0x80, 0x90, 0xB0
_META, _SYSEX = 0xFF, (0xF0, 0xF7)
_END_OF_TRACK, _SET_TEMPO = 0x2F, 0x51
# Both are kept among the messages under a status that no channel message has.
_TEMPO, _END = 0xFF, 0xFE
_DEFAULT_TEMPO = 500_000  # microseconds a quarter note
_SILENCE = (120, 123)  # controls that end all notes of a channel
_DENSEST = 1 << 16  # messages a second; sixty MIDI cables bring as many
_FRAME_RATES = {24: 24.0, 25: 25.0, 29: 30_000 / 1001, 30: 30.0}
_COPY = "use a complete copy"
_RESAVE = "open it in a sequencer or notation program and save it again"


class SmfError(ValueError):
    """A file that cannot be played.

    Attributes:
        what: What is wrong, in words that follow the name of the file.
        remedy: What to do about it.
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}; {remedy}")
        self.what, self.remedy = what, remedy


@dataclass(frozen=True, slots=True)
class Notation:
    """The channel messages of all tracks, in order of time.

    Attributes:
        positions: int64 (n,), in samples at ``STREAM_RATE``, not falling.
        packed: uint32 (n,), each message as ``status | first << 8 | second << 16``.
    """

    positions: np.ndarray
    packed: np.ndarray


def parse(data: bytes, *, strict: bool = True, longest: float = 86_400.0) -> Notation:
    """Read a MIDI file of type 0 or 1, in beats or in SMPTE time.

    The tempo changes of all tracks count for all. System exclusive and meta events are left out.

    Args:
        data: The whole file.
        strict: Refuse what is damaged or hangs. Otherwise a track that breaks off counts up to
            there, values out of range are clipped, and notes that never end do so with the file.
        longest: Seconds that it may last.

    Raises:
        SmfError: It is of type 2, without notes, longer than ``longest`` or denser than any music,
            or, if ``strict``, damaged or with notes that never end.
    """
    ticks, packed = array("q"), array("I")
    unit, in_beats = _read_tracks(data, ticks, packed, strict)
    at = np.frombuffer(ticks, np.int64)
    order = np.argsort(at, kind="stable")
    events = np.frombuffer(packed, np.uint32)[order]
    positions = _positions(at[order], events, unit, in_beats)
    messages = events & 0xFF < _END
    end = positions.max(initial=0)
    events, positions = events[messages], positions[messages]

    if not np.any((events & 0xF0 == _NOTE_ON) & (events >> 16 > 0)):
        raise SmfError("has no notes", "give a file with music in it")
    last = positions[-1]
    if last > longest * STREAM_RATE:
        hours, most = last / STREAM_RATE / 3600, longest / 3600
        what = f"claims to last {hours:,.1f} hours, and {most:g} are the most that is played"
        raise SmfError(what, "cut the silence out of it")
    positions = positions.astype(np.int64)
    within = np.searchsorted(positions, positions + STREAM_RATE) - np.arange(len(positions))
    if within.max() > _DENSEST:
        at = positions[within.argmax()] / STREAM_RATE
        what = f"has {within.max()} messages within a second, at {at:.2f} s"
        raise SmfError(what, "give a file with music in it")
    hanging = _hanging(events)
    if hanging and strict:
        (channel, pitch), first = next(iter(hanging.items()))
        count = "a note" if len(hanging) == 1 else f"{len(hanging)} notes"
        seconds = positions[first] / STREAM_RATE
        what = f"has {count} without end: pitch {pitch}, channel {channel + 1}, {seconds:.2f} s"
        raise SmfError(what, _RESAVE)
    if hanging:
        # A track end far behind the music is a slip of some program: the last notes do not last.
        until = int(min(end, last + STREAM_RATE))
        offs = [_NOTE_OFF | channel | pitch << 8 for channel, pitch in hanging]
        events = np.append(events, np.array(offs, np.uint32))
        positions = np.append(positions, np.full(len(offs), until, np.int64))
    return Notation(positions, events)


def timed(
    positions: Sequence[int] | np.ndarray, packed: Sequence[int] | np.ndarray
) -> tuple[TimedMessage, ...]:
    """Messages as blocks hold them.

    Args:
        positions: Where they sound, in stream time.
        packed: What they are, as in ``Notation``.
    """
    return tuple(
        TimedMessage(int(position), _message(int(message)))
        for position, message in zip(positions, packed, strict=True)
    )


def _message(packed: int) -> mido.Message:
    data = packed.to_bytes(3, "little")
    return mido.Message.from_bytes(data[:2] if data[0] & 0xE0 == 0xC0 else data)


class _DamageError(Exception):
    """What is wrong inside a track."""


def _read_tracks(
    data: bytes, ticks: array[int], packed: array[int], strict: bool
) -> tuple[float, bool]:
    """Append the events of all tracks, one track after the other.

    Returns:
        Ticks a beat and True, or, of a file in SMPTE time, ticks a second and False.
    """
    if len(data) < 14:
        raise SmfError("is cut off in its header", _COPY)
    size, kind, count, division = struct.unpack(">4xIHHH", data[:14])
    if kind > 1:
        raise SmfError(f"is of type {kind}", "save it as type 1, which says what sounds together")
    unit = float(division)
    if in_frames := division >= 0x8000:
        unit = _FRAME_RATES.get(256 - (division >> 8), 0) * (division & 0xFF)
    if not unit:
        raise SmfError(f"has an impossible time division (0x{division:04x})", _RESAVE)
    at, done = 8 + size, 0
    while done < count:
        head = data[at : at + 8]
        length = int.from_bytes(head[4:], "big")
        chunk = data[at + 8 : at + 8 + length]
        if strict and (len(head) < 8 or len(chunk) < length):
            raise SmfError(f"is cut off: {done} of {count} tracks are complete", _COPY)
        if not head:
            break
        at += 8 + length
        if head[:4] != b"MTrk":  # the format asks to skip what is not known
            continue
        done += 1
        try:
            _read_track(chunk, ticks, packed, strict)
        except _DamageError as damage:
            raise SmfError(f"is damaged: track {done} {damage}", _RESAVE) from None
    return unit, not in_frames


def _read_track(chunk: bytes, ticks: array[int], packed: array[int], strict: bool) -> None:
    """Append the events of a track, up to where it is damaged if not ``strict``."""
    ended = False
    try:
        for tick, event in _events(chunk, strict):
            ended |= event == _END
            ticks.append(tick)
            packed.append(event)
    except (IndexError, _DamageError) as error:
        # Some files have a few more notes behind the end of a track, some have rubbish there.
        if ended or not strict:
            return
        if isinstance(error, IndexError):
            raise _DamageError("breaks off inside an event") from None
        raise


def _events(chunk: bytes, strict: bool) -> Iterator[tuple[int, int]]:
    """Channel messages, tempo changes and ends of a track, each with its tick.

    Raises:
        IndexError: The track breaks off inside an event.
        _DamageError: It holds what cannot be.
    """
    tick = at = status = 0
    while at < len(chunk):
        delta, at = _number(chunk, at)
        tick += delta
        byte = chunk[at]
        if byte == _META or byte in _SYSEX:
            kind = chunk[at + 1] if byte == _META else None
            length, start = _number(chunk, at + (1 if kind is None else 2))
            at = start + length
            if at > len(chunk):
                raise IndexError
            if kind == _END_OF_TRACK:
                yield tick, _END
            elif kind == _SET_TEMPO and length >= 3:
                yield tick, _TEMPO | int.from_bytes(chunk[start : start + 3], "big") << 8
            continue
        if byte >= 0x80:
            status, at = byte, at + 1
        # The format ends a running status at meta events; many writers do not.
        if not 0x80 <= status < 0xF0:
            raise _DamageError(f"has an event of unknown kind (0x{byte:02x})")
        width = 1 if status & 0xE0 == 0xC0 else 2
        values = [chunk[at + i] for i in range(width)]
        if max(values) > 127:
            if strict:
                raise _DamageError(f"has a value out of range ({max(values)})")
            values = [min(value, 127) for value in values]
        at += width
        yield tick, status | values[0] << 8 | (values[1] << 16 if width == 2 else 0)


def _number(chunk: bytes, at: int) -> tuple[int, int]:
    """The number of one to four bytes at ``at``, and where it ends."""
    value = 0
    for i in range(at, at + 4):
        value = value << 7 | chunk[i] & 0x7F
        if chunk[i] < 0x80:
            return value, i + 1
    raise _DamageError("has a number of more than four bytes")


def _positions(ticks: np.ndarray, events: np.ndarray, unit: float, in_beats: bool) -> np.ndarray:
    """Stream positions of events, rounded but float64, since a file may claim any length."""
    if not in_beats:
        return np.rint(ticks * (STREAM_RATE / unit))
    changes = np.flatnonzero(events & 0xFF == _TEMPO)
    tempos = np.concatenate(([_DEFAULT_TEMPO], events[changes] >> 8)).astype(np.float64)
    # A tempo counts from the event after its own on. Sums of whole numbers stay exact in float64.
    in_force = tempos[np.searchsorted(changes, np.arange(len(events)))]
    beats = np.cumsum(np.diff(ticks, prepend=0) * in_force)  # each in microseconds
    return np.rint(beats * STREAM_RATE / (1e6 * unit))


def _hanging(events: np.ndarray) -> dict[tuple[int, int], int]:
    """Channel and pitch of the keys still down after the last event, and the event that struck.

    A key that is struck twice and released once is up: that is what instruments make of it.
    """
    down: list[dict[int, int]] = [{} for _ in range(16)]  # by channel, so that silence is cheap
    kinds = events & 0xF0
    relevant = np.flatnonzero(
        (kinds <= _NOTE_ON) | ((kinds == _CONTROL) & np.isin(events >> 8 & 0x7F, _SILENCE))
    )
    for index in relevant:
        event = int(events[index])
        kind, keys, pitch = event & 0xF0, down[event & 0x0F], event >> 8 & 0x7F
        if kind == _CONTROL:
            keys.clear()
            continue
        keys.pop(pitch, None)
        if kind == _NOTE_ON and event >> 16:
            keys[pitch] = int(index)
    struck = ((i, (channel, p)) for channel, keys in enumerate(down) for p, i in keys.items())
    return {key: index for index, key in sorted(struck)}
