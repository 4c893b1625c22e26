"""What becomes of a fold: networks that say the same after export."""

from __future__ import annotations

import numpy as np
import pytest

from realtime.features import build
from training import export
from training.protocols import trainer
from training.protocols.folds import Trial, _TrainingWindows
from training.protocols.plans import find
from training.protocols.windows import Windows

pytestmark = pytest.mark.usefixtures("tensorflow")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["instrument-crnn", "composer-crnn"])
def test_hybrids_say_the_same_after_export(name: str) -> None:
    plan = find(name)
    rng = np.random.default_rng(0)
    x = rng.random((8, *build(plan.feature).shape)).astype(np.float16)
    y, n = np.arange(8) % 2, np.arange(8)
    windows = Windows(["a", "b"], x, y, n, n, np.array([f"{i}#0" for i in n]))
    trial = Trial(plan, windows, "paper")
    model = trainer.compiled(plan, windows, trial.split(0))
    inputs = _TrainingWindows(trial, trial.split(0))
    content = export.convert(model, plan.preset(), inputs, "dynamic")
    said = export.outputs(content, windows.take(n))
    np.testing.assert_allclose(said, trainer.predict(model, windows, n), atol=0.02)
