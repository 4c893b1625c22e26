import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from realtime import features, registry
from realtime.api import choose
from realtime.errors import UserError
from realtime.registry import find, find_all, load, read_manifest, shipped


def refusal(folder):
    """The one line that a folder is refused with."""
    with pytest.raises(UserError) as caught:
        load(folder)
    line = str(caught.value)
    assert line.isprintable()
    assert len(line) < 500
    return line


def test_a_folder_that_anyone_trained_works(model_folder):
    folder = model_folder(labels=("äpfel", "bee", "cat"), author="someone", figures={"n": 1})
    model = load(folder)
    assert model.manifest.labels == ("äpfel", "bee", "cat")
    assert model.manifest.figures == {"n": 1}
    assert model.stream == "audio"
    window = np.zeros(features.build(model.manifest.feature).shape, np.float32)
    assert model.network.predict(window).sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("threads", [-1, 0, 65])
def test_more_threads_than_machines_have_start_none(threads, model_folder, monkeypatch):
    monkeypatch.setattr("realtime.registry.Network", pytest.fail)
    with pytest.raises(UserError, match=f"--threads {threads}: choose 1 to 64"):
        load(model_folder(), threads=threads)


def test_notes_are_a_midi_stream(model_folder):
    assert load(model_folder({"kind": "chords", "length": 5})).stream == "midi"


def test_what_runs_is_what_was_checked(model_folder):
    folder = model_folder()
    model = load(folder)
    window = np.ones(model.network.input_shape, np.float32)
    before = model.network.predict(window)
    (folder / "model.tflite").write_bytes(b"\0" * (folder / "model.tflite").stat().st_size)
    assert np.array_equal(model.network.predict(window), before)


class TestManifest:
    def test_missing(self, tmp_path):
        line = refusal(tmp_path)
        assert str(tmp_path / "model.json") in line

    def test_a_folder_in_its_place(self, tmp_path):
        (tmp_path / "model.json").mkdir()
        assert "model.json" in refusal(tmp_path)

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
    def test_a_pipe_in_its_place_or_the_networks(self, tmp_path, model_folder):
        os.mkfifo(tmp_path / "model.json")
        assert "model.json" in refusal(tmp_path)
        folder = model_folder()
        (folder / "model.tflite").unlink()
        os.mkfifo(folder / "model.tflite")
        assert "model.tflite" in refusal(folder)

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{",
            b"\xff\xfe\x00",
            b"[" * 100_000,
            b'{"size": ' + b"9" * 5_000 + b"}",
            b"[]",
            b"null",
            b'"model"',
            b"{}",
        ],
        ids=["empty", "cut", "binary", "deep", "huge", "list", "null", "string", "object"],
    )
    def test_not_one(self, content, tmp_path):
        (tmp_path / "model.json").write_bytes(content)
        line = refusal(tmp_path)
        assert str(tmp_path / "model.json") in line
        assert "export the model again" in line

    @pytest.mark.parametrize(
        "key",
        [
            *("name", "task", "kind", "labels", "feature", "window_s", "hop_s", "quantisation"),
            *("calibration", "smoothing_s", "file", "sha256", "size"),
        ],
    )
    def test_an_entry_missing_or_of_the_wrong_type(self, key, model_folder, rewrite):
        folder = model_folder()
        original = (folder / "model.json").read_text("utf-8")
        if key != "window_s":  # None there says that it reads notes
            rewrite(folder, **{key: None})
            assert f"lacks '{key}'" in refusal(folder)
        for wrong in (True, {"a": 1}, [1], "text", 3):
            (folder / "model.json").write_text(original, "utf-8")
            rewrite(folder, **{key: wrong})
            fits = {
                "name": str,
                "task": str,
                "kind": str,
                "quantisation": str,
                "window_s": int,
                "hop_s": int,
                "smoothing_s": int,
                "calibration": dict,
            }
            if type(wrong) is fits.get(key):
                assert load(folder)
            else:
                assert "model" in refusal(folder)

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"labels": []}, "labels"),
            ({"labels": ["ape", "ape", "cat"]}, "labels"),
            ({"labels": ["ape", 2, "cat"]}, "labels"),
            ({"labels": ["ape", ["bee"], "cat"]}, "labels"),
            ({"labels": ["ape", "b\x01", "b\x02"]}, "labels"),
            ({"file": "../model.tflite"}, "'file' must lie in the folder"),
            ({"file": "/etc/passwd"}, "'file' must lie in the folder"),
            ({"file": "a/model.tflite"}, "'file' must lie in the folder"),
            ({"file": "..\\model.tflite"}, "'file' must lie in the folder"),
            ({"file": ".."}, "'file' must lie in the folder"),
            ({"file": "."}, "'file' must lie in the folder"),
            ({"file": ""}, "'file' must lie in the folder"),
            ({"file": "model\0.tflite"}, "'file' must lie in the folder"),
            ({"file": "model\ud800"}, "'file' must lie in the folder"),
            ({"calibration": {"temperature": "hot"}}, "calibration"),
            ({"calibration": {"temperature": [1]}}, "calibration"),
            ({"calibration": {"temperature": 0}}, "temperature"),
            ({"calibration": {"temperature": -1}}, "temperature"),
            ({"calibration": {"temperature": float("inf")}}, "calibration"),
            ({"calibration": {"unknown_below": float("nan")}}, "calibration"),
            ({"smoothing_s": float("inf")}, "smoothing_s"),
            ({"hop_s": 0}, "hop_s"),
            ({"hop_s": float("nan")}, "hop_s"),
            ({"hop_s": 10**400}, "hop_s"),
        ],
        ids=str,
    )
    def test_a_value_that_cannot_be(self, changes, says, model_folder, rewrite):
        folder = model_folder()
        rewrite(folder, **changes)
        line = refusal(folder)
        assert says in line
        assert str(folder / "model.json") in line

    def test_names_from_outside_cannot_write_to_the_terminal(self, model_folder):
        folder = model_folder(labels=("a\x1b[2J", "b\nc", "d"), task="\x1b[31m", name="x")
        manifest = read_manifest(folder)
        assert all(text.isprintable() for text in (*manifest.labels, manifest.task, manifest.name))


