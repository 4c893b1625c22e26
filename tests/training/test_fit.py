"""Training, export and judgement, on sounds and pieces small enough to do it in seconds."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import mido
import numpy as np
import pytest
import soundfile
from tiny_models import NETWORKS

from realtime.errors import UserError
from realtime.registry import load
from training import checkpoint, cli, inputs, ship, unknown
from training.datasets import read_all
from training.fit import quiet_tensorflow, train, trained
from training.presets import PRESETS, Preset, Schedule

pytest.importorskip("tensorflow")


def tiny(name: str, epochs: int = 2) -> Preset:
    """A preset with its own feature and inputs, but next to no network, and none to teach it."""
    carried = name == "instrument-lstm"
    schedule = Schedule(epochs=epochs, windows=32, batch=16, carried=carried)
    pool = {"instrument": 500, "composer": 40}[PRESETS[name].task]
    preset = PRESETS[name]
    ear = preset.ear and schedule
    return replace(
        preset, network=NETWORKS[name], schedule=schedule, ear=ear, pool=pool, teacher=""
    )


@pytest.fixture
def sounds(tmp_path: Path) -> str:
    """Sines against noise: a blind network would see the difference."""
    rng = np.random.default_rng(0)
    for i in range(3):
        t = np.arange(16_000) / 16_000
        for label, sound in (
            ("sine", np.sin(2 * np.pi * 220 * (i + 1) * t)),
            ("noise", rng.standard_normal(16_000)),
        ):
            path = tmp_path / "sounds" / label / f"{label}{i}_take.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, 0.3 * sound, 16_000)
    return f"folders:{tmp_path / 'sounds'}"


@pytest.fixture
def pieces(tmp_path: Path) -> str:
    """Scales against repeated notes."""
    for composer, step in (("bach", 1), ("chopin", 0)):
        track = mido.MidiTrack()
        for i in range(200):
            note = 48 + i * step % 36
            track.append(mido.Message("note_on", note=note, velocity=70))
            track.append(mido.Message("note_off", note=note, time=120))
        path = tmp_path / "pieces" / composer / "piece.mid"
        path.parent.mkdir(parents=True)
        mido.MidiFile(tracks=[track]).save(path)
    return f"composers:{tmp_path / 'pieces'}"


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(unknown, "KNOWN", 40)
    monkeypatch.setattr(unknown, "FOREIGN", 8)
    monkeypatch.setattr(unknown, "JUDGED", 8)
    quiet_tensorflow(2)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("instrument-cnn", marks=pytest.mark.slow),
        "instrument-lstm",
        "composer-cnn",
        pytest.param("composer-lstm", marks=pytest.mark.slow),
    ],
)
def test_every_kind_trains_exports_and_runs(
    name: str, sounds: str, pieces: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PRESETS, name, tiny(name, epochs=1))
    layout = sounds if name.startswith("instrument") else pieces
    kind, _, folder = layout.partition(":")
    kept = f"{kind}:{shutil.copytree(folder, tmp_path / 'kept')}"
    status = cli.main(
        ["fit", name, "--data", layout, "--held-out", kept, "--out", str(tmp_path / name)]
    )
    assert status == 0
    model = load(tmp_path / name)
    assert model.manifest.calibration["temperature"] > 0
    said = model.network.predict(np.zeros(model.network.input_shape, np.float32))
    assert said.sum() == pytest.approx(1, abs=0.02)
    assert ("unknown" in model.manifest.figures) == PRESETS[name].gated
    card = (tmp_path / name / "README.md").read_text()
    assert model.manifest.training["command"] in card
    assert list((tmp_path / name).glob("confusion-*.png"))
    beside = tmp_path / f"{name}-stream"
    assert beside.exists() == PRESETS[name].schedule.carried
    if beside.exists():
        (judged,) = load(beside).manifest.figures["held_out"].values()
        assert judged["n"] == 6
        assert f"--model {name}-stream" in (beside / "README.md").read_text()


def test_a_teacher_of_other_things_is_not_asked(
    sounds: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(
        PRESETS, "instrument-lstm", replace(tiny("instrument-lstm", 1), teacher="instrument-cnn")
    )
    monkeypatch.setattr(ship, "ship", lambda *_, **__: SimpleNamespace(size=0, figures={}))
    status = cli.main(["fit", "instrument-lstm", "--data", sounds, "--out", str(tmp_path / "out")])
    assert status == 0
    assert "instrument-cnn names or reads something else" in capsys.readouterr().err


@pytest.mark.parametrize("restarts", [(), (1,)])
def test_training_goes_on_where_it_stopped(sounds: str, tmp_path: Path, restarts) -> None:
    preset = tiny("instrument-lstm", epochs=3)
    preset = replace(preset, schedule=replace(preset.schedule, restarts=restarts))
    source = inputs.make(preset, read_all([sounds]), jobs=1, seed=0)
    source.prepare(lambda *_: None)
    whole = [e.loss for e in train(preset, source, tmp_path / "whole")]

    broken = train(preset, source, tmp_path / "broken")
    first = [next(broken).loss]
    broken.close()
    rest = [e.loss for e in train(preset, source, tmp_path / "broken")]

    assert first + rest == pytest.approx(whole, rel=1e-4)
    a, b = (trained(tmp_path / name, preset) for name in ("whole", "broken"))
    for x, y in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_allclose(x, y, atol=1e-4)


def test_an_epoch_that_is_not_in_the_log_is_trained_again(
    sounds: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the network and its log, it goes on from the network before."""
    preset = tiny("instrument-lstm", epochs=2)
    source = inputs.make(preset, read_all([sounds]), jobs=1, seed=0)
    source.prepare(lambda *_: None)
    steps = preset.schedule.windows // preset.schedule.batch
    broken = train(preset, source, tmp_path / "work")
    next(broken)
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint.json, "dumps", lambda _: exec("raise KeyboardInterrupt"))
        with pytest.raises(KeyboardInterrupt):
            next(broken)
    assert [e.number for e in train(preset, source, tmp_path / "work")] == [2]
    model, history = checkpoint.read(tmp_path / "work")
    assert len(history) == 2
    assert int(model.optimizer.iterations) == 2 * steps


