"""The pages on extending it, followed to the letter: each package is installed and used."""

from __future__ import annotations

import importlib
import json
import re
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime import cli, commandline, features, plugins
from realtime.errors import UserError

EXTEND = Path(__file__).parents[2] / "docs" / "extend"
BLOCK = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Installs the package that a page shows, as pip would: its module and its entry points."""

    def installed(page):
        site = tmp_path / "site"
        site.mkdir()
        shown = dict(BLOCK.findall((EXTEND / page).read_text("utf-8")))
        project = tomllib.loads(shown.pop("pyproject.toml"))["project"]
        info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        )
        lines = []
        for group, entries in project["entry-points"].items():
            lines += [f"[{group}]", *(f"{name} = {value}" for name, value in entries.items())]
        (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
        for name, text in shown.items():
            (site / name).write_text(text, "utf-8")
            monkeypatch.delitem(sys.modules, Path(name).stem, raising=False)
        monkeypatch.syspath_prepend(site)
        importlib.invalidate_caches()
        return site

    yield installed
    features.kind_of.cache_clear()


def test_a_source(installed, model_folder, capsys):
    installed("source.md")
    argv = ["--source", "siren=2", "--json", "--model", str(model_folder())]
    assert cli.main(argv) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [r["t"] for r in records if r["type"] == "prediction"] == [0.25 * i for i in range(1, 9)]
    assert records[-1]["source"] == "siren"
    assert cli.main(["--source", "siren=much"]) == 2
    assert "must be seconds" in capsys.readouterr().err


def test_a_sink(installed, model_folder, tmp_path, capsys):
    installed("sink.md")
    from realtime.sinks.choose import choose

    lamp = tmp_path / "lamp.txt"
    args = commandline.parser().parse_args(["--json", "--sink", f"lamp={lamp}"])
    sink = choose(args, None)[-1]
    assert type(sink).__module__ == "lamp"
    demo = Path(__file__).parents[2] / "demo" / "prelude.ogg"
    argv = ["--file", str(demo), "--duration", "2", "--model", str(model_folder()), "--json"]
    assert cli.main([*argv, "--sink", f"lamp={lamp}"]) == 0
    assert lamp.read_text() == "off"
    capsys.readouterr()


def test_the_sink_says_what_is_heard(installed, tmp_path):
    installed("sink.md")
    from realtime.records import Latency, Prediction

    lamp = tmp_path / "lamp.txt"
    sink = plugins.made("realtime.sinks", f"lamp={lamp}")
    latency = Latency(0, 0, 0, 0)
    sink.emit(Prediction("m", "t", 1, (0, 1), "live", "reed", 1, {}, {}, latency, "s"))
    assert lamp.read_text() == "reed"
    sink.emit(Prediction("m", "t", 1, (0, 1), "silent", None, 0, {}, {}, latency, "s"))
    assert lamp.read_text() == "dark"


def test_a_feature(installed, model_folder, capsys):
    installed("feature.md")
    spec = {"kind": "loudness", "frames": 20, "hop": 640}
    folder = model_folder(feature=spec)
    demo = Path(__file__).parents[2] / "demo" / "prelude.ogg"
    argv = ["--file", str(demo), "--duration", "2", "--json", "--model", str(folder)]
    assert cli.main(argv) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    states = [r["state"] for r in records if r["type"] == "prediction"]
    assert states[0] == "warming"
    assert states[-1] != "warming"


@given(cuts=st.lists(st.integers(1, 5_000), min_size=1, max_size=5))
def test_the_feature_does_not_depend_on_the_cuts(cuts):
    space: dict = {}
    exec(dict(BLOCK.findall((EXTEND / "feature.md").read_text("utf-8")))["loudness.py"], space)
    samples = np.random.default_rng(0).normal(0, 0.1, 20_000).astype(np.float32)
    whole, cut = (space["Loudness"](frames=8, hop=640) for _ in range(2))
    whole.push(samples)
    at, i = 0, 0
    while at < len(samples):
        cut.push(samples[at : at + cuts[i % len(cuts)]])
        at, i = at + cuts[i % len(cuts)], i + 1
    assert (whole.start, whole.end) == (cut.start, cut.end)
    assert np.array_equal(whole.window(), cut.window())
    expected = samples[whole.start : whole.end].reshape(8, 640)
    assert whole.window() == pytest.approx(
        np.log10(np.square(expected).mean(axis=1, keepdims=True)), abs=1e-5
    )


def test_a_network(installed):
    keras = pytest.importorskip("keras")
    from training import networks

    installed("model.md")
    model = networks.build({"name": "shallow", "filters": 4}, (10, 6), 3, keras)
    answer = np.asarray(model(np.ones((2, 10, 6), np.float32)))
    assert answer.shape == (2, 3)
    assert answer.sum(axis=1) == pytest.approx(1, abs=1e-5)
    page = (EXTEND / "model.md").read_text("utf-8")
    space: dict = {}
    exec(page.rpartition("```python\n")[2].partition("```")[0], space)
    assert space["mine"].network["name"] == "shallow"


def test_what_nobody_adds(capsys):
    for argv in (["--source", "nothing"], ["--file", "demo/prelude.ogg", "--sink", "nothing=1"]):
        assert cli.main(argv) == 2
        err = capsys.readouterr().err
        assert "no installed package adds 'nothing'" in err
        assert len(err.splitlines()) == 1


def test_a_package_that_does_not_load(installed, capsys):
    site = installed("sink.md")
    (site / "lamp.py").write_text("1 / 0")
    with pytest.raises(UserError, match=r"lamp:Lamp cannot be loaded \(division by zero\)"):
        plugins.load("realtime.sinks", "lamp")
