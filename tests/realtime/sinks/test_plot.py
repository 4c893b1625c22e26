import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.errors import UserError
from realtime.sinks import plot
from realtime.sinks.plot import Columns, Plot


def session(make, sink, *, notes):
    for step in range(1, 200):
        t = step / 10
        sink.emit(make.signal(t, notes=(60, 64) if notes else None))
        state = "warming" if t < 4 else "live"
        for model, label in (("instrument-cnn", "reed"), ("instrument-lstm", "flute")):
            sink.emit(make.prediction(model, label, t=t, state=state))
        sink.emit(make.prediction("composer-cnn", "Bach", t=t))
    sink.emit(make.summary())
    sink.close()


@pytest.mark.parametrize("notes", [False, True], ids=["sound", "MIDI"])
def test_a_drawing_names_models_and_labels(make, tmp_path, notes, monkeypatch):
    pytest.importorskip("matplotlib")
    import matplotlib as mpl

    monkeypatch.setitem(mpl.rcParams, "svg.fonttype", "none")  # text stays text
    path = tmp_path / "session.svg"
    session(make, Plot(path), notes=notes)
    root = ElementTree.parse(path).getroot()
    texts = {e.text for e in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"instrument-cnn", "instrument-lstm", "composer-cnn", "reed", "Bach"} <= texts
    assert ("MIDI pitch" in texts) is notes
    assert ("Hz" in texts) is not notes


def test_a_picture(make, tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / "session.png"
    session(make, Plot(path), notes=False)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_names_are_no_formulas(make, tmp_path, monkeypatch):
    mpl = pytest.importorskip("matplotlib")
    monkeypatch.setitem(mpl.rcParams, "svg.fonttype", "none")
    odd = r"Ke$ha \o/ $x"
    sink = Plot(tmp_path / "session.svg")
    for t in (1.0, 2.0):
        sink.emit(make.prediction(odd, t=t, source=odd, smoothed={odd: 1.0}))
    sink.close()
    root = ElementTree.parse(tmp_path / "session.svg").getroot()
    texts = [e.text for e in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts.count(odd) == 3


def test_nothing_heard_is_no_picture(make, tmp_path):
    pytest.importorskip("matplotlib")
    sink = Plot(tmp_path / "session.png")
    sink.emit(make.signal())
    sink.close()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["session", "session.bmp", "missing/session.png"])
def test_a_file_that_cannot_be_written(tmp_path, name):
    with pytest.raises(UserError):
        Plot(tmp_path / name)


def test_matplotlib_comes_only_with_a_picture():
    program = """
import sys
import realtime.sinks.plot
assert "matplotlib" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


@settings(max_examples=30)
@given(n=st.integers(1, 600), few=st.integers(2, 40))
def test_columns_stay_few_and_keep_what_stood_out(n, few):
    columns = Columns(np.fmax)
    before, plot.COLUMNS = plot.COLUMNS, few
    try:
        for i in range(n):
            columns.add((i + 1) / 10, np.array([float(i), -float(i)]))
    finally:
        plot.COLUMNS = before
    assert len(columns.times) == len(columns.values) <= 2 * few
    assert columns.times[-1] == n / 10
    edges, values = columns.picture()
    assert len(edges) == values.shape[1] + 1
    assert np.all(np.diff(edges) > 0)
    assert np.nanmax(values[0]) == n - 1
    assert np.nanmax(values[1]) == 0


def test_a_gap_stays_empty():
    columns = Columns(np.fmax)
    for t in (0.1, 0.2, 0.3, 5.0, 5.1):
        columns.add(t, np.ones(1))
    edges, values = columns.picture()
    assert edges.tolist() == pytest.approx([0, 0.1, 0.2, 0.3, 4.9, 5.0, 5.1])
    assert np.isnan(values[0]).tolist() == [False, False, False, True, False, False]