def test_a_checkpoint_as_it_was_before_is_gone_on_with(sounds: str, tmp_path: Path) -> None:
    preset = tiny("instrument-lstm", epochs=2)
    source = inputs.make(preset, read_all([sounds]), jobs=1, seed=0)
    source.prepare(lambda *_: None)
    work = tmp_path / "work"
    next(train(preset, source, work))
    (work / "epoch-1.keras").rename(work / "last.keras")
    assert [e.number for e in train(preset, source, work)] == [2]
    assert sorted(path.name for path in work.iterdir()) == ["epoch-2.keras", "history.json"]


def test_a_damaged_log_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "history.json").write_text("[{")
    with pytest.raises(UserError, match=r"history.json: cannot be read .*; move .* away") as told:
        checkpoint.read(tmp_path)
    assert "\n" not in str(told.value)


def test_the_rate_falls_to_nothing_before_each_restart(sounds: str, tmp_path: Path) -> None:
    preset = tiny("instrument-cnn", epochs=3)
    preset = replace(preset, schedule=replace(preset.schedule, restarts=(2,)))
    source = inputs.make(preset, read_all([sounds]), jobs=1, seed=0)
    source.prepare(lambda *_: None)
    optimizers = [
        checkpoint.read(tmp_path / "risen")[0].optimizer
        for _ in train(preset, source, tmp_path / "risen")
    ]
    rates = [float(each.learning_rate) for each in optimizers]
    top = preset.schedule.rate
    assert rates[0] > top / 4
    assert rates[1] == pytest.approx(0, abs=top / 1e6)
    assert rates[2] == pytest.approx(0, abs=top / 1e6)
    steps = int(optimizers[2].iterations)
    assert steps == preset.schedule.windows // preset.schedule.batch  # of the last rise alone


def test_the_network_is_the_average_of_those_at_the_ends_of_the_last_cycles(
    sounds: str, tmp_path: Path
) -> None:
    preset = tiny("instrument-cnn", epochs=4)
    schedule = replace(preset.schedule, restarts=(1, 2), averaged=2)
    preset = replace(preset, schedule=schedule)
    source = inputs.make(preset, read_all([sounds]), jobs=1, seed=0)
    source.prepare(lambda *_: None)
    work = tmp_path / "work"
    kept = [checkpoint.read(work)[0].get_weights() for _ in train(preset, source, work)]
    expected = [(x + y) / 2 for x, y in zip(kept[1], kept[3], strict=True)]
    for got, mean in zip(trained(work, preset).get_weights(), expected, strict=True):
        np.testing.assert_allclose(got, mean, atol=1e-6)
    (work / "cycle-2.keras").unlink()
    with pytest.raises(UserError, match=r"cycle-2\.keras: is missing; move .*work away"):
        trained(work, preset)


def test_a_network_for_other_labels_is_not_gone_on_with(sounds: str, tmp_path: Path) -> None:
    preset = tiny("instrument-lstm", epochs=1)
    source = inputs.make(preset, read_all([sounds]), jobs=1, seed=0)
    source.prepare(lambda *_: None)
    list(train(preset, source, tmp_path / "work"))
    source.labels = [*source.labels, "third"]
    with pytest.raises(UserError, match="other labels or another feature; move it away"):
        next(train(preset, source, tmp_path / "work"))


def test_fit_goes_on_with_what_it_was_told_alone(
    sounds: str, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PRESETS, "instrument-lstm", tiny("instrument-lstm", epochs=1))
    monkeypatch.setattr(ship, "ship", lambda *_, **__: SimpleNamespace(size=0, figures={}))

    def fit(command: str, *options: str) -> str:
        work = ["--work", "work"]
        assert cli.main([command, "instrument-lstm", "--data", sounds, *work, *options]) in (0, 2)
        return capsys.readouterr().err

    assert "epoch 1/1" in fit("fit")
    assert "epoch" not in fit("fit")
    assert "trained from other seed" in fit("export", "--seed", "1").splitlines()[-1]
    again = fit("fit", "--seed", "1")
    assert "trained from other seed: begins anew" in again
    assert "epoch 1/1" in again
    assert (Path("work") / "instrument-lstm-1" / "epoch-1.keras").exists()
    sound = next(Path(sounds.partition(":")[2]).rglob("*.wav"))
    sound.rename(sound.with_name("other_take.wav"))
    assert "trained from other data: begins anew" in fit("fit", "--seed", "1")


