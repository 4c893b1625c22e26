"""A function called on many things by a Dask cluster, whose workers have this package.

Things are given out a few at a time, and each has its outcome as it comes. A worker that dies costs
nothing but time: what it was at goes to others.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

from realtime.errors import UserError
from realtime.extras import need
from realtime.text import printable

Thing = TypeVar("Thing")
Result = TypeVar("Result")

AHEAD = 2
"""Things given to each thread: one to do and one to go on with."""

WAIT = 10
"""Seconds that the scheduler, and then the first worker, may take to answer."""


class KilledError(Exception):
    """It killed the workers that did it."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Thing, Result]):
    """What came of a thing.

    Attributes:
        thing: What was given.
        result: What the function returned; None if it failed.
        error: What it raised, or ``KilledError``; None if it did not fail.
    """

    thing: Thing
    result: Result | None = None
    error: BaseException | None = None


def each(
    function: Callable[[Thing], Result], things: Iterable[Thing], address: str
) -> Iterator[Outcome[Thing, Result]]:
    """Call a function on each of many things; outcomes come in any order.

    Args:
        function: Goes to the workers once, however large what it holds is.
        things: What to call it on.
        address: Of the scheduler, such as ``tcp://10.0.0.1:8786``.

    Raises:
        UserError: dask.distributed is missing, no scheduler is there, it has no workers, or it goes
            away.
    """
    distributed = need("distributed", extra="dask", option="--dask")
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters is raised
    said = f"--dask {printable(address)}"
    try:
        client = distributed.Client(address, timeout=WAIT, set_as_default=False)
    except (OSError, ValueError, TypeError, ImportError) as error:
        raise UserError(
            f"{said}: no scheduler answers; start one with 'dask scheduler', workers with "
            f"'dask worker {printable(address)}'"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=WAIT)
            yield from _on(client, distributed, function, iter(things))
        except TimeoutError as error:
            raise UserError(
                f"{said}: no worker is there; start some with 'dask worker {printable(address)}'"
            ) from error
        except (OSError, distributed.client.FutureCancelledError) as error:
            raise UserError(
                f"{said}: the scheduler is gone; give the same command again to go on"
            ) from error


def _on(
    client: Any,
    distributed: Any,
    function: Callable[[Thing], Result],
    waiting: Iterator[Thing],
) -> Iterator[Outcome[Thing, Result]]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sending large graph")  # once, and that is meant
        # As a task of its own it is made again where the worker that held it has died.
        shared = client.submit(_itself, function, pure=False)
    doing: dict[Any, Thing] = {}
    coming = distributed.as_completed(loop=client.loop)

    def give(things: Iterable[Thing]) -> None:
        for thing in things:
            future = client.submit(_call, shared, thing, pure=False)
            doing[future] = thing
            coming.add(future)

    give(islice(waiting, AHEAD * max(1, sum(client.nthreads().values()))))
    for future in coming:
        thing = doing.pop(future)
        error = future.exception()
        if error is None:
            yield Outcome(thing, future.result())
        elif isinstance(error, distributed.scheduler.KilledWorker):
            yield Outcome(thing, error=KilledError())
        else:
            yield Outcome(thing, error=error)
        give(islice(waiting, 1))


def _itself(function: Callable[[Thing], Result]) -> Callable[[Thing], Result]:
    return function


def _call(function: Callable[[Thing], Result], thing: Thing) -> Result:
    return function(thing)
