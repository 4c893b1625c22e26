"""Sounds of one's own: how they are split, what is said of too few, and that they are named."""

from __future__ import annotations

import json
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
def test_every_label_is_trained_and_judged_and_no_group_is_divided(parts, seed):
    data = sounds(*((f"label{i}", g) for i, g in enumerate(parts)))
    split = own.split(data, seed)
    assert split.train.labels == split.judge.labels == data.labels
    both = [*split.train.examples, *split.judge.examples]
    assert sorted(str(e.path) for e in both) == sorted(str(e.path) for e in data.examples)
    divided = {e.group for e in split.train.examples} & {e.group for e in split.judge.examples}
    alone = {f"label{i}/{next(iter(g))}" for i, g in enumerate(parts) if len(g) == 1}
    assert divided == alone
    assert sum("judged on its own" in w for w in split.warnings) == len(alone)


def test_too_little_is_said_by_name():
    few = sounds(("door", {"a": 2, "b": 5}), ("bell", {"a": 5, "b": 9}))
    assert own.split(few, 0).warnings == ["door has only 7 files: expect little below 10"]
    with pytest.raises(UserError, match="door has 3; 4 a label"):
        own.split(sounds(("door", {"a": 3}), ("bell", {"a": 9})), 0)
    with pytest.raises(UserError, match="only one label"):
        own.split(sounds(("door", {"a": 9})), 0)


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
    monkeypatch.setattr(own, "EPOCHS", dict.fromkeys(own.EPOCHS, 1))
    monkeypatch.setattr(own, "WINDOWS", 64)
    monkeypatch.setattr(own, "POOL", 500)
    monkeypatch.setattr(ship, "COMPARED", 20)
    monkeypatch.setattr(export, "EXAMPLES", 20)
    sounds = labelled_sounds(own.ENOUGH, ("snare", "hi-hat"))
    assert cli.main(["fit", "my-sounds", "--data", f"folders:{sounds}"]) == 0
    told = capsys.readouterr().err
    assert "warning" not in told
    assert told.count("epoch 1/1") == 2
    assert told.count("files kept out: windows") == 2, "how good the result is"
    assert told.splitlines()[-1] == "listen with: rt-classify --mic --model my-sounds"
    manifest = json.loads(Path("models/my-sounds/my-sounds-cnn/model.json").read_text("utf-8"))
    assert manifest["figures"]["held_out"]["files kept out"]["n"] == 4

    one = next((sounds / "snare").iterdir()).rename(tmp_path / "one.wav")
    assert listening.main(["--file", str(one), "--model", "my-sounds", "--json"]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    heard = {(r["model"], *r["probs"]) for r in records if r["type"] == "prediction"}
    assert heard == {
        ("my-sounds-cnn", "hi-hat", "snare"),
        ("my-sounds-lstm", "hi-hat", "snare"),
    }
