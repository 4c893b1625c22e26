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