class TestNetwork:
    def test_missing(self, model_folder):
        folder = model_folder()
        (folder / "model.tflite").unlink()
        assert str(folder / "model.tflite") in refusal(folder)

    def test_another_file_than_described(self, model_folder, rewrite):
        folder = model_folder()
        path = folder / "model.tflite"
        content = path.read_bytes()
        changed = bytes([content[0], content[1], content[2] ^ 1, *content[3:]])
        for other in (changed, content[:-1], content + b"\0", b""):
            path.write_bytes(other)
            line = refusal(folder)
            assert str(path) in line
            assert "SHA-256" in line
        path.write_bytes(content)
        for changes in ({"sha256": "0" * 64}, {"sha256": ""}, {"size": 1}, {"size": -1}):
            shutil.copytree(folder, copy := folder.parent / "copy")
            rewrite(copy, **changes)
            assert "SHA-256" in refusal(copy)
            shutil.rmtree(copy)
        assert load(folder)

    def test_larger_than_any_model(self, model_folder, monkeypatch):
        folder = model_folder()
        size = (folder / "model.tflite").stat().st_size
        assert size > (folder / "model.json").stat().st_size
        monkeypatch.setattr(registry, "LARGEST", size)
        assert load(folder)
        monkeypatch.setattr(registry, "LARGEST", size - 1)
        assert "model.tflite" in refusal(folder)

    def test_no_network_at_all(self, model_folder):
        line = refusal(model_folder(content=b"not a network"))
        assert "model.tflite" in line

    def test_labels_do_not_fit(self, model_folder, rewrite):
        folder = model_folder()
        rewrite(folder, labels=["ape", "bee"])
        line = refusal(folder)
        assert str(folder / "model.tflite") in line
        assert "3 outputs" in line
        assert "2 labels" in line

    def test_the_feature_does_not_fit(self, model_folder, rewrite):
        folder = model_folder()
        rewrite(folder, feature={"kind": "mfcc"})
        line = refusal(folder)
        assert str(folder / "model.tflite") in line
        assert "(126, 13)" in line

    @pytest.mark.parametrize(
        "feature",
        [
            {},
            {"kind": "vorbis"},
            {"kind": {}},
            {"kind": "mfcc", "colour\x1b[2J": 1},
            {"kind": "mfcc", "hop": 0},
            {"kind": "spectrogram", "hop": -1},
            {"kind": "spectrogram", "win_length": 5000},
            {"kind": "notes", "columns": "pitch"},
        ],
        ids=str,
    )
    def test_there_is_no_such_feature(self, feature, model_folder, rewrite):
        folder = model_folder()
        rewrite(folder, feature=feature)
        assert str(folder / "model.json") in refusal(folder)

    @pytest.mark.parametrize("changes", [{"batch": 2}, {"keep_batch": False}, {"kind": "int8"}])
    def test_it_is_of_another_make(self, changes, network, model_folder):
        shape = features.build({"kind": "notes", "length": 4}).shape
        content = network(shape, 3, **changes)[0]
        line = refusal(model_folder({"kind": "notes", "length": 4}, content=content))
        assert "model.tflite" in line

    def test_files_of_many_kinds_of_damage(self, model_folder, rewrite):
        """The hash guards against chance, not against who wrote the manifest."""
        folder = model_folder()
        path = folder / "model.tflite"
        content = path.read_bytes()
        for end in np.random.default_rng(0).integers(0, len(content), 12):
            path.write_bytes(content[:end])
            digest = hashlib.sha256(content[:end]).hexdigest()
            rewrite(folder, size=int(end), sha256=digest)
            assert "model.tflite" in refusal(folder)


