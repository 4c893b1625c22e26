import re

import pytest

from realtime.sources.returning import Returning

NUMBER = re.compile(r" \d+$")


def keys(*beside, passing=NUMBER):
    return Returning("Keys 1", ["Keys 1", *beside], passing)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["Pad 3", "Keys 1"], "Keys 1"),
        (["Keys 3", "Keys 1"], "Keys 1"),
        (["Pad 1", "Keys 3", "Keys 4"], "Keys 3"),
        (["Pad 1", "Keys Pro 1"], None),
        ([], None),
    ],
)
def test_another_number_is_the_same_device(names, found):
    assert keys().among(names) == found


def test_where_nothing_passes_only_the_name_itself_counts():
    returning = keys(passing=None)
    assert returning.among(["Keys 2"]) is None
    assert returning.among(["Keys 2", "Keys 1"]) == "Keys 1"


def test_an_equal_device_that_was_there_is_not_taken_for_it():
    returning = keys("Keys 2")
    assert returning.among(["Keys 2"]) is None
    assert returning.among(["Keys 2", "Keys 1"]) == "Keys 1"
    assert returning.among(["Keys 2", "Keys 3"]) == "Keys 3"


def test_after_both_were_away_nothing_tells_them_apart():
    returning = keys("Keys 2")
    assert returning.among([]) is None
    assert returning.among(["Keys 2"]) == "Keys 2"
