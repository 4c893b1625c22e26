"""What ``rt-train fit`` builds: for each model its data, feature, network and schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

MEL = {
    "kind": "spectrogram",
    "frames": 122,
    "bands": 64,
    "n_fft": 2048,
    "win_length": 2048,
    "hop": 512,
    "scale": "mel",
    "fmin": 0.0,
    "fmax": 8000.0,
    "top_db": 80.0,
    "floor_db": -60.0,
}
"""4 s of sound as 64 mel bands: what both instrument networks read."""

PICTURE = {
    "kind": "spectrogram",
    "frames": 768,
    "bands": 256,
    "n_fft": 4096,
    "win_length": 4055,
    "hop": 1239,
    "scale": "log",
    "fmin": 27.5,
    "fmax": 3729.3,
    "top_db": 80.0,
    "floor_db": -60.0,
}
"""A minute of sound as 768 x 256 grey points, three bands a semitone from A0."""

EAR = {"filters": 24, "colours": 8, "units": 384, "dropout": 0.1}
"""What hears the keys that are struck in such a picture."""

CHORDS = {"kind": "chords", "length": 256, "chord": 0.04, "patterns": True}
"""The last 256 chords and the patterns they make."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast a network is trained.

    Attributes:
        epochs: Epochs; a checkpoint is written after each.
        windows: Windows an epoch, drawn anew each time.
        batch: Windows a step.
        rate: Highest learning rate; it falls to nothing along half a cosine.
        restarts: Epochs after which it rises and falls once more (SGDR: Loshchilov and Hutter,
            2017): how a network that was trained for too short a time is trained on.
        decay: Weight decay of AdamW.
        smoothing: Label smoothing.
        mixed_precision: Compute in bfloat16 where convolutions are faster in it, see
            ``training.bfloat16``.
        averaged: The network is the average of those at the ends of so many of the rate's last
            cycles (SWA: Izmailov et al., 2018).
        carried: Begin every other batch, by chance, with the state in which the LSTM layers were
            left by the one before, as they are where a stream goes on; see ``realtime.streaming``.
    """

    epochs: int
    windows: int
    batch: int = 64
    rate: float = 1e-3
    decay: float = 1e-3
    smoothing: float = 0.05
    mixed_precision: bool = False
    restarts: tuple[int, ...] = ()
    averaged: int = 1
    carried: bool = False

    @property
    def ends(self) -> list[int]:
        """Epochs that end the cycles whose networks are averaged."""
        return [*self.restarts, self.epochs][-self.averaged :]


@dataclass(frozen=True, slots=True)
class Preset:
    """One model to build.

    Attributes:
        name: Name of the model, and of its folder.
        task: What it names.
        kind: ``cnn``, ``lstm`` or ``crnn``, convolutions before an LSTM.
        inputs: Where its windows come from: ``sounds``, ``notes`` or ``piece-sounds``.
        feature: The feature, as the manifest will hold it.
        network: The network and its parameters, see ``training.networks``.
        schedule: How it is trained.
        quantisation: ``int8``, ``dynamic`` (int8 weights, float activations) or ``float32``.
        pool: Windows made on disk beforehand.
        ear: How the ear that its network is built on is taught before, see ``training.ear``; none
            by default.
        gated: Whether to make its answers fade for sounds unlike its training, see
            ``training.unknown``.
        unknown_below: A likeliest label under this probability is reported as unknown; fitted
            where there is held-out data.
        smoothing_s: Time constant of the smoothed probabilities in seconds.
        start: Shipped model of the same network whose weights it begins with; none by default.
        teacher: Shipped model whose answers it learns from beside the labels; none by default.
        taught: Weight of those answers, the labels' being the rest.
    """

    name: str
    task: str
    kind: Literal["cnn", "lstm", "crnn"]
    inputs: Literal["sounds", "notes", "piece-sounds"]
    feature: dict[str, Any]
    network: dict[str, Any]
    schedule: Schedule
    quantisation: Literal["int8", "dynamic", "float32"]
    pool: int = 0
    ear: Schedule | None = None
    gated: bool = False
    unknown_below: float = 0.0
    smoothing_s: float = 1.0
    start: str = ""
    teacher: str = ""
    taught: float = 0.5


PRESETS = {
    preset.name: preset
    for preset in (
        Preset(
            name="instrument-cnn",
            task="instrument",
            kind="cnn",
            inputs="sounds",
            feature=MEL,
            network={
                "name": "vgg",
                "blocks": [[16, 16], [32, 32], [64, 64], [128, 128]],
                "dropout": 0.2,
                "dense": 128,
                "head": "moments",
            },
            schedule=Schedule(
                epochs=60,
                windows=8192,
                rate=2e-3,
                mixed_precision=True,
                restarts=(28, 42),
                averaged=2,
            ),
            quantisation="dynamic",
            pool=40_000,
            gated=True,
            unknown_below=0.4,
        ),
        Preset(
            name="instrument-lstm",
            task="instrument",
            kind="lstm",
            inputs="sounds",
            feature=MEL,
            network={
                "name": "lstm",
                "units": [128],
                "dropout": 0.1,
                "dense": 128,
                "dense_dropout": 0.1,
                "head": "both",
                "stack": 2,
                "frames": [256, 128],
                "counts": 256,
            },
            schedule=Schedule(
                epochs=361,
                windows=8192,
                rate=3e-3,
                decay=1e-2,
                restarts=(70, 190, 275, 330),
                averaged=2,
                carried=True,
            ),
            quantisation="dynamic",
            pool=40_000,
            gated=True,
            unknown_below=0.4,
            teacher="instrument-cnn",
            taught=0.8,
        ),
        Preset(
            name="composer-cnn",
            task="composer",
            kind="cnn",
            inputs="piece-sounds",
            feature=PICTURE,
            network={
                "name": "heard",
                "ear": EAR,
                "rows": 448,
                "embedding": 64,
                "pattern_dropout": 0.5,
                "dropout": 0.3,
                "dense": 120,
            },
            ear=Schedule(epochs=24, windows=4096, batch=24, rate=3e-3, mixed_precision=True),
            schedule=Schedule(epochs=80, windows=4096, batch=128, rate=4e-3, decay=1e-2),
            quantisation="dynamic",
            pool=8_000,
            gated=True,
            smoothing_s=5.0,
        ),
        Preset(
            name="composer-lstm",
            task="composer",
            kind="lstm",
            inputs="notes",
            feature=CHORDS,
            network={
                "name": "patterns",
                "embedding": 96,
                "pattern_dropout": 0.5,
                "units": 128,
                "stack": 2,
                "dropout": 0.3,
                "dense": 120,
            },
            schedule=Schedule(epochs=20, windows=12_288, batch=128, rate=4e-3, decay=1e-2),
            quantisation="dynamic",
            smoothing_s=5.0,
        ),
    )
}
"""The models that ship."""
