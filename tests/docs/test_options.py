"""Every option is in the docs, and the docs name no other."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from realtime import commandline
from training import commandline as training

HERE = Path(__file__).parents[2]
PAGES = [HERE / "README.md", *sorted((HERE / "docs").rglob("*.md"))]
SECTION = re.compile(r"^## (rt-\S+(?: \S+)?)$", re.MULTILINE)
ROW = re.compile(r"^\| `(--[a-z0-9-]+)", re.MULTILINE)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")


def options(parser: argparse.ArgumentParser) -> set[str]:
    """The long options of a parser, from its help as a person reads it."""
    shown = re.findall(r"^ +(?:-\w, )?(--[a-z0-9-]+)", parser.format_help(), re.MULTILINE)
    return set(shown) - {"--help"}


def parsers() -> dict[str, argparse.ArgumentParser]:
    """Every command and its parser."""
    found: dict[str, argparse.ArgumentParser] = {"rt-classify": commandline.parser()}
    for action in training.parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            found |= {f"rt-train {name}": parser for name, parser in action.choices.items()}
    return found


def documented() -> dict[str, set[str]]:
    """What ``options.md`` tells of each command."""
    parts = SECTION.split((HERE / "docs" / "options.md").read_text("utf-8"))
    return {
        name: set(ROW.findall(text)) for name, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def test_every_command_is_documented_once():
    parts = SECTION.split((HERE / "docs" / "options.md").read_text("utf-8"))
    assert sorted(parts[1::2]) == sorted(parsers())
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        rows = ROW.findall(text)
        assert len(rows) == len(set(rows)), name


@pytest.mark.parametrize("command", parsers())
def test_help_and_docs_name_the_same_options(command):
    assert documented().get(command) == options(parsers()[command])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_pages_show_exists(page):
    text = page.read_text("utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        for part in re.split(r"[|#]", line):
            if command := re.search(r"\brt-(?:classify|train \w+)", part):
                known = parsers().get(command[0])
                if known is not None:
                    used = set(OPTION.findall(part[command.end() :]))
                    assert used <= options(known) | {"--help"}, line
