"""Notes as a keyboard would send them, and as a source."""

from __future__ import annotations

from chance_notes import notes
from hypothesis import given
from hypothesis import strategies as st

from realtime.records import STREAM_RATE
from training.performance import Performance, messages


@given(st.integers(0, 20))
def test_a_performance_sends_every_note_once_in_order(seed: int) -> None:
    sent = messages(notes(seed=seed))
    assert [m.position for m in sent] == sorted(m.position for m in sent)
    assert sum(m.message.type == "note_on" for m in sent) == 60
    assert sum(m.message.type == "note_off" for m in sent) == 60


def test_blocks_hold_their_own_messages_and_all_of_them() -> None:
    with Performance("p", notes()) as source:
        blocks = list(source)
    assert [b.position for b in blocks[1:]] == [b.end for b in blocks[:-1]]
    for block in blocks:
        assert all(block.position <= m.position < block.end for m in block.messages)
    assert sum(len(b.messages) for b in blocks) == 120
    assert source.length == blocks[-1].end / STREAM_RATE
