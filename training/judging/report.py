"""One page of figures, made of the measurements that the other commands left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from realtime.errors import UserError
from realtime.registry import Manifest, read_manifest, shipped
from training.judging import pictures, tables
from training.judging.targets import targets
from training.judging.wording import section
from training.markdown import page
from training.results import Measured


def write(measured: Measured, path: Path) -> Path:
    """Write the page and, in a folder of its name, the plots.

    Args:
        measured: What ``training.results.read`` found.
        path: Markdown file.

    Raises:
        UserError: They cannot be written.
    """
    plots = path.with_suffix("")
    try:
        plots.mkdir(parents=True, exist_ok=True)
        manifests = {m.name: m for m in map(read_manifest, shipped())}
        current = [m for m in measured if not _stale(m, manifests)]
        lines = [
            "# How the models were judged",
            "",
            "Made by `rt-train report` from the measurements in `reports/`; the commands that made "
            "those stand at the end. *Paper* protocols split windows at random, as the seed papers "
            "did, and leak: a test window's neighbours, piece or instrument were trained on. "
            "*Honest* ones split the same windows by work or by instrument. Models that ship are "
            "judged through `realtime`, on music and instruments that they never heard.",
            "",
            *_told_stale(len(measured) - len(current)),
            "## Figures to reach",
            "",
            *targets(current, manifests),
            "",
            "Why a figure was not reached, and what was tried for it, stands in the cards of the "
            "models that ship, `models/*/README.md`; for `composer-cnn-bands` in `composer-cnn`'s.",
            "",
            *tables.protocols(current),
            *tables.comparisons(current),
            *pictures.live(current, plots),
            *tables.conditions(current),
            *pictures.seconds(current, plots),
            *tables.splices(current),
            *tables.foreign(current),
            *tables.quantised(current, manifests),
            *tables.tuned(current),
            *pictures.folds(current, plots),
            *_commands(current),
        ]
        path.write_text(page(lines).rstrip() + "\n", "utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror})") from error
    return path


def _stale(m: dict[str, Any], manifests: dict[str, Manifest]) -> bool:
    """Whether it was measured on a network that another one has replaced since."""
    shipped = manifests.get(m["model"]) if isinstance(m.get("model"), str) else None
    return bool(shipped and m.get("sha256") and m["sha256"] != shipped.sha256)


def _told_stale(n: int) -> list[str]:
    text = f"{n} measurements are of networks that no longer ship, and are left out: repeat them."
    return [text, ""] if n else []


def _commands(measured: Measured) -> list[str]:
    commands = [m["command"] for m in measured if m.get("command")]
    return section(
        "The commands",
        "Data sets are named without their folders; `fit` and `compare` keep what they measure in "
        "`reports/`, `evaluate` with `--results reports`.",
        ["```", *commands, "```"] if commands else [],
    )
