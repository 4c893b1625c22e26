"""The sections that are tables: a row for what was measured."""

from __future__ import annotations

from training.judging import tables


def test_a_protocol_stands_beside_what_the_paper_reports(folds) -> None:
    honest = folds | {"protocol": "honest"}
    *_, paper, other, _ = tables.protocols([folds, honest])
    assert paper == (
        "| `instrument-cnn-paper` | paper | 48 | 96 | 2 x 3 | 19 | 0.900 ± 0.010 | 0.800 "
        "| 0.700 | 0.600 | 0.971 |"
    )
    assert other.endswith("| 0.600 |  |")


def test_of_one_fold_no_deviation_is_told(folds) -> None:
    *_, row, _ = tables.protocols([folds | {"folds": 1}])
    assert "| 0.900 |" in row
    assert "±" not in row


def test_a_comparison_gives_its_interval_and_the_least_p() -> None:
    means = {"accuracy": 0.5, "macro_f1": 0.4}
    compared = {
        "kind": "compare",
        "model": ["one", "other"],
        "protocol": "paper",
        "epochs": 8,
        "windows": 400,
        "accuracies": [[0.5] * 5, [0.4] * 5],
        "means": [means, means | {"accuracy": 0.4}],
        "difference": -0.1,
        "interval": [-0.2, 0.0],
        "items": 8,
        "paired": "windows",
        "clusters": 5,
        "wilcoxon": {"p": 0.1, "least_p": 0.0625},
    }
    assert tables.comparisons([compared])[-2] == (
        "| `one` against `other` | paper | 5 x 8 | 400 | 0.500 / 0.400 | 0.400 / 0.400 "
        "| -0.100 (-0.200 to +0.000) | 8 windows, 5 clusters | 0.1000 | 0.0625 |"
    )


def test_conditions_of_notes_and_of_sound_stand_apart(evaluation) -> None:
    played = evaluation | {"condition": "played", "accuracy": 0.5}
    sounds = evaluation | {"model": "instrument-cnn", "data": "nsynth:valid"}
    del sounds["by_file"]
    lines = tables.conditions([evaluation, played, sounds, sounds | {"condition": "room"}])
    notes, heard = "\n".join(lines).strip().split("\n\n## ")
    assert "| model | data | as-is | neutral | played |" in notes
    assert notes.endswith(
        "| `composer-lstm` | composers:dev | 0.700 / 0.950 | not measured | 0.500 / 0.950 |"
    )
    assert "| model | data | as-is | noise | room | quiet | phone | rumble |" in heard
    assert heard.endswith(
        "| `instrument-cnn` | nsynth:valid | 0.700 | not measured | 0.700 | not measured "
        "| not measured | not measured |"
    )
    assert "*Noise*: pink noise 15 dB below the sound." in heard


def test_the_same_model_has_a_row_for_each_data(evaluation) -> None:
    other = evaluation | {"data": "composers:other", "accuracy": 0.4}
    text = "\n".join(tables.conditions([evaluation, other]))
    assert text.count("| `composer-lstm` |") == 2
    assert "| composers:other | 0.400 / 0.950 |" in text


def test_a_change_that_most_never_notice_is_longer_than_any() -> None:
    times = {"median": 0.5, "p90": None, "noticed": 0.8, "right": 0.7}
    spliced = {"kind": "splices", "model": "m", "data": "d", "changes": 9}
    lines = tables.splices([spliced | {"window": times, "smoothed": times | {"p90": 2.0}}])
    assert lines[-2] == (
        "| `m` | d | 9 | 0.50 s | over 6 s | 80.0% | 70.0% | 0.50 s | 2.00 s | 80.0% | 70.0% |"
    )


def test_settings_that_were_tried() -> None:
    trial = {"settings": {"dropout": 0.2, "units": 64}, "valid_accuracy": 0.75}
    found = {"model": "m", "runs": 2, "epochs": 5, "windows": 90, "trials": [trial]}
    lines = tables.tuned([found | {"kind": "tune"}])
    assert "`m`, 2 runs each, 5 epochs, 90 windows:" in lines
    assert "| dropout 0.2, units 64 | 0.75 |" in lines


def test_sounds_that_no_label_fits_stand_by_kind() -> None:
    heard = {"files": 2, "n": 4, "unknown": 0.75}
    measured = heard | {
        "kind": "foreign",
        "model": "one",
        "data": "folders:wild",
        "kinds": {"bird": heard},
        "taken_for": {"flute": 1},
    }
    assert tables.foreign([measured])[-2] == (
        "| `one` | folders:wild | 2 | 4 | 75.0% | bird 75% | flute 1 |"
    )
