import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.records import Signal
from realtime.sinks.dashboard.look import ASCII, UNICODE, Look
from realtime.sinks.dashboard.pictures import (
    LEVELS,
    note_name,
    palette,
    piano_roll,
    rolling,
    spectrogram,
)
from realtime.sinks.dashboard.scene import HISTORY_SECONDS

COLOURED = Look(UNICODE, True, "utf-8")
SHADED = Look(UNICODE, False, "utf-8")


@given(
    st.lists(st.floats(0.02, 0.4), min_size=2, max_size=80),
    st.integers(2, 40),
    st.integers(1, 30),
)
def test_the_picture_moves_by_whole_columns(gaps, width, later):
    times = np.cumsum(gaps)
    values = np.arange(len(times), dtype=float)[:, None]
    # Half a column off an edge, so that rounding cannot put the two instants in other columns.
    step = HISTORY_SECONDS / width
    now = (np.floor(times[-1] / step) + 0.5) * step
    before = rolling(times, values, now, width, empty=-1.0)
    after = rolling(times, values, now + later * step, width, empty=-1.0)
    kept = max(0, width - later)
    assert np.array_equal(after[:kept], before[width - kept :])


def test_nothing_stands_before_the_stream_began():
    values = np.ones((10, 1))
    columns = rolling(np.arange(1, 11) / 10, values, 1.0, 100, empty=0.0)
    assert columns[-10:].all()
    assert not columns[:-10].any()


def test_a_slow_signal_leaves_no_gaps():
    columns = rolling([5.0, 10.0], np.ones((2, 1)), 10.0, 50, empty=0.0)
    assert columns.all()


def test_a_loud_band_is_where_it_sounds():
    bands = np.full(64, -100.0, dtype=np.float32)
    bands[0] = -10.0
    signals = [Signal(t / 10, -20.0, 0.5, bands, None) for t in range(1, 101)]
    lines = [line.plain for line in spectrogram(SHADED, signals, 10.0, width=20, rows=4)]
    assert set(lines[-1]) == {"█"}
    assert set("".join(lines[:-1])) == {" "}


@pytest.mark.parametrize("bands", [1, 7, 64, 200])
@pytest.mark.parametrize("look", [COLOURED, SHADED])
def test_any_number_of_bands_fills_the_picture(make, bands, look):
    signals = [make.signal(t / 10, bands=bands) for t in range(1, 101)]
    lines = spectrogram(look, signals, 10.0, width=33, rows=6)
    assert [line.cell_len for line in lines] == [33] * 6


def test_what_is_no_number_is_dark():
    bands = np.array([np.nan, -np.inf, -20.0, np.nan], dtype=np.float32)
    lines = spectrogram(SHADED, [Signal(1.0, -20.0, 0.5, bands, None)], 1.0, width=10, rows=4)
    assert [line.plain[-1] for line in lines] == [" ", "█", " ", " "]


def test_lightness_grows_evenly_with_the_level():
    colours = [palette(level).triplet for level in range(LEVELS)]
    light = np.array([0.2126 * c.red + 0.7152 * c.green + 0.0722 * c.blue for c in colours])
    assert (np.diff(light) > 0).all()


@pytest.mark.parametrize(("pitch", "name"), [(60, "C4"), (69, "A4"), (0, "C-1"), (127, "G9")])
def test_note_names(pitch, name):
    assert note_name(pitch) == name


def test_higher_notes_stand_higher():
    look = Look(ASCII, False, "ascii")
    signals = [Signal(t / 10, -120.0, 0.0, None, (48 if t <= 50 else 71,)) for t in range(1, 101)]
    lines = [line.plain for line in piano_roll(look, signals, 10.0, width=44, rows=6)]
    assert lines[-1].startswith("C3")
    assert [line[:4] for line in lines].count("C4  ") == 1
    assert "".join(lines[1:-1])[4:].strip(" C4") == ""
    low, high = lines[-1][4:], lines[0][4:]
    assert low[:18].strip() != ""
    assert low[22:].strip() == ""
    assert high[:18].strip() == ""
    assert high[22:].strip() != ""


@given(
    st.lists(st.lists(st.integers(0, 127), max_size=4).map(tuple), min_size=1, max_size=30),
    st.integers(1, 60),
    st.integers(1, 12),
)
def test_any_notes_fit(notes, width, rows):
    signals = [Signal(t / 10, -120.0, 0.0, None, held) for t, held in enumerate(notes)]
    lines = piano_roll(COLOURED, signals, len(notes) / 10, width=width, rows=rows)
    assert len(lines) == rows
    assert all(line.cell_len <= width for line in lines)
