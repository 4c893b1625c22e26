"""Recording a source while it is listened to."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from realtime.errors import UserError
from realtime.recording.blocks import Block, cut, weight
from realtime.recording.index import Index
from realtime.recording.sound import on_grid
from realtime.recording.writer import Writer
from realtime.records import STREAM_RATE, AudioBlock, Event, Pause
from realtime.sources import Item, Replayable, Source
from realtime.sources.wrapper import Wrapper
from realtime.text import printable

_PATIENCE = 10.0  # seconds for the disk to finish


class Recorder(Wrapper):
    """A source that writes what another one yields, and passes it on.

    Sound is passed on as the recording holds it, in 24 bits and clipped at full scale, so that a
    replay hears the very same samples. What the engine did not take is not recorded.

    Two events are the recorder's own:

    - ``recording-gap``: the disk was too slow; ``count`` samples or messages are missing in the
      recording (a source that is not live waits for the disk instead);
    - ``recording-failed``: the disk is full or gone. What was written can be replayed, and the
      source goes on.

    Args:
        source: What to record.
        folder: Where; new, or empty. Made with its parents, for its owner only.

    Attributes:
        failure: Why the recording ended before its source, in a line; empty while all is well.

    Raises:
        UserError: On entering, if the folder is not empty or nothing can be written there.
    """

    def __init__(self, source: Source, folder: str | os.PathLike[str]) -> None:
        super().__init__(source)
        self._folder = Path(folder)
        self._writer: Writer | None = None
        self._stack = ExitStack()
        self._pending: Block | None = None
        self._at = 0
        self._lost = 0  # samples or messages
        self._lost_from: int | None = None
        self.failure = ""

    @property
    def skips(self) -> Mapping[int, Event]:
        """The source's, if that is a recording itself."""
        return self._source.skips if isinstance(self._source, Replayable) else {}

    def skipped(self, due: int, event: Event) -> None:
        """Record that the engine left out a window."""
        if self._writer is not None:
            self._writer.skip(due, event)

    def ended(self, position: int) -> Sequence[Event]:
        """Finish the recording at ``position``; returns what there is to tell about it."""
        if self._writer is None:
            return ()
        self._keep(position)
        news = self._news(ending=True)
        self._writer.close(_PATIENCE)
        return [*news, *self._news()]

    def __enter__(self) -> Self:
        self._check_folder()
        with ExitStack() as stack:
            stack.enter_context(self._source)
            try:
                self._folder.mkdir(0o700, parents=True, exist_ok=True)
                self._folder.chmod(0o700)
                begun = datetime.now(UTC).isoformat(timespec="seconds")
                self._writer = Writer(self._folder, Index(self.name, self.stream, begun))
            except OSError as error:
                raise self._fault(f"cannot be recorded to ({error.strerror})") from None
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        with self._stack:
            if self._pending is not None:
                self._keep(self._pending.end)
            if self._writer is not None:
                self._writer.close(_PATIENCE)
                self._has_failed()
                self._writer = None

    def __iter__(self) -> Iterator[Item]:
        if self._writer is None:
            raise RuntimeError("enter the recorder before iterating")
        for item in self._source:
            if isinstance(item, Pause):
                yield item
                continue
            if isinstance(item, Event):
                self._writer.tell(self._at, item)
                yield item
                continue
            block = item
            if isinstance(block, AudioBlock):
                block = replace(block, samples=on_grid(block.samples))
            # Kept when the next one is asked for, or in ``ended``: before, it is not known whether
            # the engine has taken all of it.
            self._pending = block
            yield block
            self._keep(block.end)
            yield from self._news()
        yield from self._news(ending=True)

    def _keep(self, until: int) -> None:
        """Hand the pending block to the writer, up to a position."""
        block = self._pending
        if block is not None and self._writer is not None and until >= block.position:
            block = cut(block, until)[0]
            live = self._source.live
            if not self._writer.put(block, wait=not live):
                if self._lost_from is None:
                    self._lost_from = block.position
                self._lost += weight(block)
            self._at = block.end
        self._pending = None

    def _news(self, *, ending: bool = False) -> list[Event]:
        """What the recorder itself has to tell."""
        assert self._writer is not None
        news = []
        start = self._lost_from
        if start is not None and (ending or self._at - start >= STREAM_RATE):
            # At most one a second, so that a loss does not cause the next.
            seconds = (self._at - start) / STREAM_RATE
            text = f"the disk is too slow: up to {seconds:.1f} s are missing in the recording"
            news.append(Event("recording-gap", start / STREAM_RATE, text, self.name, self._lost))
            self._writer.tell(self._at, news[0])
            self._lost, self._lost_from = 0, None
        if self._has_failed():
            at = self._at / STREAM_RATE
            news.append(Event("recording-failed", at, self.failure, self.name))
        return news

    def _has_failed(self) -> bool:
        """Whether the recording ended since this was last asked; ``failure`` then says why."""
        assert self._writer is not None
        if self.failure or not self._writer.failure:
            return False
        where, reason = printable(str(self._folder)), printable(self._writer.failure)
        self.failure = f"{where}: the recording ended early ({reason}); make room and record anew"
        return True

    def _check_folder(self) -> None:
        try:
            if self._folder.exists() and any(self._folder.iterdir()):
                raise self._fault("is not empty")
        except NotADirectoryError:
            raise self._fault("is a file") from None
        except (OSError, ValueError) as error:  # ValueError: a NUL in the name
            raise self._fault(f"cannot be used ({getattr(error, 'strerror', error)})") from None

    def _fault(self, what: str) -> UserError:
        return UserError(f"{printable(str(self._folder))}: {what}; name a new folder to record to")
