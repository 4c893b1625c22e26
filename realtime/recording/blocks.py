"""Cutting blocks."""

from __future__ import annotations

from dataclasses import replace

from realtime.records import AudioBlock, MidiBlock

Block = AudioBlock | MidiBlock


def cut(block: Block, at: int) -> tuple[Block, Block]:
    """A block up to a position, and the rest; the second is empty at the block's end or after it.

    Args:
        block: What to cut.
        at: Not before the block's start.
    """
    at = min(at, block.end)
    if isinstance(block, AudioBlock):
        n = at - block.position
        return (
            replace(block, samples=block.samples[:n]),
            replace(block, position=at, samples=block.samples[n:]),
        )
    before = tuple(m for m in block.messages if m.position < at)
    after = block.messages[len(before) :]
    return replace(block, end=at, messages=before), replace(block, position=at, messages=after)


def weight(block: Block) -> int:
    """Samples or messages of a block."""
    return len(block.samples if isinstance(block, AudioBlock) else block.messages)
