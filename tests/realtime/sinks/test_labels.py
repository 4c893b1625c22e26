import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.errors import UserError
from realtime.sinks.labels import Labels

LINE = re.compile(r"(\d+\.\d{6})\t(\d+\.\d{6})\t([^\t\n\r]+)\n")
"""Audacity's standard format: start, end and text, parted by tabs."""


def written(folder, model="instrument-cnn"):
    text = (folder / f"song.{model}.txt").read_text("utf-8")
    found = [LINE.fullmatch(line) for line in text.splitlines(keepends=True)]
    assert all(found), text
    return [(float(m[1]), float(m[2]), m[3]) for m in found]


def test_a_region_a_stretch_and_a_file_a_model(make, tmp_path):
    sink = Labels(tmp_path / "song.txt")
    says = ["reed", "reed", "flute", None, "flute", "flute"]
    for step, label in enumerate(says, start=1):
        state = "live" if label else "silent"
        t = step / 4
        sink.emit(make.signal(t))
        sink.emit(make.prediction(label=label or "reed", t=t, state=state))
        sink.emit(make.prediction("composer-cnn", "Bach", t=t, p=0.25 if step % 2 else 0.75))
    sink.emit(make.summary())
    sink.close()
    assert written(tmp_path) == [
        (0.25, 0.5, "reed 60%"),
        (0.5, 0.75, "flute 60%"),
        (1.0, 1.5, "flute 60%"),
    ]
    assert written(tmp_path, "composer-cnn") == [(0.25, 1.5, "Bach 50%")]


def test_a_model_that_names_nothing_leaves_no_labels_of_an_earlier_run(make, tmp_path):
    (tmp_path / "song.instrument-cnn.txt").write_text("0.000000\t1.000000\told\n")
    sink = Labels(tmp_path / "song.txt")
    sink.emit(make.prediction(state="warming"))
    sink.close()
    assert written(tmp_path) == []


@given(
    labels=st.lists(st.sampled_from(["a\tb", "c\nd", "\\", "é", "~"]), max_size=30),
    states=st.lists(st.sampled_from(["live", "silent", "unknown", "warming"]), max_size=30),
)
def test_regions_never_overlap_and_always_parse(make, tmp_path_factory, labels, states):
    folder = tmp_path_factory.mktemp("labels")
    sink = Labels(folder / "song")
    for step, (label, state) in enumerate(zip(labels, states, strict=False), start=1):
        sink.emit(make.prediction(label=label, t=step * 0.1, state=state))
    sink.close()
    if not list(folder.iterdir()):
        return
    regions = written(folder)
    assert all(start <= end for start, end, _ in regions)
    assert all(a[1] <= b[0] for a, b in pairwise(regions))


@pytest.mark.parametrize("name", ["", "missing/song.txt"])
def test_a_file_that_cannot_be_written(tmp_path, name):
    with pytest.raises(UserError, match="folder that exists"):
        Labels(f"{tmp_path}/{name}" if name else "")
