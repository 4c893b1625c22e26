"""The layouts ``folders`` and ``composers``, and what all layouts have in common."""

import errno
import os
from collections import Counter

import pytest

from realtime.errors import UserError
from training.datasets import licences, read, read_all
from training.datasets.composers import COMPOSERS


@pytest.fixture
def tree(tmp_path):
    """Makes empty files, and returns the folder that they are in."""

    def tree(*names):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        return tmp_path

    return tree


class TestFolders:
    def test_a_folder_a_label(self, tree):
        folder = tree("dog/rex_1.wav", "dog/sub/rex_2.FLAC", "dog/bello_1.mp3", "cat/purr.ogg")
        data = read(f"folders:{folder}")
        assert data.labels == ["cat", "dog"]
        assert data.counts == Counter(dog=3, cat=1)
        groups = {e.path.name: e.group for e in data.examples}
        assert groups == {
            "rex_1.wav": "dog/rex",
            "rex_2.FLAC": "dog/rex",
            "bello_1.mp3": "dog/bello",
            "purr.ogg": "cat/purr",
        }

    def test_other_files_are_left_out_by_name(self, tree):
        folder = tree("dog/rex.wav", "dog/README.md", "cover.jpg")
        data = read(f"folders:{folder}")
        assert len(data.examples) == 1
        assert data.left_out == {str(folder / "dog" / "README.md"): "not a sound file"}

    def test_a_label_without_a_sound_is_named(self, tree):
        folder = tree("dog/rex.wav", "cat/README.md")
        (folder / "cow").mkdir()
        data = read(f"folders:{folder}")
        assert data.labels == ["dog"]
        assert data.left_out == {
            str(folder / "cat" / "README.md"): "not a sound file",
            str(folder / "cat"): "no sound file in it",
            str(folder / "cow"): "no sound file in it",
        }

    def test_the_same_player_of_two_labels_is_two_groups(self, tree):
        data = read(f"folders:{tree('a/x_1.wav', 'b/x_1.wav')}")
        assert len({e.group for e in data.examples}) == 2


class TestComposers:
    def test_a_folder_a_composer(self, tree):
        folder = tree("Bach/1.mid", "bach/sub/2.MIDI", "Mozart/3.mid")
        data = read(f"composers:{folder}")
        assert data.labels == ["bach", "mozart"]
        assert data.counts["bach"] == 2
        assert {e.split for e in data.examples} == {""}
        assert len({e.group for e in data.examples}) == 3

    def test_nested_splits(self, tree):
        folder = tree("train/bach/1.mid", "dev/bach/2.mid", "test/chopin/3.mid", "other/bach/4.mid")
        data = read(f"composers:{folder}")
        splits = {e.path.name: e.split for e in data.examples}
        assert splits == {"1.mid": "train", "2.mid": "dev", "3.mid": "test"}
        assert [e.split for e in read(f"composers:{folder / 'dev'}").examples] == ["dev"]
        assert [e.path.name for e in data.only("test").examples] == ["3.mid"]

    def test_unknown_composers_and_other_files_are_left_out_by_name(self, tree):
        folder = tree("bach/1.mid", "bach/1.pdf", "satie/2.mid")
        data = read(f"composers:{folder}")
        assert [e.path.name for e in data.examples] == ["1.mid"]
        assert data.left_out == {
            str(folder / "bach" / "1.pdf"): "not a MIDI file",
            str(folder / "satie" / "2.mid"): "'satie' is none of the nine composers",
        }

    def test_a_composer_without_a_piece_is_named(self, tree):
        folder = tree("train/bach/1.mid", "dev/bach/2.mid")
        (folder / "dev" / "byrd").mkdir()
        data = read(f"composers:{folder}")
        assert data.left_out == {str(folder / "dev" / "byrd"): "no MIDI file in it"}

    def test_there_are_nine_in_alphabetical_order(self):
        assert len(COMPOSERS) == 9
        assert list(COMPOSERS) == sorted(COMPOSERS)

    def test_only_unknown_composers_say_why_nothing_is_left(self, tree):
        with pytest.raises(UserError, match="none of the nine composers"):
            read(f"composers:{tree('satie/2.mid')}")


@pytest.mark.parametrize(
    ("layout", "says"),
    [
        ("{}", "say the layout too"),
        ("midi:{}", "nsynth-source:FOLDER, composers:FOLDER, folders:FOLDER"),
        ("folders:{}/missing", "no such folder"),
        ("folders:{}/file", "no such folder"),
        ("folders:{}/" + "a" * 300, "no such folder"),
        ("nsynth:{}/" + "a" * 300, "no such folder"),
        ("folders:~nobody-at-all/x", "no such folder"),
        ("folders:{}", "nothing to use"),
        ("composers:{}", "it is empty"),
    ],
)
def test_what_cannot_be_read_is_one_line(layout, says, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=says) as caught:
        read(layout.format(tmp_path))
    assert "\n" not in str(caught.value)


@pytest.fixture
def locked(monkeypatch):
    """Refuses to list some folders, as permissions do to anyone but root."""
    names = set()

    def refusing(function):
        def refuse(path):
            if os.path.basename(path) in names:
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return function(path)

        return refuse

    monkeypatch.setattr(os, "listdir", refusing(os.listdir))
    monkeypatch.setattr(os, "scandir", refusing(os.scandir))
    return names


@pytest.mark.parametrize("layout", ["folders", "composers"])
def test_a_locked_folder_is_told(layout, tree, locked):
    folder = tree("bach/1.mid", "bach/1.wav", "bach/shut/2.mid", "mozart/3.mid", "mozart/3.wav")
    locked.add("shut")
    data = read(f"{layout}:{folder}")
    assert len(data.examples) == 2
    shut = str(folder / "bach" / "shut")
    assert data.left_out[shut] == "cannot be read (Permission denied)"
    locked.add("mozart")
    data = read(f"{layout}:{folder}")
    assert data.labels == ["bach"]
    assert data.left_out[str(folder / "mozart")] == "cannot be read (Permission denied)"
    locked.add(folder.name)
    with pytest.raises(UserError, match=r"cannot be read \(Permission denied\); check"):
        read(f"{layout}:{folder}")


def test_several_are_one(tree):
    folder = tree("a/dog/x.wav", "a/dog/x.txt", "b/cat/y.wav")
    layouts = [f"folders:{folder / name}" for name in ("a", "b")]
    data = read_all(layouts)
    assert data.labels == ["cat", "dog"]
    assert [e.origin for e in data.examples] == layouts
    assert len(data.left_out) == 1


def test_without_splits_none_can_be_asked_for(tree):
    with pytest.raises(UserError, match="it has none"):
        read(f"folders:{tree('dog/rex.wav')}").only("test")


def test_each_licence_is_told_once():
    told = licences(["folders:a", "composers:b", "folders:c"])
    assert [line.split()[0] for line in told] == ["MIDI", "notes"]
