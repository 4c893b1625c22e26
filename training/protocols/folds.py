"""Training and testing a plan fold by fold, resumably."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from realtime.files import whole
from realtime.registry import Manifest
from training import export
from training.checkpoint import read_history
from training.epochs import Epoch
from training.evaluate import Heard, report
from training.inputs import Progress, untold
from training.protocols import PROTOCOLS, Protocol, trainer
from training.protocols.plans import Plan, shares
from training.protocols.splits import Fold, split
from training.protocols.windows import Windows

COMPARED = 500
"""Test windows on which the quantised network is held against the float one."""

Say = Callable[[int, Epoch], None]
"""Told of each epoch of each fold."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a network said of the test part of a fold.

    Attributes:
        fold: Number of the fold.
        figures: As ``training.evaluate.report`` gives them, with ``parts`` (windows in each part)
            and ``history``.
        keys: Which window each is, str (n,).
        groups: Number of its instrument or work, int64 (n,).
        right: Whether it was named right, bool (n,).
    """

    fold: int
    figures: dict[str, Any]
    keys: np.ndarray
    groups: np.ndarray
    right: np.ndarray


@dataclass(frozen=True, slots=True)
class Trial:
    """A plan on a set of windows under a protocol.

    Attributes:
        plan: What is trained.
        windows: On what.
        protocol: How it is split.
        seed: Of splits, weights and order.
        root: Folder below which the checkpoints lie.
        quantisation: To be exported in, if not the plan's.
    """

    plan: Plan
    windows: Windows
    protocol: Protocol
    seed: int = 0
    root: Path = Path("build") / "protocols"
    quantisation: str = ""

    @property
    def folder(self) -> Path:
        """Where the checkpoints lie: another folder for anything else that is trained."""
        keys, groups = self.windows.keys.tolist(), self.windows.groups.tolist()
        key = [asdict(self.plan), keys, groups, self.seed]
        digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:10]
        return self.root / f"{self.plan.name}-{self.protocol}-{digest}"

    def split(self, number: int) -> Fold:
        """One fold of it; see ``training.protocols.splits``."""
        return split(
            self.windows,
            self.protocol,
            number,
            shares=shares(self.plan.reads, self.protocol),
            what="instruments" if self.plan.reads == "sounds" else "works",
            seed=self.seed,
        )

    def work(self, number: int) -> Path:
        """Folder of a fold's checkpoint."""
        return self.folder / f"fold-{number}"

    def run(self, number: int, say: Say, progress: Progress = untold) -> Outcome:
        """Train and test a fold, or read what came of it before.

        Args:
            number: Of the fold.
            say: Told of each epoch, with that number.
            progress: Told of an epoch's windows while it lasts.
        """
        work = self.work(number)
        done, arrays = work / "tested.json", work / "tested.npz"
        if not done.exists():
            fold = self.split(number)
            for epoch in trainer.train(
                self.plan, self.windows, fold, work, seed=self.seed, progress=progress
            ):
                say(number, epoch)
            self._test(fold, work)
        figures = json.loads(done.read_text("utf-8"))
        with np.load(arrays) as kept:
            return Outcome(number, figures, kept["keys"], kept["groups"], kept["right"])

    def export(self, number: int, folder: Path, *, command: str, licences: list[str]) -> Manifest:
        """Write the network of a fold as a model folder, and say what quantising cost."""
        plan = replace(self.plan, quantisation=self.quantisation or self.plan.quantisation)
        fold, preset = self.split(number), plan.preset()
        model = trainer.trained(self.work(number))
        inputs = _TrainingWindows(self, fold)
        content = export.convert(model, preset, inputs, preset.quantisation)
        exact = export.convert(model, preset, inputs, "float32")
        rows = np.random.default_rng(0).permutation(fold.test)[:COMPARED]
        x, y = self.windows.take(rows), self.windows.y[rows]
        said, meant = export.outputs(content, x), export.outputs(exact, x)
        calibration = {"temperature": 1.0, "unknown_below": 0.0}
        if len(fold.valid):
            valid = np.random.default_rng(1).permutation(fold.valid)[:COMPARED]
            raw = export.outputs(content, self.windows.take(valid))
            calibration["temperature"] = round(export.temperature(raw, self.windows.y[valid]), 3)
        right, exactly_right = said.argmax(axis=1) == y, meant.argmax(axis=1) == y
        figures = {
            "protocol": f"{self.protocol}: {PROTOCOLS[self.protocol]}",
            "quantised": {
                "windows": len(rows),
                "accuracy": round(float(right.mean()), 4),
                "accuracy_float32": round(float(exactly_right.mean()), 4),
                "same_label": round(float(np.mean(said.argmax(axis=1) == meant.argmax(axis=1))), 4),
                "size_ratio": round(len(content) / len(exact), 3),
            },
        }
        counts = np.bincount(self.windows.y[fold.train], minlength=len(self.windows.labels))
        return export.write(
            folder,
            preset,
            self.windows.labels,
            content,
            calibration=calibration,
            training={
                "command": command,
                "files": len(np.unique(self.windows.files[fold.train])),
                "files_by_label": dict(zip(self.windows.labels, counts.tolist(), strict=True)),
                "left_out": len(self.windows.left_out),
                "licences": licences,
                "schedule": asdict(self.plan.training),
                "network": self.plan.network,
            },
            figures=figures,
        )

    def _test(self, fold: Fold, work: Path) -> None:
        windows, rows = self.windows, fold.test
        probs = trainer.predict(trainer.trained(work), windows, rows).astype(np.float64)
        none = np.zeros(0, np.int64)
        heard = Heard(windows.labels, windows.y[rows], probs, none, none, none)
        figures = report(heard) | {
            "parts": {"train": len(fold.train), "valid": len(fold.valid), "test": len(rows)},
            "history": read_history(work),
        }
        right = probs.argmax(axis=1) == windows.y[rows]
        np.savez(
            work / "tested.npz", keys=windows.keys[rows], groups=windows.groups[rows], right=right
        )
        with whole(work / "tested.json") as part:  # after the arrays: with it, the test is whole
            part.write_text(json.dumps(figures), "utf-8")


