"""Random search over a plan's space, through Keras Tuner."""

from __future__ import annotations

import contextlib
import io
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from realtime.errors import UserError
from training.protocols import trainer
from training.protocols.folds import Say, Trial
from training.protocols.plans import Plan, changed

OBJECTIVE = "valid_accuracy"


def tune(trial: Trial, *, trials: int, runs: int, say: Say) -> dict[str, Any] | None:
    """Try out settings on the training and validation parts of the first fold.

    Keras Tuner keeps its state below the trial's folder and each network its checkpoints, so that a
    search which was stopped goes on inside the epoch it was in. With Keras Tuner's own environment
    variables (``KERASTUNER_TUNER_ID``, ``KERASTUNER_ORACLE_IP``, ``KERASTUNER_ORACLE_PORT``)
    several processes share one search: ``chief`` hands out the settings, the others train.

    Args:
        trial: What is tuned, on what.
        trials: Settings to try.
        runs: Networks trained of each; their accuracies are averaged.
        say: Told of each epoch, with the number of the setting tried.

    Returns:
        ``trials`` (settings and validation accuracy, best first), ``best`` (its settings), or None
        in a process that only trains for another one.

    Raises:
        UserError: The plan has nothing to vary.
    """
    with contextlib.redirect_stdout(io.StringIO()):  # importing it prints
        import keras_tuner

    if not trial.plan.space:
        raise UserError(f"{trial.plan.name}: its preset names nothing to tune")
    fold = trial.split(0)
    if not len(fold.valid):  # the first paper's LSTM: what it tests is left alone
        n = len(fold.train) // 5
        fold = replace(fold, train=fold.train[n:], valid=fold.train[:n])
    space = keras_tuner.HyperParameters()
    for name, values in trial.plan.space.items():
        space.Choice(name, [json.dumps(v) for v in values])

    class Search(keras_tuner.RandomSearch):
        def run_trial(self, asked: Any, *args: Any, **kwargs: Any) -> list[dict[str, float]]:
            plan = changed(trial.plan, _settings(asked))
            work = trial.folder / "tune" / asked.trial_id
            return [{OBJECTIVE: self._best(plan, work, run)} for run in range(runs)]

        def _best(self, plan: Plan, work: Path, run: int) -> float:
            folder = work / f"run-{run}"
            seed = trial.seed + 1 + run
            for epoch in trainer.train(plan, trial.windows, fold, folder, seed=seed):
                say(len(list(work.parent.iterdir())), epoch)
            return max(row["valid_accuracy"] for row in trainer.read_history(folder))

    (trial.folder / "tune").mkdir(parents=True, exist_ok=True)
    with contextlib.redirect_stdout(io.StringIO()):
        search = Search(
            objective=keras_tuner.Objective(OBJECTIVE, "max"),
            max_trials=trials,
            seed=trial.seed,
            hyperparameters=space,
            tune_new_entries=False,
            directory=str(trial.folder),
            project_name="tuner",
        )
        search.search(verbose=0)
    if os.environ.get("KERASTUNER_ORACLE_IP") and "chief" not in os.environ["KERASTUNER_TUNER_ID"]:
        return None
    found = [t for t in search.oracle.get_best_trials(trials) if t.score is not None]
    if not found:
        raise UserError(f"{trial.plan.name}: none of the settings could be trained")
    rows = [{"settings": _settings(t), OBJECTIVE: round(float(t.score), 4)} for t in found]
    return {"best": rows[0]["settings"], "trials": rows, "runs": runs}


def tuned(plan: Plan, path: Path) -> Plan:
    """A plan with the best settings of a search.

    Args:
        plan: What was tuned.
        path: The measurement file that ``rt-train tune`` wrote.

    Raises:
        UserError: It is none, or one of another plan.
    """
    try:
        values = json.loads(path.read_text("utf-8"))
        settings, name = dict(values["best"]), values["model"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: not a result of rt-train tune") from error
    if name != plan.name:
        raise UserError(f"{path}: settings of {name}, not of {plan.name}")
    return changed(plan, settings)


def _settings(asked: Any) -> dict[str, Any]:
    return {name: json.loads(value) for name, value in asked.hyperparameters.values.items()}
