"""Nothing is lost when a worker dies: here, and on a Dask cluster on loopback."""

from __future__ import annotations

import multiprocessing
import os
import signal

import pytest

from realtime.batch.hear import How
from realtime.batch.tree import find
from realtime.batch.workers import cluster, processes
from realtime.errors import UserError


def heard(outcomes, disturb=lambda number: None):
    """What came of each file; ``disturb`` is called after each."""
    results = {}
    for number, (found, outcome) in enumerate(outcomes):
        assert found.name not in results
        results[found.name] = outcome
        disturb(number)
    return results


def whole(results, tree):
    """Every file was heard but the broken one."""
    assert set(results) == {found.name for found in find([str(tree)])}
    assert {name for name, outcome in results.items() if outcome.failure} == {"broken.wav"}


def test_a_process_is_killed(tree, how):
    def kill(number):
        if number == 2:
            os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)

    whole(heard(processes(find([str(tree)]), how, 2), kill), tree)
    assert not multiprocessing.active_children()


def test_leaving_early_leaves_nothing_behind(tree, how):
    outcomes = processes(find([str(tree)]), how, 2)
    next(outcomes)
    outcomes.close()
    assert not multiprocessing.active_children()


def test_a_dask_worker_is_killed(tree, how, dask):
    def kill(number):
        if number == 2:
            dask.kill()

    whole(heard(cluster(find([str(tree)]), how, dask.address), kill), tree)


def test_the_scheduler_is_gone(tree, how, dask):
    outcomes = cluster(find([str(tree)]), how, dask.address)
    next(outcomes)
    dask.close()
    with pytest.raises(UserError, match="the scheduler is gone"):
        heard(outcomes)


def test_there_is_no_scheduler(tree):
    pytest.importorskip("distributed")
    for address in ("tcp://127.0.0.1:1", "nonsense"):
        with pytest.raises(UserError, match="no scheduler answers"):
            next(cluster(find([str(tree)]), How(), address))


def test_there_is_no_worker(tree, dask, monkeypatch):
    dask.scale(0)
    monkeypatch.setattr("realtime.batch.cluster.WAIT", 1)
    with pytest.raises(UserError, match="no worker is there"):
        next(cluster(find([str(tree)]), How(), dask.address))


def test_without_dask(tree, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(UserError, match=r"pip install '\.\[dask\]'"):
        next(cluster(find([str(tree)]), How(), "tcp://127.0.0.1:1"))
