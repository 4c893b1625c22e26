from rich.cells import cell_len

from realtime.records import ModelSummary, Summary
from realtime.sinks.dashboard.closing import Closing
from realtime.sinks.dashboard.scene import Scene


def closing(*records):
    scene = Scene()
    for record in records:
        scene.update(record)
    return Closing(scene)


def test_one_source_has_a_row_for_each_model(make, draw):
    lines = draw(closing(make.start(), make.summary(overflows=1)))
    text = "\n".join(lines)
    assert "song.wav" in lines[0]
    assert lines[2].strip("│ ").split() == [
        "instrument-cnn",
        "reed",
        "90%",
        "42",
        "1.5",
        "2.5",
        "3.5",
    ]
    assert "composer-cnn" in text
    assert "0:12 heard · dropped 0, overflows 1 · 25.0 times real time" in text
    late = "\n".join(draw(closing(make.start(), make.summary(xruns=3))))
    assert "dropped 0, overflows 0, xruns 3" in late
    assert all(cell_len(line) <= 80 for line in lines)


def test_several_files_have_a_row_each(make, draw):
    summaries = [make.summary("one.wav"), make.summary("two.mid", models=("composer-cnn",))]
    lines = draw(closing(make.start(), *summaries))
    assert "2 files" in lines[0]
    assert lines[2].strip("│ ").split() == [
        "one.wav",
        "reed",
        "90%",
        "reed",
        "90%",
        "Mendelssohn",
        "90%",
    ]
    assert lines[3].strip("│ ").split() == ["two.mid", "Mendelssohn", "90%"]
    assert "losses 0" in lines[-1]


def test_a_live_run_tells_no_pace(make, draw):
    text = "\n".join(draw(closing(make.start(live=True), make.summary(), make.summary("usb"))))
    assert "2 sources" in text
    assert "real time" not in text


def test_a_first_guess_is_told_to_be_one(make, draw):
    guess = ModelSummary("reed", {"reed": 0.3}, 4, {}, warming=True)
    assert "30% warming" in "\n".join(draw(closing(Summary("x", {"m": guess}, 1.0, 0, 0, 1.0))))


def test_nothing_heard(make, draw):
    nothing = Summary("x", {"m": ModelSummary(None, {}, 0, {})}, 0.0, 0, 0, 0.0)
    assert "nothing" in "\n".join(draw(closing(nothing)))
    assert "without a result" in "\n".join(draw(closing(make.start())))


def test_the_last_events_are_told(make, draw):
    events = [make.event("notice", f"number {n}") for n in range(9)]
    text = "\n".join(draw(closing(make.start(), *events, make.summary())))
    assert "number 8" in text
    assert "number 3" not in text


def test_narrow_and_plain(make, draw):
    lines = draw(closing(make.summary("[b]caf\u00e9\x1b[2J")), 40, encoding="ascii")
    assert all(len(line) <= 40 for line in lines)
    assert "\n".join(lines).isascii()
    assert "[b]caf??[2J" in lines[0]