def test_sounds_of_ones_own_recorded_again_make_another_pool(sounds: str) -> None:
    preset = tiny("instrument-cnn")
    shipped = inputs.make(preset, read_all([sounds]), jobs=1, seed=0)
    mine = replace(preset, start="instrument-cnn")
    first = inputs.make(mine, read_all([sounds]), jobs=1, seed=0)
    for path in Path(sounds.partition(":")[2]).rglob("*.wav"):
        path.write_bytes(path.read_bytes()[::-1])
    second = inputs.make(mine, read_all([sounds]), jobs=1, seed=0)
    folders = [each._pool.folder for each in (shipped, first, second)]
    assert len(set(folders)) == 3


def test_the_pool_is_made_once(sounds: str) -> None:
    preset = tiny("instrument-cnn")
    seen: list[tuple[str, int, int]] = []
    for _ in range(2):
        source = inputs.make(preset, read_all([sounds]), jobs=1, seed=0)
        source.prepare(lambda *step: seen.append(step))
    assert seen == [("windows", 0, 1), ("windows", 1, 1), ("windows", 1, 1)]


def test_a_broken_file_is_named_and_left_out(sounds: str, capsys, monkeypatch) -> None:
    folder = Path(sounds.partition(":")[2]) / "sine"
    (folder / "broken_one.wav").write_bytes(b"RIFF nothing")
    kept = shutil.copytree(folder.parent, "kept")
    monkeypatch.setitem(PRESETS, "instrument-cnn", tiny("instrument-cnn", epochs=1))
    argv = ["--data", sounds, "--held-out", f"folders:{kept}", "--out", "model"]
    assert cli.main(["fit", "instrument-cnn", *argv]) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if "broken_one.wav:" in line]
    assert len(told) == 2, "of what is trained on, and of what is held out"
    assert sum("kept" in line for line in told) == 1


def test_figures_are_those_of_the_held_out_files(sounds: str, tmp_path: Path, capsys) -> None:
    preset = tiny("instrument-lstm", epochs=1)
    data = read_all([sounds])
    source = inputs.make(preset, data, jobs=1, seed=0)
    source.prepare(lambda *_: None)
    list(train(preset, source, tmp_path / "work"))
    manifest = ship.ship(
        preset,
        source,
        tmp_path / "work",
        tmp_path / "model",
        data=data,
        layouts=[sounds],
        held_out={"known": data},
        command="",
        jobs=1,
        progress=lambda *_: None,
    )
    capsys.readouterr()
    assert cli.main(["evaluate", str(tmp_path / "model"), "--data", sounds, "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    told = manifest.figures["held_out"]["known"]
    assert figures["n"] == 6
    assert figures["accuracy"] == told["accuracy"]
    assert np.sum(figures["confusion"]) == 6
    assert set(figures) >= {"model", "data", "macro_f1", "labels", "per_class", "ece"}


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["fit", "nothing", "--data", "composers:."], "no preset"),
        (["fit", "composer-lstm", "--data", "composers:."], "nothing to use"),
        (["fit", "instrument-cnn", "--data", "folders:missing"], "no such folder"),
        (["fit", "instrument-cnn", "--data", "missing"], "say the layout"),
        (["fit", "composer-lstm", "--data", "SOUNDS", "--held-out", "SOUNDS"], "files that are in"),
        (
            ["export", "instrument-cnn", "--data", "SOUNDS", "--held-out", "SOUNDS"],
            "files that are",
        ),
        (["fit", "mine", "--data", "SOUNDS", "--held-out", "SOUNDS"], "files that are in"),
        (["fit", "instrument-cnn", "--data", "SOUNDS", "--epochs", "2"], "--epochs: only under a"),
        (
            ["fit", "mine", "--data", "SOUNDS", "--folds", "1", "--most", "9"],
            "--folds, --most: onl",
        ),
        (
            ["fit", "mine", "--data", "SOUNDS", "--tuned", "x", "--results", "y"],
            "--tuned, --result",
        ),
        (["export", "instrument-cnn", "--data", "SOUNDS", "--fold", "0"], "--fold: only under"),
        (["evaluate", "nothing", "--data", "folders:."], "no such model"),
        (["render", "out", "--soundfont", "none.sf2"], "no such SoundFont"),
    ],
)
def test_a_bad_request_is_one_line(argv: list[str], words: str, sounds: str, capsys) -> None:
    assert cli.main([sounds if word == "SOUNDS" else word for word in argv]) == 2
    err = capsys.readouterr().err
    assert words in err.splitlines()[-1]
    assert "Traceback" not in err