class TestFinding:
    @pytest.fixture
    def shipped_here(self, model_folder, monkeypatch):
        folder = model_folder(name="flute-cnn")
        monkeypatch.setattr(registry, "SHIPPED", folder.parent)
        monkeypatch.setattr(registry, "NAMES", ("drum-cnn", "flute-cnn"))
        (folder.parent / "not-a-model").mkdir()
        return folder

    def test_by_name(self, shipped_here):
        assert shipped() == [shipped_here]
        assert find("flute-cnn") == shipped_here

    def test_by_folder(self, shipped_here, tmp_path):
        assert find(str(tmp_path / "not-a-model")) == tmp_path / "not-a-model"

    def test_one_trained_beside_them_is_found_by_name_and_runs_only_when_asked_for(
        self, shipped_here, model_folder
    ):
        own = model_folder(name="doors-cnn", task="doors")
        assert shipped() == [shipped_here]
        assert find("doors-cnn") == own
        assert [m.manifest.name for m in choose("audio", task="all")] == ["flute-cnn"]
        assert [m.manifest.name for m in choose("audio", models="doors-cnn")] == ["doors-cnn"]

    def test_only_the_shipped_are_not_tried_first(self, shipped_here, model_folder, monkeypatch):
        tried = []
        monkeypatch.setattr(registry, "probe", tried.append)
        load(shipped_here)
        assert not tried
        own = model_folder(name="doors-cnn")
        load(own)
        load(own / ".." / own.name)
        assert tried == [(own / "model.tflite").read_bytes()] * 2
        # Neither a name of theirs elsewhere nor another's network under a name of theirs will do.
        (own.parent / "else").mkdir()
        load(model_folder(name="else/flute-cnn"))
        (own.parent / "drum-cnn").symlink_to(own)
        load(own.parent / "drum-cnn")
        assert len(tried) == 4

    def test_by_name_in_the_folder_called_models(self, shipped_here, model_folder, monkeypatch):
        pair = shipped_here.parent / "doors"
        for name in ("doors-cnn", "doors-lstm"):
            (pair / name).mkdir(parents=True)
            (pair / name / "model.json").write_text("{}")
        monkeypatch.chdir(shipped_here.parent)
        (pair / "doors").mkdir()  # sounds of the same name do not hide the networks
        (shipped_here.parent / "models").symlink_to(shipped_here.parent)
        assert find_all("doors") == [pair / "doors-cnn", pair / "doors-lstm"]
        monkeypatch.setattr(registry, "SHIPPED", shipped_here.parent / "none")
        here = Path("models") / "doors"
        assert find_all("doors") == [here / "doors-cnn", here / "doors-lstm"]

    def test_dots_are_paths(self, shipped_here, monkeypatch):
        monkeypatch.chdir(shipped_here)
        assert find_all(".") == [Path()]

    def test_whatever_else_is_called_models(self, tmp_path):
        (tmp_path / "models.py").write_text("")
        code = "from realtime.registry import SHIPPED, shipped; shipped(); print(SHIPPED)"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert Path(done.stdout.strip()) == registry.SHIPPED

    def test_neither(self, shipped_here):
        with pytest.raises(UserError, match="shipped are flute-cnn") as caught:
            find("trumpet\x1b[2J")
        assert str(caught.value).isprintable()


@pytest.mark.parametrize("folder", shipped(), ids=lambda folder: folder.name)
def test_every_shipped_model_loads_and_says_where_it_came_from(folder: Path):
    model = load(folder)
    assert model.manifest.name == folder.name
    assert model.manifest.training
    assert model.manifest.figures
    probs = model.network.predict(np.zeros(model.network.input_shape, np.float32))
    assert probs.sum() == pytest.approx(1, abs=0.02)
    assert json.loads((folder / "model.json").read_text("utf-8"))["name"] == folder.name
