import io
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.errors import UserError
from realtime.sources.raw import RawStdin


class Trickle(io.RawIOBase):
    """A pipe that gives a few bytes at a time, and sometimes none yet."""

    def __init__(self, data, sizes):
        self._data, self._sizes = data, iter(sizes)

    def read(self, size=-1):
        step = min(next(self._sizes, 1000), size)
        if step == 0:
            return None
        part, self._data = self._data[:step], self._data[step:]
        return part


def samples(heard):
    return np.concatenate([b.samples for b in heard.blocks] or [np.empty(0, np.float32)])


@given(
    block=st.integers(1, 400),
    count=st.integers(1, 1000),
    sizes=st.lists(st.integers(0, 700), max_size=5),
)
def test_samples_arrive_whole_however_they_are_sent(block, count, sizes):
    sent = np.random.default_rng(count).uniform(-1, 1, count).astype("<f4")
    with RawStdin(Trickle(sent.tobytes(), sizes), block=block) as source:
        blocks = list(source)
    assert [b.position for b in blocks] == list(range(0, count, block))
    assert all(b.samples.dtype == np.float32 for b in blocks)
    assert np.array_equal(np.concatenate([b.samples for b in blocks]), sent)


def test_half_a_sample_at_the_end_is_reported_after_the_others(hear):
    sent = np.linspace(-1, 1, 2000, dtype="<f4")
    heard = hear(RawStdin(io.BytesIO(sent.tobytes() + b"\1\2\3")))
    assert np.array_equal(samples(heard), sent)
    assert "stdin: ends inside a sample after 0.125 s" in heard.error


@pytest.mark.parametrize("data", [b"", b"\1"])
def test_nothing_to_hear_is_reported(hear, data):
    heard = hear(RawStdin(io.BytesIO(data)))
    assert heard.blocks == []
    assert "float32" in heard.error


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
def test_a_sample_that_is_no_number_is_reported_with_its_time(hear, bad):
    sent = np.zeros(20_000, "<f4")
    sent[16_000] = bad
    heard = hear(RawStdin(io.BytesIO(sent.tobytes()), block=900))
    assert len(samples(heard)) == 16_000
    assert "1.000 s" in heard.error


@pytest.mark.parametrize("head", [b"RIFF\0\0\0\0WAVEfmt ", b"MThd\0\0\0\6", b"OggS", b"fLaC"])
def test_a_file_sent_as_it_is_is_recognised(hear, head):
    heard = hear(RawStdin(io.BytesIO(head + bytes(10_000))))
    assert heard.blocks == []
    assert "ffmpeg" in heard.error


def test_it_reads_standard_input_and_leaves_it_open(monkeypatch, hear):
    pipe = io.TextIOWrapper(io.BytesIO(np.ones(10, "<f4").tobytes()))
    monkeypatch.setattr(sys, "stdin", pipe)
    assert len(samples(hear(RawStdin()))) == 10
    assert not pipe.closed


@pytest.mark.parametrize("stdin", [None, SimpleNamespace(closed=False, isatty=lambda: True)])
def test_a_terminal_or_a_closed_input_is_refused(monkeypatch, stdin):
    monkeypatch.setattr(sys, "stdin", stdin)
    with pytest.raises(UserError, match="pipe raw float32"):
        RawStdin().__enter__()


def test_misuse_is_told_apart_from_bad_input():
    with pytest.raises(ValueError, match="block"):
        RawStdin(block=0)
    with pytest.raises(RuntimeError, match="enter"):
        list(RawStdin())
