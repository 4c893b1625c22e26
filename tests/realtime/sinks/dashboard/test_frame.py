import io
import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from realtime.controls import Controls
from realtime.sinks.dashboard import Dashboard

SIZES = [(80, 24), (120, 36)]

FRAMES = Path(__file__).parent / "frames"
"""Whole frames as they should look; with ``REWRITE_FRAMES=1`` they are written anew, to look at."""


def dashboard(*records):
    board = Dashboard(Console(file=io.StringIO()))
    for record in records:
        board.emit(record)
    return board.render()


def sound(make, **changes):
    signals = [make.signal(t / 10, length=60.0) for t in range(1, 81)]
    return [
        make.start(),
        *signals,
        make.prediction("instrument-cnn", "reed", 0.91, **changes),
        make.prediction("instrument-lstm", "reed", 0.62, **changes),
        make.prediction("composer-cnn", "Mendelssohn", 0.55, **changes),
    ]


def notes(make):
    signals = [make.signal(t / 10, notes=(48, 60 + t % 5)) for t in range(1, 81)]
    return [
        make.start("piece.mid", ("composer-cnn", "composer-lstm")),
        *signals,
        make.prediction("composer-cnn", "Bach", 0.7, source="piece.mid"),
        make.prediction("composer-lstm", "Chopin", 0.8, source="piece.mid"),
    ]


def minute(make):
    """A minute in which one network changes its mind, the other follows, and evidence gathers."""
    yield make.start("song.wav", ("instrument-cnn", "instrument-lstm", "composer-cnn"))
    for step in range(1, 241):
        t = step / 4
        yield make.signal(t, level=-20 - step % 7, length=150.0)
        swell = abs((step % 48) - 24) / 24
        cnn, lstm = "flute" if step < 120 else "reed", "flute" if step < 150 else "reed"
        rest = {"evidence": {"flute": 0.75 - step / 500, "reed": 0.25 + step / 500}, "t": t}
        yield make.prediction("instrument-cnn", cnn, 0.3 + 0.6 * swell, **rest)
        yield make.prediction("instrument-lstm", lstm, 0.5, **rest)
        composer = {"t": t, "evidence": {"Mendelssohn": 0.97, "Bach": 0.03}}
        yield make.prediction("composer-cnn", "Mendelssohn", 0.9 * step / 240, **composer)
    yield make.event(t=59.0)


@pytest.mark.parametrize(
    ("name", "size", "keys"),
    [
        ("80x24", (80, 24), ""),
        ("160x50", (160, 50), ""),
        ("one-task-80x24", (80, 24), "m"),
        ("help-80x24", (80, 24), "?"),
    ],
)
def test_a_whole_frame(make, draw, name, size, keys):
    board = Dashboard(Console(file=io.StringIO()), Controls())
    for record in minute(make):
        board.emit(record)
    board._scene.keys = True
    for key in keys:
        board._pressed(key)
    drawn = [line.rstrip() for line in draw(board.render(), *size, colours=None)]
    path = FRAMES / f"{name}.txt"
    if os.environ.get("REWRITE_FRAMES"):
        path.write_text("\n".join(drawn) + "\n", "utf-8")
    assert drawn == path.read_text("utf-8").splitlines()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("records", [sound, notes])
@pytest.mark.parametrize("look", [{}, {"encoding": "ascii"}, {"colours": None}])
def test_it_fills_the_terminal_and_no_more(make, draw, size, records, look):
    width, height = size
    lines = draw(dashboard(*records(make)), width, height, **look)
    assert height - 2 <= len(lines) <= height
    assert {cell_len(line) for line in lines} == {width}


def test_beside_an_empty_picture_all_is_told_once(make, draw):
    nobody_plays = [make.start("piano", ("composer-lstm",)), make.signal(0.1, notes=())]
    text = "\n".join(draw(dashboard(*nobody_plays), 80, 24))
    assert text.count("losses") == text.count("p99") == 1


@pytest.mark.parametrize("size", SIZES)
def test_both_networks_stand_side_by_side(make, draw, size):
    text = "\n".join(draw(dashboard(*sound(make)), *size))
    [names] = [line for line in text.splitlines() if "LSTM" in line]
    assert names.split() == ["CNN", "●", "live", "LSTM", "●", "live"]
    row = next(line for line in text.splitlines() if line.count("▸ reed") == 2)
    assert "91%" in row
    assert "62%" in row
    assert "agree on reed" in text
    assert "Mendelssohn" in text
    assert "0:08 / 1:00" in text
    assert "-20 dBFS" in text
    assert "losses           0" in text
    assert "total          3.8   3.8   3.8" in text


