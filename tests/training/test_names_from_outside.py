"""Names of folders, files and labels, and a foreign model's own words: told, but never obeyed."""

from __future__ import annotations

import json
import os
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from evil import EVIL, FILE, MARKUP, harmless

from realtime.registry import read_manifest
from training import card, cli, datasets, results

FIGURES: dict[str, Any] = {
    "n": 20,
    "accuracy": 0.5,
    "macro_f1": 0.5,
    "ece": 0.1,
    "confusion": [[4, 6], [4, 6]],
    "by_file": {"n": 4, "accuracy": 0.5},
}


def figures(first: str, second: str) -> dict[str, Any]:
    """Figures with two labels, the first found rarely."""
    row = {"n": 10, "precision": 0.4, "recall": 0.4, "f1": 0.4}
    return FIGURES | {"labels": [first, second], "per_class": {first: row, second: row}}


@pytest.fixture
def sounds(labelled_sounds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data set whose own name, one label and files that are no sound are evil."""
    monkeypatch.chdir(tmp_path)
    folder = labelled_sounds(2, ("ape", FILE)).rename(tmp_path / f"sounds{FILE}")
    (folder / "ape" / f"{FILE}.txt").write_text("no sound")
    (folder / "ape" / f"{FILE}.wav").write_text("no sound either")
    (folder / "other").mkdir()
    shutil.copy(next((folder / "ape").glob("ape*")), folder / "other" / f"{FILE}.wav")
    return folder


def test_a_label_is_what_a_model_of_it_will_say(sounds: Path, model_folder) -> None:
    labels = datasets.read(f"folders:{sounds}").labels
    manifest = read_manifest(model_folder(labels=("ape", FILE, "other")))
    assert sorted(manifest.labels) == labels
    assert all(label.isprintable() for label in labels)


@pytest.mark.skipif(os.name == "nt", reason="all names are text there")
def test_a_label_need_not_be_text(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    try:
        os.mkdir(folder)
    except OSError:
        pytest.skip("this file system knows only text")
    (Path(os.fsdecode(folder)) / "a.wav").write_text("")
    assert datasets.read(f"folders:{tmp_path}").labels == ["caf?"]


@pytest.mark.parametrize("more", [(), ("--seconds-heard",), ("--splices", "1")], ids=str)
def test_what_evaluate_prints(sounds: Path, model_folder, capsys, more: tuple[str, ...]) -> None:
    folder = str(model_folder(name=FILE, labels=("ape", FILE, "bee")))
    if "--splices" in more:  # which does without no file
        (sounds / "ape" / f"{FILE}.wav").unlink()
    argv = ["evaluate", folder, "--data", f"folders:{sounds}", *more]
    assert cli.main(argv) == 0
    told = capsys.readouterr()
    assert "pwned" in told.out
    assert "left out" in told.err
    assert harmless(told.out)
    assert harmless(told.err)
    assert cli.main([*argv, "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.isascii()
    assert json.loads(line)["data"] == f"folders:{sounds}", "a program is told the true name"


@pytest.mark.parametrize(
    "argv",
    [
        [EVIL],
        ["evaluate", EVIL, "--data", "folders:."],
        ["evaluate", "instrument-cnn", "--data", EVIL],
        ["evaluate", "instrument-cnn", "--data", f"folders:{EVIL}"],
        ["evaluate", "instrument-cnn", "--data", "folders:.", EVIL],
        ["fit", EVIL, "--data", "folders:."],
        ["fit", "instrument-cnn", "--data", "folders:.", "--jobs", EVIL],
        ["describe", EVIL],
        ["report", "--results", EVIL],
        ["collect", "--label", EVIL, "--clips", EVIL],
    ],
    ids=lambda argv: " ".join(argv).replace(EVIL, "EVIL"),
)
def test_what_is_wrong_is_one_line(argv: list[str], capsys) -> None:
    assert cli.main(argv) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.isprintable()


@pytest.fixture
def foreign(model_folder) -> Path:
    """A model folder all of whose words are evil."""
    training = {
        "files": 4,
        "files_by_label": {EVIL: 2, MARKUP: 2},
        "left_out": 0,
        "licences": [EVIL, MARKUP],
        "command": EVIL,
        "teacher": {"name": EVIL, "sha256": EVIL},
    }
    held_out = {f"folders:../../{EVIL}": figures(EVIL, MARKUP), MARKUP: figures(MARKUP, EVIL)}
    return model_folder(
        name="foreign",
        labels=(EVIL, MARKUP, "cat"),
        training=training,
        figures={"held_out": held_out, "unknown": {"foreign": {EVIL: 0.5}}},
        task=EVIL,
        kind=EVIL,
        quantisation=EVIL,
    )


def test_the_card_of_a_foreign_model(foreign: Path) -> None:
    pytest.importorskip("matplotlib")
    around = sorted(foreign.parent.rglob("*"))
    measured = [
        {"kind": "evaluate", "data": f"folders:{EVIL}", "condition": "as-is"} | figures(EVIL, "b"),
        {"kind": "evaluate", "data": "folders:a|b", "condition": "noise"} | figures(EVIL, "b"),
    ]
    card.write(foreign, read_manifest(foreign), measured=measured)
    made = [path for path in sorted(foreign.parent.rglob("*")) if path not in around]
    assert {path.parent for path in made} == {foreign}, "its plots lie in the folder itself"
    text = (foreign / "README.md").read_text("utf-8")
    assert "pwned" in text
    assert harmless(text)
    pictures = re.findall(r"!\[[^\n]*\]\(([\w.-]+)\)", text)
    assert sorted(pictures) == sorted(path.name for path in made if path.suffix == ".png")


def test_the_page_that_shows_a_card(foreign: Path) -> None:
    markdown = pytest.importorskip("markdown")
    pytest.importorskip("matplotlib")
    card.write(foreign, read_manifest(foreign))
    text = (foreign / "README.md").read_text("utf-8")
    page = Page(markdown.markdown(text, extensions=["tables", "fenced_code"]))
    assert not page.tags & {"a", "em"}
    assert all(source.endswith(".png") for source in page.sources)
    assert MARKUP in [cell.strip() for cell in page.cells]


class Page(HTMLParser):
    """What a browser makes of a page: its elements, its pictures, and the text of table cells."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.sources: list[str] = []
        self.cells: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.sources += [value or "" for name, value in attrs if name == "src"]
        self.cells += [""] * (tag == "td")

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data


def test_the_page_of_all_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    evaluated = {"model": EVIL, "data": EVIL, "condition": "as-is", "command": EVIL}
    results.keep(Path("reports"), "evaluate", EVIL, evaluated | figures(EVIL, MARKUP))
    assert cli.main(["report", "--out", "page.md"]) == 0
    text = Path("page.md").read_text("utf-8")
    assert "pwned" in text
    assert harmless(text)
    assert harmless(capsys.readouterr().err)
