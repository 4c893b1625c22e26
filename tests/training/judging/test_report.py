"""The page as a whole: its order, and what is left out of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime.errors import UserError
from training.judging.report import write


def test_what_was_not_measured_is_said_in_every_section(tmp_path: Path) -> None:
    page = write([], tmp_path / "page.md").read_text()
    sections = page.split("\n## ")
    assert [s.splitlines()[0] for s in sections[1:3]] == [
        "Figures to reach",
        "The seed papers' protocols",
    ]
    measured_of_manifests = ("Figures to reach", "Float against quantised")
    for text in sections[1:]:
        if not text.startswith(measured_of_manifests):
            assert text.splitlines()[2] == "Not measured."


def test_networks_that_were_replaced_are_left_out(tmp_path: Path, evaluation) -> None:
    replaced = evaluation | {"condition": "played", "sha256": "of a network that is gone"}
    page = write([evaluation, replaced], tmp_path / "page.md").read_text()
    assert "1 measurements are of networks that no longer ship" in page
    assert page.count("rt-train evaluate composer-lstm") == 1
    assert "no longer ship" not in write([evaluation], tmp_path / "page.md").read_text()


def test_a_page_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "page").touch()
    with pytest.raises(UserError, match="cannot be written"):
        write([], tmp_path / "page.md")
