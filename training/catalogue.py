"""All presets by name: the models that ship, what the seed papers left for later, and others'."""

from __future__ import annotations

from realtime import plugins
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
    """Names of the presets that ``rt-train fit`` trains on augmented windows.

    Those of installed packages come last; they do not take the place of one that is here.
    """
    ours = [*PRESETS, *FURTHER]
    return [*ours, *(name for name in plugins.names("training.presets") if name not in ours)]


def find(name: str) -> Preset:
    """The preset of a name.

    Raises:
        UserError: There is none, or an installed package adds something else under this name.
    """
    if preset := PRESETS.get(name) or FURTHER.get(name):
        return preset
    if name not in names():
        raise UserError(f"no preset {name!r}; there are {', '.join(names())}")
    added = plugins.load("training.presets", name)
    if not isinstance(added, Preset):
        problem = f"is no Preset, but of the type {type(added).__name__}"
    elif added.name != name:  # which the folders and the card are called after
        problem = f"calls itself {added.name!r}"
    else:
        return added
    raise UserError(f"training.presets {name}: {problem}; mend or remove that package")
