"""A network that teaches another: what it may teach, what it says, and that it is not forgotten."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from tiny_models import MFCC, tiny_network, write_folder

from realtime.errors import UserError
from realtime.features import build
from training import distil, fit, own, provenance
from training.datasets import Dataset, Example
from training.distil import Teacher
from training.presets import PRESETS, Schedule

LABELS = ["ape", "bee", "cat"]
SHAPE = build(MFCC).shape
PRESET = replace(PRESETS["instrument-lstm"], feature=MFCC, teacher="one")


@pytest.fixture
def folder(tmp_path):
    return write_folder(tmp_path / "one")


def another(tmp_path, name="other", seed=1):
    """A teacher of the same things with another network."""
    return write_folder(tmp_path / name, content=tiny_network(SHAPE, 3, seed=seed)[0])


def windows(n):
    return np.random.default_rng(0).random((n, *SHAPE), np.float32)


def one_hot(numbers):
    return np.eye(3, dtype=np.float32)[numbers]


def says(given, seed=0):
    """What the tiny network of ``write_folder`` answers, without running it."""
    _, matrix, bias = tiny_network(SHAPE, 3, seed=seed)
    powers = np.exp(given.reshape(len(given), -1) @ matrix.T + bias)
    return powers / powers.sum(axis=1, keepdims=True)


class TestTeacher:
    @pytest.mark.parametrize("share", [0, 0.25, 0.5, 1])
    def test_its_answers_stand_beside_the_labels_by_their_share(self, share, folder):
        given, targets = windows(4), one_hot([0, 1, 2, 0])
        before = targets.copy()
        teacher = Teacher(folder, share)
        soft = teacher.soften(given, targets)
        assert soft.dtype == np.float32
        np.testing.assert_allclose(soft, (1 - share) * before + share * says(given), atol=1e-5)
        assert soft.sum(axis=1) == pytest.approx(1, abs=1e-5)
        assert np.array_equal(targets, before)

    def test_of_what_has_no_label_it_says_nothing(self, folder):
        targets = one_hot([0, 1, 2])
        targets[1] = 1 / 3
        soft = Teacher(folder, 0.8).soften(windows(3), targets)
        np.testing.assert_array_equal(soft[1], targets[1])
        assert not np.allclose(soft[[0, 2]], targets[[0, 2]])

    def test_each_window_gets_its_own_answer(self, folder):
        teacher = Teacher(folder, 1)
        soft = teacher.soften(windows(4), one_hot([0, 0, 0, 0]))
        assert np.ptp(soft, axis=0).min() > 1e-3

    @pytest.mark.parametrize(
        ("feature", "labels"),
        [
            pytest.param(MFCC | {"hop": 128}, LABELS, id="another feature"),
            pytest.param(MFCC, ["ape", "bee"], id="fewer labels"),
            pytest.param(MFCC, ["ape", "bee", "dog"], id="other labels"),
            pytest.param(MFCC, ["bee", "ape", "cat"], id="another order"),
        ],
    )
    def test_one_that_reads_or_names_something_else_does_not_suit(self, feature, labels, folder):
        assert distil.suits(folder, PRESET, LABELS)
        assert not distil.suits(folder, replace(PRESET, feature=feature), labels)

    @pytest.mark.parametrize("file", ["model.json", "model.tflite"])
    def test_one_that_is_damaged_is_refused_by_name(self, file, folder):
        (folder / file).write_bytes(b"")
        with pytest.raises(UserError, match=f"one/{file}: "):
            Teacher(folder, 0.5)


class TestDigest:
    def test_tells_a_network_from_another(self, folder, tmp_path):
        assert distil.digest(folder) != distil.digest(another(tmp_path))

    def test_is_of_the_network_alone(self, folder, tmp_path, rewrite):
        before = distil.digest(folder)
        assert distil.digest(write_folder(tmp_path / "copy")) == before
        rewrite(folder, calibration={"temperature": 2.0}, figures={"more": 1})
        assert distil.digest(folder) == before

    def test_there_is_none(self, tmp_path):
        with pytest.raises(UserError, match=r"missing/model.json: cannot be read"):
            distil.digest(tmp_path / "missing")


class TestProvenance:
    @pytest.fixture(autouse=True)
    def _shipped(self, folder, tmp_path, monkeypatch):
        another(tmp_path)
        monkeypatch.setattr(provenance, "SHIPPED", tmp_path)

    def described(self, tmp_path, teacher="one", **changes):
        data = Dataset([Example(tmp_path / f"{label}.wav", label, label) for label in LABELS])
        return provenance.describe(replace(PRESET, teacher=teacher, **changes), data, 0)

    def test_teachers_are_told_from_each_other_and_from_none(self, tmp_path):
        all_of_them = [self.described(tmp_path, name) for name in ("one", "other", "")]
        assert len({json.dumps(each, sort_keys=True) for each in all_of_them}) == 3
        assert self.described(tmp_path) == self.described(tmp_path)

    def test_one_trained_anew_is_another(self, tmp_path):
        before = self.described(tmp_path)
        (tmp_path / "one").rename(tmp_path / "gone")
        another(tmp_path, "one", seed=2)
        assert self.described(tmp_path) != before

    def test_one_that_is_not_there_is_told_in_a_line(self, tmp_path):
        with pytest.raises(UserError, match=r"none/model.json: cannot be read") as told:
            self.described(tmp_path, "none")
        assert "\n" not in str(told.value)

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("", "one"),
            ("one", "other"),
            ("one", ""),
        ],
    )
    def test_a_checkpoint_of_another_teacher_is_not_gone_on_with(self, before, after, tmp_path):
        work = tmp_path / "work"
        assert provenance.claim(work, self.described(tmp_path, before)) == ""
        (work / "epoch-1.keras").write_text("")
        (work / "history.json").write_text('[{"loss": 1}]')
        assert provenance.check(work, self.described(tmp_path, before)) == ""
        with pytest.raises(UserError, match="was trained from other teacher;"):
            provenance.check(work, self.described(tmp_path, after))

    def test_how_much_it_teaches_counts(self, tmp_path):
        assert self.described(tmp_path, taught=0.9) != self.described(tmp_path, taught=0.1)


def loss(tmp_path, label, **changes):
    """First loss of a tiny network whose windows all bear one label."""
    schedule = Schedule(epochs=1, windows=32, batch=16)
    network = {"name": "vgg", "blocks": [[2]], "dropout": 0.1, "dense": 4}
    preset = replace(PRESET, network=network, schedule=schedule, **changes)

    def draw(n, rng):
        return rng.random((n, *SHAPE), np.float32), one_hot(np.full(n, label))

    source = SimpleNamespace(labels=LABELS, shape=SHAPE, draw=draw)
    work = tmp_path / f"work-{label}-{preset.teacher}-{preset.taught}"
    return next(fit.train(preset, source, work)).loss


def test_a_network_learns_from_its_teacher(folder, tmp_path, monkeypatch):
    pytest.importorskip("tensorflow")
    fit.quiet_tensorflow(1)
    monkeypatch.setattr(fit, "SHIPPED", tmp_path)
    told = loss(tmp_path, 0, taught=1.0)
    assert told == loss(tmp_path, 1, taught=1.0)  # for all that the labels say
    assert abs(told - loss(tmp_path, 1, teacher="")) > 0.01


def test_training_does_not_begin_without_its_teacher(folder, tmp_path, monkeypatch):
    pytest.importorskip("tensorflow")
    monkeypatch.setattr(fit, "SHIPPED", tmp_path)
    with pytest.raises(UserError, match=r"missing/model.json: cannot be read"):
        loss(tmp_path, 0, teacher="missing")
    assert not list(tmp_path.glob("work*"))


def test_sounds_of_ones_own_have_no_teacher(monkeypatch):
    for base in own.BASES:  # whether or not the shipped ones have
        monkeypatch.setitem(PRESETS, base, replace(PRESETS[base], teacher="instrument-cnn"))
    assert [preset.teacher for preset in own.presets("doors")] == ["", ""]


def test_every_teacher_is_a_model_that_ships_and_teaches_the_same():
    for preset in PRESETS.values():
        if preset.teacher:
            taught_by = PRESETS[preset.teacher]
            assert (taught_by.feature, taught_by.task) == (preset.feature, preset.task)
            assert not taught_by.teacher  # which would have to be trained first, and so on
            assert 0 < preset.taught <= 1
