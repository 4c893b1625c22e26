"""One function over many things: in processes of this machine, or on a Dask cluster."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TypeVar

from realtime.errors import UserError
from realtime.text import printable

Jobs = int | str
"""How many processes of this machine, or the address of a Dask scheduler."""

Thing = TypeVar("Thing")
Result = TypeVar("Result")


def each(
    function: Callable[[Thing], Result], things: Iterable[Thing], jobs: Jobs
) -> Iterator[tuple[Thing, Result]]:
    """Call a function on each of many things; they come with their results in any order.

    Args:
        function: What can be pickled; on a cluster the paths in it must be absolute.
        things: What to call it on.
        jobs: By whom.

    Raises:
        UserError: The cluster cannot be used, or a worker of it fails.
    """
    if isinstance(jobs, str):
        yield from _on_cluster(function, things, jobs)
        return
    from joblib import Parallel, delayed

    work = Parallel(n_jobs=jobs, return_as="generator_unordered")
    with warnings.catch_warnings():  # one whose cache of sounds has grown is begun anew
        warnings.filterwarnings("ignore", "A worker stopped")
        yield from work(delayed(_both)(function, thing) for thing in things)


def in_order(
    function: Callable[[Thing], Result], things: Iterable[Thing], jobs: Jobs
) -> Iterator[Result]:
    """The same, results in the order of the things; what comes before its turn waits in memory."""
    early: dict[int, Result] = {}
    turn = 0
    for (number, _), result in each(partial(_numbered, function), enumerate(things), jobs):
        early[number] = result
        while turn in early:
            yield early.pop(turn)
            turn += 1


def _on_cluster(
    function: Callable[[Thing], Result], things: Iterable[Thing], address: str
) -> Iterator[tuple[Thing, Result]]:
    from realtime.batch import cluster

    for outcome in cluster.each(function, things, address):
        if isinstance(outcome.error, UserError):
            raise outcome.error
        if isinstance(outcome.error, cluster.KilledError):
            raise UserError(
                "--dask: work killed the workers again and again; give them more memory"
            )
        if outcome.error is not None:
            what = f"{type(outcome.error).__name__}: {outcome.error}".splitlines()[0]
            raise UserError(
                f"--dask: a worker failed ({printable(what)}); it needs the same version of this "
                f"package, with the extra 'train'"
            ) from outcome.error
        yield outcome.thing, outcome.result  # type: ignore[misc]  # there is one without an error


def _both(function: Callable[[Thing], Result], thing: Thing) -> tuple[Thing, Result]:
    return thing, function(thing)


def _numbered(function: Callable[[Thing], Result], numbered: tuple[int, Thing]) -> Result:
    return function(numbered[1])
