"""Who hears the files: processes of this machine, or a Dask cluster.

Both take files one by one, a few ahead of what they are working on, and give the outcomes as they
come, in any order. A worker that dies costs nothing but time: its files are heard again elsewhere,
and a file that kills whoever hears it is given up.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Any

from realtime.batch.hear import Heard, How, hear
from realtime.batch.tree import Found
from realtime.errors import UserError
from realtime.extras import need
from realtime.text import printable

AHEAD = 2
"""Files given to each worker: one to hear and one to go on with."""

KILLED = "killed the process that heard it, twice; perhaps it needs more memory than there is"

Outcomes = Iterator[tuple[Found, Heard]]


def cores() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processes(files: Iterable[Found], how: How, jobs: int) -> Outcomes:
    """Hear files in processes of this machine.

    Args:
        files: What to hear.
        how: How to.
        jobs: Processes.
    """
    waiting = iter(files)
    while True:
        orphans: list[Found] = []
        yield from _hear_until_one_dies(waiting, how, jobs, orphans)
        if not orphans:
            return
        for found in orphans:  # alone, so that it is clear which one does it
            again: list[Found] = []
            yield from _hear_until_one_dies(iter([found]), how, 1, again)
            if again:
                yield found, Heard(failure=KILLED)


def _hear_until_one_dies(
    waiting: Iterator[Found], how: How, jobs: int, orphans: list[Found]
) -> Outcomes:
    """Hear files until there are no more, or a process dies; ``orphans`` then holds what it left.

    The processes are started afresh, not forked: TFLite's threads do not survive a fork.
    """
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, context, initializer=_leave_ctrl_c_to_the_first)
    doing: dict[Future[Heard], Found] = {}
    try:
        while True:
            more = 0 if orphans else AHEAD * jobs - len(doing)
            for found in islice(waiting, more):
                try:
                    doing[pool.submit(hear, str(found.path), how)] = found
                except BrokenProcessPool:
                    orphans.append(found)
                    break
            if not doing:
                return
            for future in wait(doing, return_when=FIRST_COMPLETED).done:
                found = doing.pop(future)
                try:
                    yield found, future.result()
                except BrokenProcessPool:
                    orphans.append(found)
    except BaseException:
        for child in multiprocessing.active_children():
            child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _leave_ctrl_c_to_the_first() -> None:
    """Ctrl-C reaches all processes of a terminal: only the first one decides what it means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What the workers would print is about files; the first process tells it.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def cluster(files: Iterable[Found], how: How, address: str) -> Outcomes:
    """Hear files on a Dask cluster, whose workers have this package and see the same paths.

    Args:
        files: What to hear.
        how: How to.
        address: Of the scheduler, such as ``tcp://10.0.0.1:8786``.

    Raises:
        UserError: dask.distributed is missing, no scheduler is there, or it goes away.
    """
    distributed = need("distributed", extra="dask", option="--dask")
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters is raised
    said = f"--dask {printable(address)}"
    try:
        client = distributed.Client(address, timeout=10, set_as_default=False)
    except (OSError, ValueError, TypeError, ImportError) as error:
        raise UserError(
            f"{said}: no scheduler answers; start one with 'dask scheduler', workers with "
            f"'dask worker {printable(address)}'"
        ) from error
    with client:
        yield from _on(client, distributed, iter(files), how, said)


def _on(client: Any, distributed: Any, waiting: Iterator[Found], how: How, said: str) -> Outcomes:
    doing: dict[Any, Found] = {}
    coming = distributed.as_completed(loop=client.loop)

    def give(files: Iterable[Found]) -> None:
        for found in files:
            future = client.submit(hear, str(found.path), how, pure=False)
            doing[future] = found
            coming.add(future)

    try:
        give(islice(waiting, AHEAD * max(1, sum(client.nthreads().values()))))
        for future in coming:
            found = doing.pop(future)
            yield found, _outcome(future, distributed)
            give(islice(waiting, 1))
    except (OSError, distributed.client.FutureCancelledError) as error:
        raise UserError(
            f"{said}: the scheduler is gone; give the same command again to go on"
        ) from error


def _outcome(future: Any, distributed: Any) -> Heard:
    error = future.exception()
    if error is None:
        heard: Heard = future.result()
        return heard
    if isinstance(error, distributed.scheduler.KilledWorker):
        return Heard(failure=KILLED)
    return Heard(failure=f"the worker cannot hear it: {type(error).__name__}: {error}")
