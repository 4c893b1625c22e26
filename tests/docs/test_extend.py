"""The pages on extending it, followed to the letter: each package is installed and used."""

from __future__ import annotations

import importlib
import json
import re
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime import cli, commandline, features, plugins
from realtime.errors import UserError
from realtime.registry import load
from training import catalogue
from training import cli as training_cli
from training.presets import PRESETS, Schedule
from training.protocols import plans

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


def test_a_preset_is_found_by_its_name(installed):
    with pytest.raises(UserError, match="no preset 'mine'; there are instrument-cnn"):
        catalogue.find("mine")
    installed("model.md")
    assert catalogue.names()[-1] == "mine"
    assert catalogue.find("mine").network == {"name": "shallow", "filters": 16}
    assert plans.find("mine").network["name"] == "shallow"


def test_a_preset_does_not_take_the_place_of_one_that_is_here(installed):
    site = installed("model.md")
    (entries,) = site.glob("*.dist-info/entry_points.txt")
    entries.write_text(entries.read_text().replace("mine =", "instrument-cnn ="))
    assert catalogue.names().count("instrument-cnn") == 1
    assert catalogue.find("instrument-cnn") is PRESETS["instrument-cnn"]


@pytest.mark.parametrize(
    ("module", "problem"),
    [
        ("mine = {'name': 'mine'}", "is no Preset, but of the type dict"),
        (
            "from training.presets import PRESETS; mine = PRESETS['instrument-cnn']",
            "calls itself 'instrument-cnn'",
        ),
        ("", "shallow:mine cannot be loaded (module 'shallow' has no attribute 'mine')"),
    ],
)
def test_a_preset_that_is_none_is_one_line(installed, labelled_sounds, capsys, module, problem):
    (installed("model.md") / "shallow.py").write_text(module)
    data = f"folders:{labelled_sounds(1)}"
    for argv in (["fit", "mine"], ["fit", "mine", "--protocol", "honest"]):
        assert training_cli.main([*argv, "--data", data]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line == (f"rt-train: training.presets mine: {problem}; mend or remove that package")


@pytest.mark.slow
def test_a_preset_is_trained_and_listens(installed, labelled_sounds, tmp_path, monkeypatch, capsys):
    """As the page says, but for an epoch that takes a moment."""
    pytest.importorskip("tensorflow")
    monkeypatch.chdir(tmp_path)
    brief = replace(
        PRESETS["instrument-cnn"],
        schedule=Schedule(epochs=1, windows=32, batch=16),
        pool=500,
        gated=False,
        teacher="",
    )
    monkeypatch.setitem(PRESETS, "instrument-cnn", brief)  # from which the page's is made
    installed("model.md")
    sounds = labelled_sounds(2)
    assert training_cli.main(["fit", "mine", "--data", f"folders:{sounds}"]) == 0
    assert "epoch 1/1" in capsys.readouterr().err
    manifest = load(Path("models") / "mine").manifest
    assert (manifest.name, manifest.labels) == ("mine", ("buzz", "hiss"))
    assert manifest.training["network"] == {"name": "shallow", "filters": 16}
    argv = ["--file", str(sounds / "buzz" / "buzz-000.wav"), "--json", "--model", "mine"]
    assert cli.main(argv) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (heard,) = {tuple(r["probs"]) for r in records if r["type"] == "prediction"}
    assert heard == ("buzz", "hiss")


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
