"""The thread that writes a recording, so that a slow disk holds up nobody."""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path
from queue import Empty, SimpleQueue

from realtime.recording.blocks import Block, cut
from realtime.recording.index import Index, Segment, Told, save
from realtime.recording.notes import NAME, NotesFile
from realtime.recording.sound import SoundFile
from realtime.records import AudioBlock, Event, MidiBlock

WAITING = 1024
"""Blocks that may wait for the disk: 10 s or more of a live source."""

_FLUSH = 0.5  # seconds between two writes of notes
_SAVE = 1.0  # seconds between two of recording.json
_SHARE = 0.05  # of its time that the thread spends on recording.json, however long that has become


class Writer:
    """Writes blocks and what happens between them.

    Args:
        folder: An empty one.
        index: What is known so far. The thread's from now on.

    Attributes:
        failure: Why nothing more is written; empty while all is well.

    Raises:
        OSError: Nothing can be written there.
    """

    def __init__(self, folder: Path, index: Index) -> None:
        save(folder, index)
        self.failure = ""
        self._stuck = False
        self._folder, self._index = folder, index
        self._file: SoundFile | NotesFile | None = None
        self._end = 0
        self._changed = self._closing = False
        self._open = False  # whether the last segment goes on
        self._flushed = self._saved = time.monotonic()
        self._pause = _SAVE
        self._inbox: SimpleQueue[Block | Told | tuple[int, Event] | None] = SimpleQueue()
        self._room = threading.Semaphore(WAITING)
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
        self._thread.start()

    def put(self, block: Block, *, wait: bool) -> bool:
        """Hand over a block.

        Args:
            block: What was heard, after all that was handed over before.
            wait: Whether to wait for room; otherwise the block is left out if there is none.

        Returns:
            False if it was left out.
        """
        if self.failure:
            return True  # that the recording ended was told
        if not self._room.acquire(blocking=wait):
            return False
        self._inbox.put(block)
        return True

    def tell(self, at: int, event: Event) -> None:
        """Hand over an event and the stream position that had been reached."""
        self._inbox.put(Told(at, event))

    def skip(self, due: int, event: Event) -> None:
        """Hand over that a window was left out."""
        self._inbox.put((due, event))

    def close(self, timeout: float) -> None:
        """Write what is waiting and finish; again does nothing.

        Args:
            timeout: Seconds after which a disk that does not answer is given up.
        """
        self._inbox.put(None)
        self._thread.join(0 if self._stuck else timeout)
        if self._thread.is_alive():
            self._stuck = True
            self.failure = self.failure or f"the disk did not answer for {timeout:g} s"

    def _run(self) -> None:
        try:
            self._serve()
        except Exception as error:  # whatever it is, the listening goes on
            strerror = getattr(error, "strerror", None)
            self.failure = strerror or str(error) or type(error).__name__
            with contextlib.suppress(Exception):
                self._let_go()
            with contextlib.suppress(OSError):
                save(self._folder, self._index)
            # Whoever waits for room gets it, also if it asked before it could know.
            while not self._closing and (item := self._inbox.get()) is not None:
                if isinstance(item, AudioBlock | MidiBlock):
                    self._room.release()

    def _serve(self) -> None:
        while True:
            try:
                item = self._inbox.get(timeout=_FLUSH)
            except Empty:
                pass
            else:
                if item is None:
                    self._closing = True
                    break
                self._take(item)
            self._keep_up()
        self._end_segment()
        self._index.complete = True
        save(self._folder, self._index)

    def _take(self, item: Block | Told | tuple[int, Event]) -> None:
        match item:
            case AudioBlock() | MidiBlock():
                self._room.release()
                self._write(item)
            case Told():
                self._index.events.append(item)
                self._changed = True
            case (due, event):
                self._index.skipped[due] = event
                self._changed = True

    def _write(self, block: Block) -> None:
        if block.end <= self._end:
            return  # empty, or handed over again after an interruption
        if block.position < self._end:
            block = cut(block, self._end)[1]
        if block.position > self._end:
            self._end_segment()
        if not self._open:
            self._begin_segment(block)
        if isinstance(block, AudioBlock):
            if isinstance(self._file, SoundFile):
                self._file.write(block)
        elif isinstance(self._file, NotesFile):
            self._file.write(block)
        self._end = block.end

    def _begin_segment(self, block: Block) -> None:
        """What is written to a file is known to ``recording.json`` before."""
        sound = isinstance(block, AudioBlock)
        name = f"sound-{block.position:012d}.flac" if sound else NAME
        if block.position == block.end:
            # The engine went there and heard nothing: a gap at the very end, as a rule.
            self._index.segments.append(Segment(block.position, block.end, name))
            self._changed = True
            return
        if sound:
            self._file = SoundFile(self._folder / name)
        elif self._file is None:
            self._file = NotesFile(self._folder / name)
        self._open = True
        self._index.segments.append(Segment(block.position, None, name))
        save(self._folder, self._index)

    def _end_segment(self) -> None:
        if self._file is None or not self._open:
            return
        self._open = False
        self._file.flush(self._end)
        if isinstance(self._file, SoundFile):
            self._file.close()
            self._file = None
        self._index.segments[-1].end = self._end

    def _let_go(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _keep_up(self) -> None:
        """Bring the disk up to date every now and then."""
        now = time.monotonic()
        if self._file is not None and now - self._flushed >= _FLUSH:
            self._file.flush(self._end)
            self._flushed = now
        if self._changed and now - self._saved >= self._pause:
            save(self._folder, self._index)
            self._changed = False
            self._saved = time.monotonic()
            self._pause = max(_SAVE, (self._saved - now) / _SHARE)
