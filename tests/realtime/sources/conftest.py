"""Reads sources to their end, and looks at how that was."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from live_fakes import FakeSounddevice

from realtime.errors import UserError
from realtime.sources import portaudio


@pytest.fixture
def hear():
    """Iterate a source: its blocks, and the one line of the error that ended it, if any."""

    def hear(source):
        blocks, error = [], ""
        try:
            with source:
                for block in source:
                    assert block.position == (blocks[-1].end if blocks else 0)
                    assert block.end > block.position
                    blocks.append(block)
        except UserError as fault:
            error = str(fault)
            assert error.isprintable()
        return SimpleNamespace(blocks=blocks, error=error)

    return hear


@pytest.fixture
def sd(monkeypatch):
    fake = FakeSounddevice()
    monkeypatch.setattr(portaudio, "load", lambda: fake)
    yield fake
    assert not fake.streams, "every stream must be closed in the end"
