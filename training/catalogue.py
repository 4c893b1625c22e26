"""All presets by name: the models that ship, and what the seed papers left for later."""

from __future__ import annotations

from realtime.errors import UserError
from training.presets import CHORDS, MEL, PRESETS, Preset, Schedule

FURTHER = {
    preset.name: preset
    for preset in (
        Preset(
            name="instrument-crnn",
            task="instrument",
            kind="crnn",
            inputs="sounds",
            feature=MEL,
            network={
                "name": "crnn",
                "filters": [16, 32, 64],
                "units": [64],
                "dropout": 0.2,
                "dense": 128,
            },
            schedule=Schedule(epochs=28, windows=8192, rate=2e-3),
            quantisation="dynamic",
            pool=36_000,
            gated=True,
        ),
        Preset(
            name="composer-crnn",
            task="composer",
            kind="crnn",
            inputs="notes",
            feature=CHORDS | {"patterns": False},
            network={
                "name": "crnn1d",
                "filters": [96, 96],
                "units": [128],
                "dropout": 0.3,
                "dense": 120,
            },
            schedule=Schedule(epochs=28, windows=12_288, batch=128, rate=2e-3),
            quantisation="dynamic",
            smoothing_s=5.0,
        ),
        Preset(
            name="source-cnn",
            task="source",
            kind="cnn",
            inputs="sounds",
            feature=MEL,
            network={
                "name": "vgg",
                "blocks": [[16, 16], [32, 32], [64, 64]],
                "dropout": 0.2,
                "dense": 64,
            },
            schedule=Schedule(epochs=12, windows=8192, rate=2e-3, mixed_precision=True),
            quantisation="int8",
            pool=18_000,
            unknown_below=0.5,
        ),
    )
}
"""CNN-LSTM hybrids, and where a sound comes from (its layout is ``nsynth-source:``)."""


def names() -> list[str]:
    """Names of the presets that ``rt-train fit`` trains on augmented windows."""
    return [*PRESETS, *FURTHER]


def find(name: str) -> Preset:
    """The preset of a name.

    Raises:
        UserError: There is none.
    """
    preset = PRESETS.get(name) or FURTHER.get(name)
    if preset is None:
        raise UserError(f"no preset {name!r}; there are {', '.join(names())}")
    return preset
