"""Networks compute in bfloat16 where that is asked for and faster, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from training import bfloat16
from training.epochs import precision


@pytest.fixture(autouse=True)
def unmeasured():
    bfloat16.faster.cache_clear()
    yield
    bfloat16.faster.cache_clear()


def timed(monkeypatch, seconds: dict[str, float]) -> list[str]:
    measured: list[str] = []

    def time(dtype: str) -> float:
        measured.append(dtype)
        return seconds[dtype]

    monkeypatch.setattr(bfloat16, "_seconds", time)
    return measured


def built(*, mixed: bool):
    import keras

    with precision(mixed=mixed):
        layer = keras.layers.Conv2D(2, 3)
    assert keras.mixed_precision.global_policy().name == "float32"
    return layer


@pytest.mark.parametrize(
    ("seconds", "computed"), [(0.5, "bfloat16"), (2.0, "float32"), (1.0, "float32")]
)
def test_it_is_used_where_it_is_faster(monkeypatch, seconds, computed) -> None:
    timed(monkeypatch, {"float32": 1.0, "bfloat16": seconds})
    layer = built(mixed=True)
    assert (layer.compute_dtype, layer.variable_dtype) == (computed, "float32")


def test_it_is_measured_once_and_only_where_it_is_asked_for(monkeypatch) -> None:
    measured = timed(monkeypatch, {"float32": 1.0, "bfloat16": 0.5})
    assert built(mixed=False).compute_dtype == "float32"
    assert measured == []
    built(mixed=True)
    built(mixed=True)
    assert sorted(measured) == ["bfloat16", "float32"]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_both_are_timed_for_real(dtype) -> None:
    assert 0 < bfloat16._seconds(dtype) < np.inf
