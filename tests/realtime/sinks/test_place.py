"""Places where a file can and cannot be written."""

from __future__ import annotations

import pytest

from realtime.errors import UserError
from realtime.sinks.place import writable


def test_a_new_file_and_one_that_is_there_are_places(tmp_path) -> None:
    there = tmp_path / "there.txt"
    there.touch()
    assert [writable(there), writable(tmp_path / "new")] == [there, tmp_path / "new"]
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["", "missing/it.txt", "there.txt/it.txt", "a" * 300, "nul\0"])
def test_no_place_is_told_by_its_name(tmp_path, name: str) -> None:
    (tmp_path / "there.txt").touch()
    with pytest.raises(UserError, match=r"name (one|another)") as told:
        writable(tmp_path / name)
    assert str(tmp_path) in str(told.value)
