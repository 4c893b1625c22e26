"""Random search over a plan's space, through Keras Tuner."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from realtime.errors import UserError
from realtime.text import printable
from training.checkpoint import read_history
from training.inputs import Progress, untold
from training.protocols import trainer
from training.protocols.folds import Say, Trial
from training.protocols.plans import Plan, changed

OBJECTIVE = "valid_accuracy"

NAME, HOST, PORT = "KERASTUNER_TUNER_ID", "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT"
"""Keras Tuner's own variables, by which several processes share a search."""

SEARCH = "search"
"""Under this name the chief tells what is searched; it is nothing that varies."""


def tune(
    trial: Trial, *, trials: int, runs: int, say: Say, progress: Progress = untold
) -> dict[str, Any] | None:
    """Try out settings on the training and validation parts of the first fold.

    Keras Tuner keeps its state below the trial's folder and each network its checkpoints, so that a
    search which was stopped goes on after the last whole epoch. Several processes may share one
    search (see ``role``): the chief hands out the settings, the others train.

    Args:
        trial: What is tuned, on what.
        trials: Settings to try.
        runs: Networks trained of each; their accuracies are averaged.
        say: Told of each epoch, with the number of the setting tried.
        progress: Told of an epoch's windows while it lasts.

    Returns:
        ``trials`` (settings and validation accuracy, best first), ``best`` (its settings), or None
        in a process that only trains for another one.

    Raises:
        UserError: The plan has nothing to vary; no setting could be trained; or the search is
            shared, and what is set for that is at fault or the chief does not answer.
    """
    shared = role()
    with contextlib.redirect_stdout(io.StringIO()):  # importing it prints
        import keras_tuner

    if not trial.plan.space:
        raise UserError(f"{trial.plan.name}: its preset names nothing to tune")
    fold = trial.split(0)
    if not len(fold.valid):  # the first paper's LSTM: what it tests is left alone
        train, valid = apart(trial.windows.y, fold.train, seed=trial.seed)
        fold = replace(fold, train=train, valid=valid)
    space = keras_tuner.HyperParameters()
    for name, values in trial.plan.space.items():
        space.Choice(name, [json.dumps(v) for v in values])

    class Search(keras_tuner.RandomSearch):
        def run_trial(self, asked: Any, *args: Any, **kwargs: Any) -> list[dict[str, float]]:
            settings, number = _settings(asked), int(asked.trial_id) + 1
            plan = changed(trial.plan, settings)
            # Not by number: in a search begun anew the same number may mean other settings.
            key = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:10]
            work = trial.folder / "tune" / key
            return [{OBJECTIVE: self._best(plan, work, run, number)} for run in range(runs)]

        def _best(self, plan: Plan, work: Path, run: int, number: int) -> float:
            folder = work / f"run-{run}"
            seed = trial.seed + 1 + run
            for epoch in trainer.train(
                plan, trial.windows, fold, folder, seed=seed, progress=progress
            ):
                say(number, epoch)
            return max(row["valid_accuracy"] for row in read_history(folder))

    (trial.folder / "tune").mkdir(parents=True, exist_ok=True)
    with contextlib.redirect_stdout(io.StringIO()):
        search = Search(
            objective=keras_tuner.Objective(OBJECTIVE, "max"),
            max_trials=trials,
            seed=trial.seed + 1,  # it takes 0 for none, and draws one
            hyperparameters=space,
            tune_new_entries=False,
            directory=str(trial.folder),
            project_name="tuner",
        )
        if shared is None:
            search.search(verbose=0)
        else:
            _take_part(search, shared, f"{trial.folder.name}, {runs} runs")
    if shared not in (None, "chief"):
        return None
    found = [t for t in search.oracle.get_best_trials(trials) if t.score is not None]
    if not found:
        raise UserError(f"{trial.plan.name}: none of the settings could be trained")
    rows = [{"settings": _settings(t), OBJECTIVE: round(float(t.score), 4)} for t in found]
    return {"best": rows[0]["settings"], "trials": rows, "runs": runs}


def apart(y: np.ndarray, train: np.ndarray, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A fifth of the training windows of every label taken away, to choose settings by.

    Args:
        y: Label number of every window, int64 (n,).
        train: Rows of the training part.
        seed: Of the choice.

    Returns:
        The rows that are left, and those taken away.
    """
    mixed = np.random.default_rng(seed).permutation(train)
    valid = [own[: len(own) // 5] for own in (mixed[y[mixed] == k] for k in np.unique(y[train]))]
    chosen = np.sort(np.concatenate(valid))
    return np.setdiff1d(train, chosen), chosen


def role() -> str | None:
    """What this process is in a search that several share: ``chief``, ``tuner``, or None alone.

    Raises:
        UserError: Only some of Keras Tuner's variables are set, or there is no such port.
    """
    if not any(name in os.environ for name in (NAME, HOST, PORT)):
        return None
    missing = [name for name in (NAME, HOST, PORT) if not os.environ.get(name)]
    if missing:
        raise UserError(f"{', '.join(missing)} must be set too for a search that is shared")
    port = os.environ[PORT]
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
        raise UserError(f"{PORT}={printable(port)}: must be a number from 1 to 65535")
    return "chief" if "chief" in os.environ[NAME] else "tuner"  # as Keras Tuner tells them apart


def _take_part(search: Any, role: str, what: str) -> None:
    """Hand out the settings of a search, or train those that the chief hands out.

    Args:
        search: A tuner of Keras Tuner.
        role: ``chief`` or ``tuner``.
        what: What is searched; scores of anything else would not compare.

    Raises:
        UserError: The chief cannot listen, does not answer or searches something else.
    """
    import grpc

    host, port = os.environ[HOST], os.environ[PORT]
    where = printable(f"{host}:{port}")
    if role == "chief":
        search.oracle.hyperparameters.values[SEARCH] = what
        _must_be_free(host, int(port), where)
        search.search(verbose=0)
        return
    try:
        told = search.oracle.get_space().values.get(SEARCH, what)
        if told != what:
            raise UserError(
                f"the chief at {where} searches something else; give both the same preset, data "
                "and options"
            )
        search.search(verbose=0)
    except grpc.RpcError as error:
        raise UserError(
            f"the chief at {where} does not answer; start it, then this again: it goes on"
        ) from error


def _must_be_free(host: str, port: int, where: str) -> None:
    """See whether the chief can listen: gRPC would let two chiefs share a port unnoticed."""
    try:
        kind, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(kind, socket.SOCK_STREAM) as probe:
            if os.name == "posix":  # elsewhere it would let two listen
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except OSError as error:
        raise UserError(
            f"{HOST}, {PORT}: the chief cannot listen at {where} ({error.strerror}); name an "
            "address of its machine and a port that is free"
        ) from error


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
