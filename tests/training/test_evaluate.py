from __future__ import annotations

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tiny_models import MFCC

from realtime.records import STREAM_RATE
from realtime.registry import load
from realtime.sources.open import open_file
from training.evaluate import Heard, calibration_chance, calibration_error, hear, report
from training.export import temperature


def heard(truth: list[int], said: list[int], files: list[int]) -> Heard:
    labels = ["a", "b", "c"]
    probs = np.full((len(said), 3), 0.1)
    probs[np.arange(len(said)), said] = 0.8
    last = {f: (t, s) for f, t, s in zip(files, truth, said, strict=True)}
    return Heard(
        labels,
        np.array(truth),
        probs,
        np.array(files),
        np.array([t for t, _ in last.values()]),
        np.array([s for _, s in last.values()]),
    )


@pytest.mark.parametrize(
    ("window", "seconds", "counted"),
    [(4, 50, 12), (10, 50, 5), (24, 50, 3), (24, 9, 1)],
    ids=["one after another", "ten seconds", "every ten seconds", "too short for one"],
)
def test_windows_that_count(window, seconds, counted, model_folder, tmp_path) -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, seconds * STREAM_RATE)
    soundfile.write(tmp_path / "noise.wav", samples, STREAM_RATE)
    feature = MFCC | {"window": window * STREAM_RATE}
    model = load(model_folder(feature, window_s=float(window)))
    windows, label = hear(model, open_file(tmp_path / "noise.wav"))
    assert len(windows) == counted
    assert label in model.manifest.labels


def test_figures() -> None:
    figures = report(heard([0, 0, 1, 1], [0, 1, 1, 1], [0, 0, 1, 1]))
    assert figures["accuracy"] == 0.75
    assert figures["confusion"] == [[1, 1, 0], [0, 2, 0], [0, 0, 0]]
    assert figures["per_class"]["a"] == {"n": 2, "precision": 1.0, "recall": 0.5, "f1": 0.6667}
    assert figures["macro_f1"] == pytest.approx((0.6667 + 0.8) / 2, abs=1e-3)
    assert figures["ece"] == pytest.approx(0.05)
    assert figures["by_file"] == {"n": 2, "accuracy": 0.5}


def test_a_window_under_the_gate_is_missed_and_no_answer_for_the_first_label() -> None:
    heard_ = heard([0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1])
    heard_.probs[[1, 3]] = 0.0
    figures = report(heard_)
    assert (figures["n"], figures["unheard"]) == (4, 2)
    assert figures["accuracy"] == 0.5
    assert figures["confusion"] == [[1, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert figures["per_class"]["a"] == {"n": 2, "precision": 1.0, "recall": 0.5, "f1": 0.6667}
    assert calibration_error(heard_.probs, heard_.truth) == pytest.approx(0.1)


def test_no_files_figure_where_each_holds_one_window() -> None:
    assert "by_file" not in report(heard([0, 1], [0, 1], [0, 1]))


def test_a_sure_liar_has_the_worst_calibration() -> None:
    probs = np.array([[1.0, 0.0]] * 10)
    assert calibration_error(probs, np.ones(10, int)) == 1.0
    assert calibration_error(probs, np.zeros(10, int)) == 0.0


@given(arrays(np.float64, (40, 4), elements=st.floats(0.01, 1)))
def test_calibration_error_is_a_share(raw: np.ndarray) -> None:
    probs = raw / raw.sum(axis=1, keepdims=True)
    assert 0 <= calibration_error(probs, np.arange(40) % 4) <= 1


def test_few_windows_show_an_error_by_chance_and_many_do_not() -> None:
    rng = np.random.default_rng(0)
    few, many = (rng.dirichlet([0.5] * 5, n) for n in (100, 20_000))
    assert calibration_chance(few) > 0.04
    assert calibration_chance(many) < 0.01
    truth = np.array([rng.choice(5, p=p) for p in many])
    assert calibration_error(many, truth) == pytest.approx(calibration_chance(many), abs=0.01)


def test_temperature_undoes_overconfidence() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (4000, 5))
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = np.array([rng.choice(5, p=p) for p in probs])
    sharpened = probs**3 / (probs**3).sum(axis=1, keepdims=True)
    assert temperature(sharpened, truth) == pytest.approx(3, rel=0.1)
    assert temperature(probs, truth) == pytest.approx(1, rel=0.1)
