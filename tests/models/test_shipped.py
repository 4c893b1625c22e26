"""The models that ship are those that the presets build, run everywhere, and are told truly."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path

import pytest
from ai_edge_litert import schema_py_generated as tflite

from realtime.registry import SHIPPED, read_manifest
from training import own, start
from training.presets import PRESETS

README = Path(__file__).parents[2] / "README.md"
ROW = re.compile(r"^\| `([\w-]+)` \|[^|]*\|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|$", re.MULTILINE)


def operators(name):
    """Names of a network's operators, those that TFLite itself does not have as ``custom:NAME``."""
    manifest = read_manifest(SHIPPED / name)
    content = (SHIPPED / name / manifest.file).read_bytes()
    model = tflite.ModelT.InitFromPackedBuf(content)
    builtin = {v: k for k, v in vars(tflite.BuiltinOperator).items() if isinstance(v, int)}
    return {
        f"custom:{code.customCode.decode()}" if code.customCode else builtin[code.builtinCode]
        for code in model.operatorCodes
    }


def test_every_preset_ships():
    assert {path.parent.name for path in SHIPPED.glob("*/model.json")} == set(PRESETS)


@pytest.mark.parametrize("name", PRESETS)
def test_a_model_is_what_its_preset_builds(name):
    preset, manifest = PRESETS[name], read_manifest(SHIPPED / name)
    wanted = json.loads(json.dumps([preset.network, asdict(preset.schedule)]))
    assert [manifest.training["network"], manifest.training["schedule"]] == wanted
    assert manifest.feature == preset.feature
    assert manifest.quantisation == preset.quantisation
    assert (manifest.name, manifest.task, manifest.kind) == (name, preset.task, preset.kind)
    assert manifest.smoothing_s == preset.smoothing_s
    assert ("unknown" in manifest.figures) == preset.gated


@pytest.mark.parametrize("name", tuple(own.EPOCHS))
def test_sounds_of_ones_own_have_weights_to_begin_with(name):
    assert start.digest(SHIPPED / name)


@pytest.mark.parametrize("name", PRESETS)
def test_the_readme_tells_the_figures_of_the_manifest(name):
    (told,) = [row[1:] for row in ROW.findall(README.read_text("utf-8")) if row[0] == name]
    manifest = read_manifest(SHIPPED / name)
    figures = next(iter(manifest.figures["held_out"].values()))
    files = f"{figures['by_file']['accuracy']:.1%}" if "by_file" in figures else ""
    assert [cell.strip() for cell in told] == [
        f"{figures['accuracy']:.1%}",
        files,
        f"{figures['ece']:.3f}",
        f"{manifest.size / 1e6:.2f} MB",
    ]


@pytest.mark.parametrize("name", PRESETS)
def test_a_network_needs_nothing_beside_tflite(name):
    found = operators(name)
    assert not [each for each in found if each.startswith(("custom", "CUSTOM", "Flex"))]
    recurrent = PRESETS[name].kind == "lstm"
    assert ("UNIDIRECTIONAL_SEQUENCE_LSTM" in found) == recurrent  # else it is a loop, half as fast
    assert "WHILE" not in found
