"""How an ear is taught, and that the network built on it has it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_models import NETWORKS

from realtime.errors import UserError
from training import checkpoint, ear, provenance
from training.fit import quiet_tensorflow, train, trained
from training.networks.heard import KEYS
from training.presets import PRESETS, Schedule

pytest.importorskip("tensorflow")

SCHEDULE = Schedule(epochs=2, windows=8, batch=4)
PRESET = replace(
    PRESETS["composer-cnn"],
    network=NETWORKS["composer-cnn"],
    schedule=SCHEDULE,
    ear=SCHEDULE,
)


class Source:
    """A key every fourth frame, loud in its own band, always high or always low on the keyboard."""

    labels = ("low", "high")
    feature = PRESET.feature
    shape = (32, 256)
    windows = 40
    changed = False
    left_out: dict[str, str] = {}  # noqa: RUF012 - never written to

    def prepare(self, progress) -> None:
        raise AssertionError

    def struck(self, n: int, frames: int, rng: np.random.Generator):
        windows = np.zeros((n, frames, 256), np.float32)
        keys = np.zeros((n, frames, KEYS), np.float32)
        for i, high in enumerate(rng.random(n) < 0.5):
            for frame in range(1, frames, 4):
                key = int(rng.integers(40) + 40 * high)
                windows[i, frame : frame + 3, 3 * key] = 1
                keys[i, frame, key] = 1
        return windows, keys

    def draw(self, n: int, rng: np.random.Generator):
        windows, keys = self.struck(n, 32, rng)
        return windows, targets(keys)

    def all(self):
        for k in range(2):
            yield self.draw(self.windows // 2, np.random.default_rng(k))

    def played(self, n: int, rng: np.random.Generator):
        _, keys = self.struck(n, 32, rng)
        return keys > 0, targets(keys)


def targets(keys: np.ndarray) -> np.ndarray:
    high = keys.argmax(axis=2).max(axis=1) >= 40
    return np.eye(2, dtype=np.float32)[high.astype(int)]


@pytest.fixture(autouse=True)
def _quiet() -> None:
    quiet_tensorflow(2)


def test_it_is_taught_first_and_kept(tmp_path: Path) -> None:
    told = [(e.part, e.number, e.of) for e in train(PRESET, Source(), tmp_path)]
    assert told == [("ear", 1, 2), ("ear", 2, 2), ("", 1, 2), ("", 2, 2)]
    whole = trained(tmp_path, PRESET).get_weights()
    mine = ear.taught(tmp_path).get_weights()
    for taught, built_on in zip(mine, whole, strict=False):
        np.testing.assert_array_equal(taught, built_on)
    reader, _ = checkpoint.read(tmp_path)
    assert len(whole) == len(mine) + len(reader.get_weights())


def test_it_hears_all_before_what_reads_it_is_trained(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    run = train(PRESET, Source(), tmp_path, progress=lambda *step: told.append(step))
    next(run), next(run)
    ears = [("epoch 1, windows", 4, 8), ("epoch 2, windows", 4, 8)]
    assert told == ears
    next(run)
    heard = [("windows heard", 20, 40), ("windows heard", 40, 40)]
    assert told == [*ears, *heard, ("epoch 1, windows", 4, 8)]
    for _ in run:
        pass
    told.clear()
    assert not list(train(PRESET, Source(), tmp_path, progress=lambda *step: told.append(step)))
    assert not told, "it is finished"


@pytest.mark.parametrize("stopped", [1, 2, 3])
def test_it_goes_on_where_it_was_stopped(tmp_path: Path, stopped: int) -> None:
    whole = [e.loss for e in train(PRESET, Source(), tmp_path / "whole")]
    broken = train(PRESET, Source(), tmp_path / "broken")
    first = [next(broken).loss for _ in range(stopped)]
    broken.close()
    rest = [e.loss for e in train(PRESET, Source(), tmp_path / "broken")]
    assert first + rest == pytest.approx(whole, rel=1e-4)


def test_it_learns_which_key_sounds(tmp_path: Path) -> None:
    spec = PRESET.network["ear"] | {"filters": 8, "colours": 4, "units": 64, "dropout": 0.0}
    schedule = Schedule(epochs=8, windows=256, batch=8, rate=1e-2)
    *_, last = ear.teach(spec, schedule, Source(), tmp_path, seed=0)
    assert last.accuracy > 0.5
    windows, keys = Source().struck(40, ear.FRAMES, np.random.default_rng(99))
    heard = np.asarray(ear.taught(tmp_path)(windows))
    there = keys.any(axis=2)
    assert (heard[there].argmax(axis=1) == keys[there].argmax(axis=1)).mean() > 0.8


def test_inputs_that_do_not_know_what_is_struck_cannot_teach_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="preset 'composer-cnn': piece-sounds cannot teach an ear"):
        next(train(PRESET, object(), tmp_path))  # type: ignore[arg-type]  # what is refused


def test_an_ear_that_was_taught_from_anything_else_is_set_aside(tmp_path: Path) -> None:
    work = tmp_path / "composer-cnn"
    assert provenance.claim(work, {"data": 1}) == ""
    next(train(PRESET, Source(), work))
    assert provenance.claim(work, {"data": 1}) == "", "gone on with"
    assert "was trained from other data" in provenance.claim(work, {"data": 2})
    assert not (work / checkpoint.EAR).exists()
    assert (tmp_path / "composer-cnn-1" / checkpoint.EAR).exists()
