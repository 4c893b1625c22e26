import csv
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.errors import UserError
from realtime.sinks.csvfile import COLUMNS, CsvFile


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_one_row_a_prediction(make, tmp_path):
    path = tmp_path / "out.csv"
    sink = CsvFile(path)
    for record in (
        make.start(),
        make.signal(),
        make.prediction(),
        make.event(),
        make.prediction("composer-cnn", "Bach", source='a "song",\ntwice.wav'),
        make.prediction(label=None, p=0.0, probs={}, smoothed={}, state="silent"),
        make.summary(),
    ):
        sink.emit(record)
    sink.close()
    first, second, third = rows(path)
    assert tuple(first) == COLUMNS
    assert first["model"] == "instrument-cnn"
    assert first["label"] == "reed"
    assert float(first["p"]) == 0.6
    assert (float(first["window_start"]), float(first["window_end"])) == (4.0, 8.0)
    assert float(first["total_ms"]) == 3.75
    probs = dict(pair.rsplit("=", 1) for pair in first["probs"].split(";"))
    assert len(probs) == 10
    assert float(probs["reed"]) == 0.6
    assert second["source"] == 'a "song",?twice.wav'
    assert (third["label"], third["probs"], third["state"]) == ("", "", "silent")


def test_rows_are_passed_on_at_once(make, tmp_path):
    path = tmp_path / "out.csv"
    sink = CsvFile(path)
    sink.emit(make.prediction())
    assert len(rows(path)) == 1
    sink.close()


def test_what_is_no_number_is_left_empty(make, tmp_path):
    path = tmp_path / "out.csv"
    sink = CsvFile(path)
    sink.emit(make.prediction(p=math.nan, probs={"reed": math.inf}))
    sink.close()
    assert rows(path)[0]["p"] == ""
    assert rows(path)[0]["probs"] == "reed="


@given(label=st.text(min_size=1))
def test_any_label_and_source_make_one_line(make, tmp_path_factory, label):
    path = tmp_path_factory.mktemp("csv") / "out.csv"
    sink = CsvFile(path)
    sink.emit(make.prediction(label=label, probs={label: 0.5, "other": 0.5}, source=label))
    sink.close()
    [row] = rows(path)
    assert len(row["probs"].split(";")) == len({label, "other"})
    assert path.read_bytes().count(b"\n") == 2
    assert row["model"] == "instrument-cnn"


@pytest.mark.parametrize("name", ["", "missing/out.csv", "a\0b"])
def test_a_file_that_cannot_be_written_is_the_users_to_mend(tmp_path, name):
    with pytest.raises(UserError, match="cannot write CSV") as error:
        CsvFile(tmp_path / name)
    assert "\n" not in str(error.value)


def test_a_file_that_is_there_stays_until_something_is_heard(make, tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("kept")
    sink = CsvFile(path)
    sink.emit(make.start())
    sink.close()
    assert path.read_text() == "kept"
    sink = CsvFile(path)
    sink.emit(make.start())
    sink.emit(make.summary())
    sink.close()
    assert path.read_text() == ",".join(COLUMNS) + "\n"