def test_a_larger_terminal_shows_more_labels(make, draw):
    small, large = (
        "\n".join(draw(dashboard(*sound(make)), *size)).count("%") for size in ((80, 24), (120, 36))
    )
    assert small < large
    everything = draw(dashboard(*sound(make)), 120, 50)
    assert "\n".join(everything).count("%") == 10 + 10 + 9 + 1  # one for the agreement


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("state", ["live", "warming", "silent", "unknown"])
def test_states_are_words(make, draw, size, state):
    assert state in "\n".join(draw(dashboard(*sound(make, state=state)), *size))


def test_what_is_lost_and_what_happened(make, draw):
    records = [*sound(make), make.event("dropped", "two windows", count=2)]
    records += [make.event("overflow", "1024 samples lost", count=1024)]
    text = "\n".join(draw(dashboard(*records)))
    assert "dropped 2 · overflows 1" in text
    assert "overflow: 1024 samples lost" in text
    records.append(make.event("xrun", "late", count=3))
    assert "dropped 2 overflows 1 xruns 3" in "\n".join(draw(dashboard(*records)))


def test_clipping_is_a_word(make, draw):
    records = [*sound(make), make.signal(8.5, peak=1.2)]
    assert "CLIP" in "\n".join(draw(dashboard(*records)))


def test_the_notes_that_sound_are_named(make, draw):
    text = "\n".join(draw(dashboard(*notes(make))))
    assert "C3 C4" in text
    assert "differ: Bach · Chopin" in text


def test_files_that_ended_stay_in_sight(make, draw):
    next_file = make.prediction(t=1.0, source="next.wav")
    lines = draw(dashboard(*sound(make), make.summary(), make.signal(0.1), next_file))
    assert lines[0].split() == ["✓", "song.wav", "instrument", "reed", "composer", "Mendelssohn"]
    assert "next.wav  1 done" in lines[1]


def test_before_anything_is_heard(make, draw):
    for records in ((), (make.start(),)):
        lines = draw(dashboard(*records))
        assert "starting" in lines[0]
        assert len(lines) <= 24


def test_names_cannot_steer_the_terminal(make, console, written):
    evil = "[bold red]x[/] \x1b[31m\x1b]0;title\x07\n\r\udcff"
    terminal = console(colours=None)
    records = [
        make.start(evil, (evil,)),
        make.prediction(evil, evil, source=evil, task=evil),
        make.event(evil, evil),
    ]
    terminal.print(dashboard(*records), end="")
    text = written(terminal)
    assert "[bold red]x[/] ?[31m" in text
    assert "\x1b[31m" not in text
    assert "\x1b]" not in text
    assert "\x07" not in text


def test_without_colour_nothing_is_coloured(make, console, written, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = console()
    terminal.no_color = True
    terminal.print(dashboard(*sound(make)), end="")
    text = written(terminal)
    assert "38;" not in text
    assert "48;" not in text
    assert "▀" not in text
    assert "▓" in text


def test_a_plain_encoding_gets_plain_characters(make, draw):
    lines = draw(dashboard(*sound(make)), encoding="ascii")
    assert "\n".join(lines).isascii()


words = st.text(max_size=30)


@settings(max_examples=60, deadline=None)
@given(
    size=st.tuples(st.integers(1, 220), st.integers(1, 70)),
    names=st.lists(words, min_size=1, max_size=6, unique=True),
    labels=st.lists(words, min_size=1, max_size=12, unique=True),
    p=st.floats(),
    pitches=st.none() | st.lists(st.integers(0, 127), max_size=6).map(tuple),
    encoding=st.sampled_from(["utf-8", "ascii"]),
)
def test_any_names_at_any_size(make, draw, *, size, names, labels, p, pitches, encoding):
    width, height = size
    source, *names = names
    probs = dict.fromkeys(labels, p)
    records = [make.start(source, names), make.event(source, source)]
    records += [make.signal(t / 4, notes=pitches) for t in range(20)]
    records += [
        make.prediction(name, labels[0], p, probs=probs, smoothed=probs, task=name[:1])
        for name in names
    ]
    records += [make.summary(source), make.signal(0.5, level=p, peak=p, notes=pitches)]
    lines = draw(dashboard(*records), width, height, encoding=encoding)
    assert len(lines) <= height
    assert all(cell_len(line) <= width for line in lines)
    assert not {unicodedata.category(char) for line in lines for char in line} & {"Cc", "Cs"}