class _TrainingWindows:
    """A fold's training windows as ``training.inputs.Inputs``, for the int8 converter."""

    changed = False

    def __init__(self, trial: Trial, fold: Fold) -> None:
        self.labels, self.feature = trial.windows.labels, trial.plan.feature
        self.shape = tuple(trial.windows.x.shape[1:])
        self.left_out = trial.windows.left_out
        self._windows, self._rows = trial.windows, fold.train

    def prepare(self, progress: object) -> None:
        """Nothing to do."""

    def draw(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Training windows as they are."""
        rows = rng.choice(self._rows, n)
        eye = np.eye(len(self.labels), dtype=np.float32)
        return self._windows.take(rows), eye[self._windows.y[rows]]


def summary(tested: list[Outcome]) -> dict[str, Any]:
    """What several folds come to, ready for JSON.

    Returns:
        Means over the folds (``accuracy``, ``precision``, ``recall``, ``macro_f1``, ``ece``), the
        lowest and highest accuracy, the ``confusion`` of all folds together, and of each fold its
        accuracy, parts and learning curve.
    """
    figures = [t.figures for t in tested]
    accuracies = [f["accuracy"] for f in figures]

    def mean(name: str) -> float:
        rows = [[c[name] for c in f["per_class"].values() if c["n"]] for f in figures]
        return round(float(np.mean([np.mean(r) for r in rows])), 4)

    return {
        "folds": len(tested),
        "accuracy": round(float(np.mean(accuracies)), 4),
        "deviation": round(float(np.std(accuracies)), 4),
        "precision": mean("precision"),
        "recall": mean("recall"),
        "macro_f1": mean("f1"),
        "ece": round(float(np.mean([f["ece"] for f in figures])), 4),
        "labels": figures[0]["labels"],
        "confusion": np.sum([f["confusion"] for f in figures], axis=0).tolist(),
        "by_fold": [
            {
                "fold": t.fold,
                "accuracy": t.figures["accuracy"],
                "parts": t.figures["parts"],
                "epochs": len(t.figures["history"]),
                "history": [
                    {k: round(v, 4) for k, v in row.items()} for row in t.figures["history"]
                ],
            }
            for t in tested
        ],
    }
