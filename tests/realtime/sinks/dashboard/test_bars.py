import math
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from realtime.sinks.dashboard.bars import agreement, bar, decibels, leader, meter, ranking
from realtime.sinks.dashboard.look import ASCII, UNICODE, Look

LOOK = Look(UNICODE, True, "utf-8")

smoothed = st.dictionaries(st.sampled_from("abcdefghij"), st.floats(0, 1), min_size=1)


@given(st.lists(smoothed, min_size=1, max_size=3), st.integers(3, 12))
def test_every_favourite_is_among_the_rows(each, rows):
    predictions = [SimpleNamespace(smoothed=probs) for probs in each]
    shown = ranking(predictions, rows)
    assert len(shown) == len(set(shown)) <= rows
    assert {leader(prediction) for prediction in predictions} <= set(shown)


def test_labels_keep_their_place_when_all_fit():
    one = SimpleNamespace(smoothed={"a": 0.1, "b": 0.9, "c": 0.0})
    assert ranking([one], 3) == ["a", "b", "c"]
    assert ranking([one], 2) == ["b", "a"]


def test_small_changes_move_nothing():
    def shown(second, third):
        probs = {"a": 0.7, "b": second, "c": third, "d": 0.0, "e": 0.0}
        return ranking([SimpleNamespace(smoothed=probs)], 3)

    assert shown(0.11, 0.1) == shown(0.1, 0.11) == ["a", "b", "c"]
    assert shown(0.1, 0.2) == ["a", "c", "b"]


@given(st.floats(), st.integers(0, 100))
def test_a_bar_is_as_wide_as_its_track(fraction, width):
    assert bar(LOOK, fraction, width, "default").cell_len == width


def test_bars_grow_by_halves_of_a_cell():
    bars = [bar(LOOK, share / 8, 4, "default").plain for share in range(9)]
    assert bars[0] == "────"
    assert bars[3] == "━╸──"
    assert bars[8] == "━━━━"
    assert len(set(bars)) == 9
    assert bar(Look(ASCII, False, "ascii"), 0.375, 4, "default").plain == "=-  "


def test_agreement_is_among_the_models_that_hear_something(make):
    reed, flute = make.prediction(label="reed"), make.prediction(label="flute")
    silent = make.prediction(label="flute", state="silent")
    assert agreement(LOOK, [reed, reed]).plain == "✓ agree on reed"
    assert agreement(LOOK, [reed, flute]).plain == "≠ differ: reed · flute"
    assert agreement(LOOK, [reed, silent]).plain == ""
    assert agreement(LOOK, [reed, None]).plain == ""
    assert agreement(LOOK, [reed]).plain == ""


def test_decibels():
    assert decibels(1.0) == 0.0
    assert round(decibels(0.5)) == -6
    assert [decibels(x) for x in (0.0, -1.0, math.nan, math.inf)] == [-120.0] * 4


def test_the_meter_says_when_it_was_too_loud():
    assert "CLIP" in meter(LOOK, -3.0, 1.0, 60).plain
    assert "CLIP" not in meter(LOOK, -3.0, 0.99, 60).plain
    quiet, loud = (meter(LOOK, level, 0.5, 60).plain.count("━") for level in (-50.0, -6.0))
    assert quiet < loud
