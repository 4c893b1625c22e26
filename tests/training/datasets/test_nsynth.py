import json

import pytest

from realtime.errors import UserError
from training.datasets import read
from training.datasets.nsynth import FAMILIES


def note(family="flute", instrument="flute_acoustic_002"):
    return {"instrument_family_str": family, "instrument_str": instrument, "pitch": 60}


@pytest.fixture
def split(tmp_path):
    """Writes one split's folder, with an empty file for each note that is to have one."""

    def split(notes, *, name="", suffix=".wav", without=()):
        folder = tmp_path / name if name else tmp_path
        (folder / "audio").mkdir(parents=True)
        for key in set(notes) - set(without):
            (folder / "audio" / f"{key}{suffix}").touch()
        (folder / "examples.json").write_text(json.dumps(notes), "utf-8")
        return tmp_path

    return split


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_one_split(suffix, split):
    folder = split({"flute_acoustic_002-060-100": note(), "b": note("reed", "r")}, suffix=suffix)
    data = read(f"nsynth:{folder}")
    flute, reed = data.examples
    assert flute.path == folder / "audio" / f"flute_acoustic_002-060-100{suffix}"
    assert (flute.label, flute.group, flute.split) == ("flute", "flute_acoustic_002", "")
    assert flute.origin == f"nsynth:{folder}"
    assert (reed.label, reed.group) == ("reed", "r")
    assert data.left_out == {}
    assert data.labels == ["flute", "reed"]


def test_three_splits_in_one_folder(split):
    for part, family in (("train", "bass"), ("valid", "brass"), ("test", "vocal")):
        folder = split({part: note(family)}, name=f"nsynth-{part}")
    data = read(f"nsynth:{folder}")
    assert {e.split: e.label for e in data.examples} == {
        "train": "bass",
        "valid": "brass",
        "test": "vocal",
    }
    assert [e.label for e in data.only("valid").examples] == ["brass"]
    with pytest.raises(UserError, match="it has test, train, valid"):
        data.only("dev")


def test_a_split_by_itself_knows_its_name(split):
    folder = split({"a": note()}, name="nsynth-test")
    assert [e.split for e in read(f"nsynth:{folder / 'nsynth-test'}").examples] == ["test"]


def test_what_is_left_out_is_named_with_the_reason(split):
    folder = split(
        {
            "lead": note("synth_lead"),
            "silent": note(),
            "good": note(),
            "odd": ["flute"],
            "none": {},
            "list": note([]),
        },
        without=["silent"],
    )
    data = read(f"nsynth:{folder}")
    assert [e.path.stem for e in data.examples] == ["good"]
    assert set(data.left_out) == {"lead", "silent", "odd", "none", "list"}
    assert "synth_lead" in data.left_out["lead"]
    assert "no silent.wav" in data.left_out["silent"]


def test_a_note_without_an_instrument_belongs_to_what_its_name_says(split):
    folder = split({"guitar_acoustic_010-040-127": {"instrument_family_str": "guitar"}})
    assert read(f"nsynth:{folder}").examples[0].group == "guitar_acoustic_010"


def test_a_name_cannot_lead_out_of_the_folder(split, tmp_path):
    folder = split({"good": note()}, name="inner")
    (tmp_path / "secret.wav").touch()
    index = tmp_path / "inner" / "examples.json"
    index.write_text(json.dumps({"../../secret": note(), "../secret": note(), "good": note()}))
    data = read(f"nsynth:{folder / 'inner'}")
    assert [e.path.name for e in data.examples] == ["good.wav"]
    assert len(data.left_out) == 2


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "examples.json"),
        (b"", "not JSON"),
        (b'{"a": ', "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b"{}", "nothing to use"),
    ],
    ids=["missing", "empty", "cut", "binary", "deep", "list", "null", "nothing"],
)
def test_a_broken_index_is_one_line(content, says, tmp_path):
    (tmp_path / "audio").mkdir()
    if content is not None:
        (tmp_path / "examples.json").write_bytes(content)
    with pytest.raises(UserError, match=says) as caught:
        read(f"nsynth:{tmp_path}")
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_index_without_sounds_says_what_is_missing(tmp_path):
    (tmp_path / "examples.json").write_text(json.dumps({"a": note()}))
    with pytest.raises(UserError, match=r"no a\.wav or \.flac"):
        read(f"nsynth:{tmp_path}")


def test_the_families_are_nsynths_without_synth_lead():
    assert len(FAMILIES) == 10
    assert list(FAMILIES) == sorted(FAMILIES)
    assert "synth_lead" not in FAMILIES


def test_labelled_by_source_synthetic_leads_count_too(split):
    sources = {"flute_1": "acoustic", "organ_1": "electronic", "synth_lead_1": "synthetic"}
    notes = {
        name: note(name[:-2], name) | {"instrument_source_str": source}
        for name, source in sources.items()
    }
    folder = split(notes | {"odd": note() | {"instrument_source_str": "stolen"}})
    data = read(f"nsynth-source:{folder}")
    assert {e.group: e.label for e in data.examples} == sources
    assert data.left_out == {"odd": "source 'stolen' is none of the three"}
