"""What the header of a sound file promises, held against what is there.

libsndfile quietly shortens a WAV, AIFF or OGG file that was cut off, and only estimates the length
of an MP3 file without an index, so neither its frame count nor its silence tells.
"""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

from realtime.sources.content import tag_length

# A program that writes to a pipe cannot go back to fill in the length: ffmpeg leaves 2**32 - 1, SoX
# and others something from 2**31 - 4096 up. The sound then goes on to the end of the file.
_LENGTH_UNKNOWN = 0x7FFF_F000
_OGG_PAGE = 65_307  # bytes of the longest page
_OGG_LAST = 0x04


def is_cut(file: BinaryIO, kind: str) -> bool:
    """Whether a file surely ends before its sound does.

    Args:
        file: A sound file, seekable; left anywhere.
        kind: What it holds, as ``content.EXTENSIONS`` names it.

    Returns:
        True if bytes are missing. False if none are, or if this kind of file cannot tell: FLAC
        shows it only when it is decoded, MP3 without an index not at all.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if kind in ("WAV", "AIFF"):
        return _chunks_cut(file, size)
    if kind == "OGG":
        return _ogg_cut(file, size)
    if kind == "MP3":
        start, index = _mp3_index(file)
        # Flags, then number of frames (flag 1), then of bytes (flag 2), each 32 bits.
        if len(index) >= 16 and index[7] & 3 == 3:
            return start + int.from_bytes(index[12:16], "big") > size
    return False


def counts_frames(file: BinaryIO, kind: str) -> bool:
    """Whether the file itself says how long it is; an MP3 file often does not.

    Args:
        file: A sound file, seekable; left anywhere.
        kind: What it holds, as ``content.EXTENSIONS`` names it.
    """
    return kind != "MP3" or bool(_mp3_index(file)[1])


def _chunks_cut(file: BinaryIO, size: int) -> bool:
    """WAV, RF64 and AIFF: the chunk of samples reaches beyond the end of the file."""
    order = ">" if file.read(12).startswith((b"FORM", b"RIFX")) else "<"
    long_size = None
    for _ in range(10_000):  # a file made of empty chunks must end, too
        head = file.read(8)
        if len(head) < 8:
            return False
        name, length = struct.unpack(f"{order}4sI", head)
        if name in (b"data", b"SSND"):
            if long_size is not None and length == 0xFFFF_FFFF:
                return file.tell() + long_size > size
            return length < _LENGTH_UNKNOWN and file.tell() + length > size
        follows = file.tell() + length + length % 2
        if name == b"ds64" and length >= 16:
            long_size = int.from_bytes(file.read(16)[8:], "little")
        file.seek(follows)
    return False


def _ogg_cut(file: BinaryIO, size: int) -> bool:
    """The last page is incomplete or does not say that it is the last."""
    file.seek(max(0, size - 2 * _OGG_PAGE))
    tail = file.read(2 * _OGG_PAGE)
    at = tail.rfind(b"OggS")
    if at < 0:  # something else was appended
        return False
    page = tail[at:]
    if len(page) < 27 or len(page) < 27 + page[26]:
        return True
    complete = len(page) >= 27 + page[26] + sum(page[27 : 27 + page[26]])
    return not (complete and page[5] & _OGG_LAST)


def _mp3_index(file: BinaryIO) -> tuple[int, bytes]:
    """Where the sound starts, and the index in its first frame from ``Xing`` or ``Info`` on."""
    file.seek(0)
    start = tag_length(file.read(10))
    file.seek(start)
    head = file.read(64)
    # It lies after the frame's side information, whose size depends on version and channels.
    at = max(head.find(b"Xing", 4, 48), head.find(b"Info", 4, 48))
    return start, head[at : at + 16] if at >= 0 else b""
