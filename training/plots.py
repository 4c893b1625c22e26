"""Plots as PNG files: confusion matrices, learning curves, accuracy against seconds heard."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np

from realtime.text import printable


def confusion(path: Path, figures: dict[str, Any]) -> None:
    """Draw a confusion matrix.

    Args:
        path: PNG to write, as for all plots here.
        figures: Holds ``labels`` and ``confusion``; rows are the truth.
    """
    plt = _pyplot()
    matrix = np.array(figures["confusion"])
    share = matrix / np.maximum(1, matrix.sum(axis=1, keepdims=True))
    names = [printable(label) for label in figures["labels"]]
    figure, axes = plt.subplots(figsize=(6.4, 5.6), layout="constrained")
    axes.imshow(share, cmap="cividis", vmin=0, vmax=1)
    # A label is no formula, whatever dollars are in it.
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right", parse_math=False)
    axes.set_yticks(range(len(names)), names, parse_math=False)
    axes.set_xlabel("heard as")
    axes.set_ylabel("is")
    for i, j in zip(*np.nonzero(matrix), strict=True):
        colour = "black" if share[i, j] > 0.6 else "white"
        axes.text(j, i, matrix[i, j], ha="center", va="center", color=colour, fontsize=8)
    figure.savefig(path, dpi=80)
    plt.close(figure)


def learning(path: Path, history: list[dict[str, float]]) -> None:
    """Draw loss and accuracy of one training by epoch."""
    plt = _pyplot()
    epochs = range(1, len(history) + 1)
    figure, axes = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
    axes.plot(epochs, [h["loss"] for h in history], color="#0072B2", label="loss")
    axes.plot(epochs, [h["accuracy"] for h in history], "--", color="#D55E00", label="accuracy")
    axes.set_xlabel("epoch")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=80)
    plt.close(figure)


def learning_by_fold(path: Path, histories: list[list[dict[str, float]]]) -> None:
    """Draw loss and accuracy by epoch, of training and validation, a line for each fold.

    Args:
        path: PNG to write.
        histories: For each fold its epochs; ``valid_loss`` and ``valid_accuracy`` may lack.
    """
    plt = _pyplot()
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.2), layout="constrained")
    for history in histories:
        epochs = range(1, len(history) + 1)
        for axes, name in ((left, "loss"), (right, "accuracy")):
            axes.plot(epochs, [h[name] for h in history], color="#0072B2", alpha=0.6)
            if f"valid_{name}" in history[0]:
                valid = [h[f"valid_{name}"] for h in history]
                axes.plot(epochs, valid, "--", color="#D55E00", alpha=0.6)
    for axes, name in ((left, "loss"), (right, "accuracy")):
        axes.set_xlabel("epoch")
        axes.set_title(name)
        axes.set_ylim(bottom=0)
    left.plot([], color="#0072B2", label="training")
    if any("valid_loss" in history[0] for history in histories):
        left.plot([], "--", color="#D55E00", label="validation")
    left.legend(frameon=False)
    figure.savefig(path, dpi=80)
    plt.close(figure)


def seconds_heard(path: Path, lines: list[tuple[str, dict[str, float]]]) -> None:
    """Draw accuracy of whole files against how much of them was heard.

    Args:
        path: PNG to write.
        lines: Their names, and the accuracy after each mark, such as ``10 s``; all share the marks.
    """
    plt = _pyplot()
    marks = list(lines[0][1])
    figure, axes = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
    for (name, line), style in zip(lines, cycle(["-o", "--s", "-.^", ":v"]), strict=False):
        axes.plot(range(len(marks)), [line[mark] for mark in marks], style, label=printable(name))
    axes.set_xticks(range(len(marks)), marks)
    axes.set_ylim(0, 1)
    axes.set_ylabel("files named right")
    axes.legend(frameon=False)
    figure.savefig(path, dpi=80)
    plt.close(figure)


def _pyplot() -> Any:
    """Matplotlib that draws into files alone."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt
