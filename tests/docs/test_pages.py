"""The pages build, every link leads somewhere, and the tests that they name are there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from needs import go_without

HERE = Path(__file__).parents[2]


def test_they_build_without_a_warning(tmp_path):
    if find_spec("material") is None:
        go_without("mkdocs-material is not installed (make test installs it)")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(tmp_path)]
    quiet = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=HERE, env=quiet, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "extend" / "sink" / "index.html").is_file()


def test_every_kind_of_event_is_told():
    made = re.compile(r'(?:Event|_event|_tell)\(\s*"([a-z-]+)"')
    sources = (HERE / "realtime").rglob("*.py")
    kinds = {kind for path in sources for kind in made.findall(path.read_text("utf-8"))}
    assert len(kinds) >= 11
    table = (HERE / "docs" / "outputs.md").read_text("utf-8").partition("| `kind` |")[2]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", table.partition("\n\n")[0], re.MULTILINE)) == kinds


def test_each_test_behind_a_promise_is_there():
    page = (HERE / "docs" / "reliability.md").read_text("utf-8")
    files = {*re.findall(r"`([\w/]+\.py)`", page)}
    assert len(files) >= 8
    texts = []
    for name in files:
        path = HERE / (name if "/" in name else f"tests/reliability/{name}")
        texts.append(path.read_text("utf-8"))
    for name in re.findall(r"`(test_\w+)…?`", page):
        assert any(f"def {name}" in text for text in texts), name
