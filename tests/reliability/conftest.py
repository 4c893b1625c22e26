"""A table of what was tried and what came of it, and processes that may die."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import astuple, dataclass, field
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "realtime" / "sources"))  # the stand-ins for devices


@dataclass
class Row:
    """What was tried and what came of it."""

    what: str
    cases: int | str = ""
    faults: int = 0
    losses: str = "none"
    memory: str = ""
    came: str = ""


@dataclass
class Table:
    """One row for each thing that was tried."""

    rows: list[Row] = field(default_factory=list)

    def __call__(self, what: str, **facts) -> None:
        self.rows.append(Row(what, **facts))


_KEY = pytest.StashKey[Table]()


@pytest.fixture
def tried(request) -> Table:
    """Adds a row to the table that the run ends with."""
    return request.config.stash.setdefault(_KEY, Table())


def pytest_collection_modifyitems(items) -> None:
    """Marks the tests here, so that ``make test-slow`` runs the quick ones for the table too."""
    for item in items:  # of the whole run
        if HERE in item.path.parents:
            item.add_marker("reliability")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A fault is a row too."""
    report = yield
    if report.failed:
        said = call.excinfo.exconly().splitlines()[0][:80]
        item.config.stash.setdefault(_KEY, Table())(item.name, faults=1, came=said)
    return report


def pytest_terminal_summary(terminalreporter, config) -> None:
    table = config.stash.get(_KEY, None)
    if table is None:
        return
    head = ("tried", "cases", "faults", "losses counted", "memory MB", "what came of it")
    rows = [head, *(tuple(map(str, astuple(row))) for row in table.rows)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    terminalreporter.section("reliability")
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        terminalreporter.write_line("  ".join(cells).rstrip())


@pytest.fixture
def env() -> dict[str, str]:
    """For a process that imports what this one can."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))}


def most_memory(pid: int) -> float:
    """Most memory that a process has held, in MB; where the system does not tell, what it holds."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).memory_info().rss / 2**20
    return 0.0


@pytest.fixture
def run(env, tmp_path) -> Callable[..., SimpleNamespace]:
    """Runs ``rt-classify`` with arguments: its status, what it wrote, and its most memory in MB."""

    def run(*args, stdin: str | Path = os.devnull, timeout: float = 300.0) -> SimpleNamespace:
        out, err = tmp_path / "stdout", tmp_path / "stderr"
        with open(stdin, "rb") as given, out.open("wb") as stdout, err.open("wb") as stderr:
            command = [sys.executable, "-m", "realtime.cli", *map(str, args)]
            process = subprocess.Popen(command, stdin=given, stdout=stdout, stderr=stderr, env=env)
        until, mb = time.monotonic() + timeout, 0.0
        while process.poll() is None and time.monotonic() < until:
            mb = max(mb, most_memory(process.pid))
            time.sleep(0.005)
        process.kill()
        return SimpleNamespace(
            status=process.returncode,
            out=out.read_text("utf-8"),
            err=err.read_text("utf-8").splitlines(),
            mb=mb,
        )

    return run
