"""Files that are there as a whole or not at all, and those that others cannot read."""

from __future__ import annotations

import os
import stat

import pytest

from realtime.files import private, whole


def test_a_file_is_replaced_in_one_step(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("before")
    with whole(path) as part:
        part.write_text("after")
        assert part.suffix == path.suffix
        assert path.read_text() == "before"
    assert path.read_text() == "after"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError("full"), KeyboardInterrupt()])
def test_what_fails_leaves_what_was_there(tmp_path, error):
    path = tmp_path / "a.json"
    path.write_text("before")

    def fail():
        with whole(path) as part:
            part.write_text("aft")
            raise error

    with pytest.raises(type(error)):
        fail()
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_written_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), whole(tmp_path / "a.json"):
        pass


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_private_file_is_its_owners(tmp_path):
    with open(tmp_path / "a", "w", opener=private):
        pass
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
