"""Windows cut as the papers cut them: made once, kept, and told when they are damaged."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import pytest

from realtime.errors import UserError
from realtime.features.chords import COLUMNS, PATTERNS
from training.protocols.plans import PLANS, find
from training.protocols.windows import Windows, in_common

pytestmark = pytest.mark.usefixtures("tiny")


def test_windows_are_cut_once_and_go_on_where_they_stopped(
    sounds: str, monkeypatch: pytest.MonkeyPatch, made
) -> None:
    from training.protocols import windows as module

    plan = PLANS["instrument-cnn-paper"]
    monkeypatch.setitem(module.CHUNKS, "sounds", 10)
    asked: list[int] = []
    compute = module._compute

    def counted(reads, feature, part):
        asked.append(len(part))
        if len(asked) == 3:
            raise KeyboardInterrupt
        return compute(reads, feature, part)

    monkeypatch.setattr(module, "_compute", counted)
    with pytest.raises(KeyboardInterrupt):
        made(plan, sounds)
    first = made(plan, sounds)
    again = made(plan, sounds)
    assert sum(asked) == 10 + 10 + 10 + 28  # what was interrupted is computed again, no more
    assert len(first) == 48
    np.testing.assert_array_equal(first.x[np.arange(48)], again.x[np.arange(48)])
    assert np.abs(first.take(np.arange(48))).max() > 1  # MFCC are no small numbers


def test_pieces_are_kept_a_few_at_a_time(
    pieces: str, monkeypatch: pytest.MonkeyPatch, made
) -> None:
    """Each is dear to synthesise, and all of them together are few."""
    from training.protocols import windows as module

    asked: list[int] = []

    def chosen(plan, examples, labels, **_):
        return [(e, [0]) for e in 4 * list(examples)], {e.path: 0 for e in examples}

    def counted(reads, feature, part):
        asked.append(len(part))
        return [np.zeros((1, 256, 256))] * len(part)

    monkeypatch.setattr(module, "_choose", chosen)
    monkeypatch.setattr(module, "_compute", counted)
    assert len(made(PLANS["composer-cnn-paper"], pieces)) == 32
    assert asked == [10, 10, 10, 2]


@pytest.mark.parametrize(
    ("name", "content"),
    [("done.json", b"{"), ("done.json", b'{"files": 1}'), ("windows.npy", b"\x93NUMPY\1\0v\0")],
)
def test_damaged_windows_are_one_line(name: str, content: bytes, sounds: str, made) -> None:
    plan = PLANS["instrument-cnn-paper"]
    made(plan, sounds)
    (folder,) = Path("build/windows").iterdir()
    (folder / name).write_bytes(content)
    with pytest.raises(UserError, match=r"damaged .*; delete .*, it is made anew") as told:
        made(plan, sounds)
    assert len(str(told.value).splitlines()) == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_windows_are_for_their_owner_only(sounds: str, made) -> None:
    made(PLANS["instrument-cnn-paper"], sounds)
    (folder,) = Path("build/windows").iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_broken_file_is_left_out_by_name(sounds: str, made) -> None:
    folder = Path(sounds.partition(":")[2]) / "audio"
    (folder / "flute_1-62.wav").write_bytes(b"RIFF nothing")
    windows = made(PLANS["instrument-cnn-paper"], sounds)
    assert len(windows) == 47
    assert [Path(p).name for p in windows.left_out] == ["flute_1-62.wav"]
    assert "flute_1-62.wav" not in " ".join(windows.keys)
    assert windows.take(np.arange(47)).shape == (47, 17, 5)


def test_sequences_are_those_of_the_paper(pieces: str, made) -> None:
    windows = made(PLANS["composer-lstm-paper"], pieces)
    assert len(windows) == 2 * 4 * 10
    first, second = windows.take(np.array([0, 1]))
    np.testing.assert_array_equal(first[1:, :2], second[:-1, :2])  # one note on
    assert first[:, 1] == pytest.approx(62 / 127, abs=1e-3)
    assert windows.keys[1] == "bach/0.mid#notes-1"


def test_our_own_presets_see_the_same_notes(pieces: str, made) -> None:
    ours = made(find("composer-lstm"), pieces)
    assert ours.keys.tolist() == made(PLANS["composer-lstm-paper"], pieces).keys.tolist()


def test_numbers_of_patterns_are_kept_exactly(pieces: str, made) -> None:
    numbers = made(find("composer-lstm"), pieces).take(np.arange(8))[:, :, COLUMNS:]
    assert numbers.max() == PATTERNS - 1
    assert np.array_equal(numbers, np.round(numbers))


def test_most_takes_so_many_windows_a_label(pieces: str, made) -> None:
    assert np.bincount(made(PLANS["composer-lstm-paper"], pieces, most=7).y).tolist() == [7, 7]


def of_files(names: list[str], groups: list[int]) -> Windows:
    rows = [(name, start) for name in names for start in range(2)]
    return Windows(
        ["ape"],
        np.arange(len(rows), dtype=np.float16)[:, None],
        np.zeros(len(rows), np.int64),
        np.repeat(np.arange(len(names)), 2),
        np.repeat(groups, 2),
        np.array([f"{name}#{start}" for name, start in rows]),
    )


def test_two_systems_are_compared_on_the_files_that_both_can_use() -> None:
    """A file may be too short for one of them, and then works are numbered otherwise."""
    a, b = in_common(
        of_files(["ape/1", "ape/2", "ape/3"], [0, 1, 1]),
        of_files(["ape/0", "ape/1", "ape/3"], [0, 1, 2]),
    )
    assert a.keys.tolist() == b.keys.tolist() == ["ape/1#0", "ape/1#1", "ape/3#0", "ape/3#1"]
    assert a.groups.tolist() == b.groups.tolist() == [0, 0, 1, 1]
    assert a.take(np.arange(4))[:, 0].tolist() == [0, 1, 4, 5]
    assert b.take(np.arange(4))[:, 0].tolist() == [2, 3, 4, 5]


def test_what_both_can_use_whole_stays_as_it_was() -> None:
    first = of_files(["ape/1", "ape/2"], [0, 1])
    a, b = in_common(first, of_files(["ape/2", "ape/1"], [5, 3]))
    assert a is first
    assert b.groups.tolist() == [1, 1, 0, 0]
