import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.records import Event, ModelSummary, Summary
from realtime.sinks.plain import Plain


@pytest.fixture
def plain():
    stream = io.StringIO()
    return Plain(stream), stream


def test_a_line_when_something_changes(make, plain):
    sink, stream = plain
    sink.emit(make.start())
    for t in (1.0, 2.0, 3.0):
        sink.emit(make.signal(t))
        sink.emit(make.prediction(t=t, state="warming"))
    for t in (4.0, 5.0):
        sink.emit(make.prediction(t=t))
    sink.emit(make.prediction(t=6.0, state="silent"))
    sink.emit(make.prediction(t=7.0, state="unknown"))
    sink.emit(make.prediction(t=8.0, label="flute"))
    sink.close()
    assert stream.getvalue().splitlines() == [
        "rt-classify 1.2.3: song.wav, heard by instrument-cnn, instrument-lstm, composer-cnn",
        "     1.00 s  instrument-cnn   warming",
        "     4.00 s  instrument-cnn   reed 60%",
        "     6.00 s  instrument-cnn   silent",
        "     7.00 s  instrument-cnn   unknown",
        "     8.00 s  instrument-cnn   flute 60%",
    ]


def test_each_model_speaks_for_itself(make, plain):
    sink, stream = plain
    sink.emit(make.start())
    for _ in range(3):
        sink.emit(make.prediction("instrument-cnn", "reed"))
        sink.emit(make.prediction("instrument-lstm", "flute"))
    assert stream.getvalue().count("reed") == 1
    assert stream.getvalue().count("flute") == 1


def test_the_smoothed_label_counts(make, plain):
    sink, stream = plain
    steady = make.prediction().smoothed
    sink.emit(make.prediction())
    sink.emit(make.prediction(label="flute", smoothed=steady))
    assert "flute" not in stream.getvalue()


def test_the_next_file_is_announced(make, plain):
    sink, stream = plain
    sink.emit(make.start())
    sink.emit(make.prediction())
    sink.emit(make.summary())
    sink.emit(make.prediction(source="other.wav"))
    assert stream.getvalue().splitlines()[-2:] == [
        "other.wav",
        "     8.00 s  instrument-cnn   reed 60%",
    ]


def test_the_summary_is_a_table(make, plain):
    sink, stream = plain
    sink.emit(make.summary(overflows=2))
    lines = stream.getvalue().splitlines()
    assert lines[1] == "Summary of song.wav"
    assert len({len(line) for line in lines[2:6]}) == 1
    assert lines[3].split() == ["instrument-cnn", "reed", "90%", "42", "1.5", "2.5", "3.5"]
    assert lines[6] == "  12.5 s heard, 25.0 times real time, 0 dropped, 2 overflows"


def test_a_live_summary_tells_no_pace(make, plain):
    sink, stream = plain
    sink.emit(make.start(live=True))
    sink.emit(make.summary())
    assert stream.getvalue().endswith("  12.5 s heard, 0 dropped, 0 overflows\n")


def test_a_first_guess_is_told_to_be_one(plain):
    sink, stream = plain
    guess = ModelSummary("reed", {"reed": 0.3}, 4, {}, warming=True)
    sink.emit(Summary("x", {"m": guess}, 1.0, 0, 0, 1.0))
    assert "reed (warming)" in stream.getvalue()


def test_a_summary_of_nothing(plain):
    sink, stream = plain
    sink.emit(Summary("x", {"m": ModelSummary(None, {}, 0, {})}, 0.0, 0, 0, 0.0, xruns=7))
    assert "nothing" in stream.getvalue()
    assert stream.getvalue().endswith("0 overflows, 7 xruns\n")


@given(st.text())
def test_nothing_from_outside_reaches_the_terminal(make, text):
    stream = io.StringIO()
    sink = Plain(stream)
    sink.emit(make.start(source=text, models=(text,)))
    sink.emit(make.prediction(label=text, source=text + "2"))
    sink.emit(Event(text, 0.0, text, text))
    sink.emit(make.summary(source=text))
    kinds = {unicodedata.category(char) for char in stream.getvalue().replace("\n", "")}
    assert not kinds & {"Cc", "Cs", "Zl", "Zp"}
    assert stream.getvalue().count("\n") == 11


def test_a_stream_with_few_characters(make):
    raw = io.BytesIO()
    sink = Plain(io.TextIOWrapper(raw, encoding="ascii"))
    sink.emit(make.start(source="caf\u00e9.wav"))
    assert b"caf?.wav" in raw.getvalue()
