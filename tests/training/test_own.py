"""Sounds of one's own: how they are split, what is said of too few, and that they are named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime import cli as listening
from realtime.errors import UserError
from training import cli, export, own, ship
from training.datasets import Dataset, Example


def sounds(*labels: tuple[str, dict[str, int]]) -> Dataset:
    """Files by label and group."""
    return Dataset(
        [
            Example(Path(f"{label}/{group}_{i}.wav"), label, f"{label}/{group}")
            for label, groups in labels
            for group, n in groups.items()
            for i in range(n)
        ]
    )


groups = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 9), min_size=1).filter(
    lambda g: sum(g.values()) >= own.LEAST
)


@given(st.lists(groups, min_size=2, max_size=4), st.integers(0, 99))
def test_every_file_is_judged_once_by_networks_of_all_labels_that_never_heard_its_group(
    parts, seed
):
    data = sounds(*((f"label{i}", g) for i, g in enumerate(parts)))
    folds = own.folds(data, seed)
    judged = [e for fold in folds for e in fold.judge.examples]
    assert sorted(str(e.path) for e in judged) == sorted(str(e.path) for e in data.examples)
    alone = {f"label{i}/{next(iter(g))}" for i, g in enumerate(parts) if len(g) == 1}
    for fold in folds:
        assert fold.train.labels == data.labels
        both = [*fold.train.examples, *fold.judge.examples]
        assert sorted(str(e.path) for e in both) == sorted(str(e.path) for e in data.examples)
        divided = {e.group for e in fold.train.examples} & {e.group for e in fold.judge.examples}
        assert divided <= alone
    assert sum("all files are of one player" in w for w in own.warnings(data)) == len(alone)


def test_folds_are_alike():
    data = sounds(("bell", dict.fromkeys("abcdefgh", 2)), ("door", {"a": 16}))
    assert [fold.judge.counts for fold in own.folds(data, 0)] == [{"bell": 4, "door": 4}] * 4


def test_too_little_is_said_by_name():
    few = sounds(("door", {"a": 2, "b": 5}), ("bell", {"a": 5, "b": 9}))
    assert own.warnings(few) == ["door has only 7 files: expect little below 10"]
    with pytest.raises(UserError, match="door has 3; 4 a label"):
        own.check(sounds(("door", {"a": 3}), ("bell", {"a": 9})))
    with pytest.raises(UserError, match="only one label"):
        own.check(sounds(("door", {"a": 9})))


def test_it_is_a_cnn_and_an_lstm_under_its_own_name():
    assert [(p.name, p.task, p.kind) for p in own.presets("doors")] == [
        ("doors-cnn", "doors", "cnn"),
        ("doors-lstm", "doors", "lstm"),
    ]


@pytest.mark.slow
def test_a_folder_a_label_becomes_two_models_that_are_asked_by_one_name(
    labelled_sounds, tmp_path, monkeypatch, capsys
):
    """``docs/own-sounds.md`` from ``rt-train fit`` on, but for epochs that take a moment."""
    pytest.importorskip("tensorflow")
    monkeypatch.chdir(tmp_path)
    brief = {kind: replace(s, epochs=1, windows=64) for kind, s in own.SCHEDULES.items()}
    monkeypatch.setattr(own, "SCHEDULES", brief)
    monkeypatch.setattr(own, "POOL", 500)
    monkeypatch.setattr(own, "FOLD_WINDOWS", 500)
    monkeypatch.setattr(own, "FOLDS", 2)
    monkeypatch.setattr(ship, "COMPARED", 20)
    monkeypatch.setattr(export, "EXAMPLES", 20)
    sounds = labelled_sounds(own.ENOUGH, ("snare", "hi-hat"))
    assert cli.main(["fit", "my-sounds", "--data", f"folders:{sounds}"]) == 0
    told = capsys.readouterr().err
    assert "warning" not in told
    assert told.count("epoch 1/1") == 2
    assert told.count("of 20 files right, each heard by a network that had not learned") == 2
    assert told.splitlines()[-1] == "listen with: rt-classify --mic --model my-sounds"
    manifest = json.loads(Path("models/my-sounds/my-sounds-cnn/model.json").read_text("utf-8"))
    assert manifest["figures"]["held_out"]["files kept out in turn"]["n"] == 20

    one = next((sounds / "snare").iterdir()).rename(tmp_path / "one.wav")
    assert listening.main(["--file", str(one), "--model", "my-sounds", "--json"]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    heard = {(r["model"], *r["probs"]) for r in records if r["type"] == "prediction"}
    assert heard == {
        ("my-sounds-cnn", "hi-hat", "snare"),
        ("my-sounds-lstm", "hi-hat", "snare"),
    }
