"""What a file really holds, whatever it is called."""

from __future__ import annotations

import codecs
import os
import stat
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from realtime.errors import UserError
from realtime.text import printable

EXTENSIONS = {
    ".wav": "WAV",
    ".flac": "FLAC",
    ".ogg": "OGG",
    ".mp3": "MP3",
    ".aiff": "AIFF",
    ".aif": "AIFF",
    ".mid": "MIDI",
    ".midi": "MIDI",
}
"""The kind of content behind each extension that can be played."""

# What people rename to .wav or .mp3 in the hope that it will play.
_FOREIGN = {
    b".snd": "AU sound",
    b"caff": "CAF sound",
    b"riff": "Wave64 sound",
    b"\x30\x26\xb2\x75": "WMA sound",
    b"\x1aE\xdf\xa3": "Matroska or WebM",
    b"PK\x03\x04": "a ZIP archive",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF document",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
}
_HEAD = 4096


def fault(path: Path, what: str, remedy: str) -> UserError:
    """The one line that a person gets about a file: its name, what is wrong, what to do."""
    return UserError(f"{printable(str(path))}: {what}; {remedy}")


def open_regular(path: Path) -> BufferedReader:
    """Open a file that can be read from front to back and is not empty.

    Args:
        path: The file.

    Returns:
        It, open for reading at its start; the caller closes it.

    Raises:
        UserError: It is missing, a directory, a pipe or device, unreadable or empty.
    """
    try:
        status = os.stat(path)  # before opening: opening a pipe would wait for its writer
        if stat.S_ISDIR(status.st_mode):
            raise fault(path, "is a folder", "add --out FOLDER to hear all files in it")
        if not stat.S_ISREG(status.st_mode):
            raise fault(path, "is a pipe or device", "give a file, or '-' to read raw samples")
        if status.st_size == 0:
            raise fault(path, "is empty", "save or copy it again")
        return open(path, "rb")
    except FileNotFoundError:
        raise fault(path, "no such file", "check the name and the folder") from None
    except PermissionError:
        raise fault(path, "may not be read", "allow it, for example with chmod u+r") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise fault(path, f"cannot be opened ({reason})", "check the name") from None


def sniff(file: BinaryIO) -> str:
    """What a file holds, told from its first bytes.

    Args:
        file: At its start; left anywhere.

    Returns:
        One of the kinds in ``EXTENSIONS``, words for another kind that is easily told, or ``""``.
    """
    head = file.read(_HEAD)
    tag = tag_length(head)
    if tag:  # MP3, or FLAC that some tagger treated like it
        file.seek(tag)
        return "FLAC" if file.read(4) == b"fLaC" else "MP3"
    return _container(head) or _foreign(head)


def tag_length(head: bytes) -> int:
    """Bytes of the ID3 tag (title, pictures …) before the sound itself; 0 if there is none.

    Args:
        head: At least the first 10 bytes of the file.
    """
    if not head.startswith(b"ID3") or len(head) < 10:
        return 0
    high, upper, lower, low = head[6:10]  # seven bits each
    return 10 + (high << 21 | upper << 14 | lower << 7 | low)


def identify(path: Path) -> str:
    """The kind of a file whose name and content agree.

    Args:
        path: The file.

    Returns:
        One of the kinds in ``EXTENSIONS``.

    Raises:
        UserError: It cannot be read (see ``open_regular``), its extension is not known, or its
            content is of another kind.
    """
    with open_regular(path) as file:
        found = sniff(file)
    suffix = path.suffix.lower()
    expected = EXTENSIONS.get(suffix)
    if found == expected:
        return found
    if expected is None:
        what = f"{printable(suffix) or 'no extension'} is not known"
        if found not in EXTENSIONS.values():
            raise fault(path, what, f"known are {' '.join(EXTENSIONS)} and '-' for raw samples")
    else:
        what = f"is not {expected}"
    if found in EXTENSIONS.values():
        better = next(path.with_suffix(s) for s, kind in EXTENSIONS.items() if kind == found)
        raise fault(path, f"{what}: it holds {found}", f"rename it to {printable(better.name)}")
    if found:
        raise fault(path, f"{what}: it holds {found}", f"give the {expected} file, or convert it")
    raise fault(path, f"{what}: its content is of no known kind", "get an undamaged copy")


def _container(head: bytes) -> str:
    """The playable kind that ``head`` begins, or ``""``."""
    form = head[8:12]  # shorter than 4 in a file that breaks off there
    if head.startswith((b"RIFF", b"RIFX", b"RF64")):
        return "WAV" if b"WAVE".startswith(form) else ""
    if head.startswith(b"FORM"):
        return "AIFF" if b"AIFF".startswith(form) or b"AIFC".startswith(form) else ""
    for magic, kind in ((b"fLaC", "FLAC"), (b"OggS", "OGG"), (b"MThd", "MIDI")):
        if head.startswith(magic):
            return kind
    # An MPEG frame: eleven set bits, layer II or III, a bit rate and a sample rate that exist.
    if (
        len(head) >= 4
        and head[0] == 0xFF
        and head[1] & 0xE0 == 0xE0
        and (head[1] >> 1) & 3 in (1, 2)
        and head[2] >> 4 != 15
        and (head[2] >> 2) & 3 != 3
    ):
        return "MP3"
    return ""


def _foreign(head: bytes) -> str:
    """Words for content that cannot be played, or ``""`` if it is not recognised."""
    for magic, words in _FOREIGN.items():
        if head.startswith(magic):
            return words
    if head[4:8] == b"ftyp":
        return "MP4 or M4A"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "text"
    # The decoder leaves out a character that is cut at the end of what was read.
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(head)
    plain = all(char.isprintable() or char in "\t\n\r\f\ufeff" for char in text)
    return "text" if plain and "\ufffd" not in text else ""
