"""What is trained under the protocols: the seed papers' systems, and ours on the same windows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any, Literal

from realtime.errors import UserError
from training import catalogue
from training.presets import PICTURE, Preset, Schedule
from training.protocols import Protocol

MFCC = {"kind": "mfcc", "window": 64_000, "n_fft": 2048, "hop": 512, "n_mels": 128, "n_mfcc": 13}
"""13 MFCC x 126 frames, as the second seed paper read them."""

STFT = {
    "kind": "spectrogram",
    "frames": 256,
    "bands": 256,
    "n_fft": 2048,
    "win_length": 2048,
    "hop": 620,
    "scale": "linear",
    "fmin": 0.0,
    "fmax": 8000.0,
    "top_db": 80.0,
    "floor_db": -60.0,
}
"""10 s as 256 x 256 grey points, frequencies in equal steps: the first seed paper's picture."""

NOTES = {
    "kind": "notes",
    "length": 100,
    "columns": ["pitch", "velocity", "seconds"],
    "chord": 0.0,
}
"""100 notes as (pitch, velocity, duration): the first seed paper's sequences."""


WITHIN: dict[str, dict[str, Any]] = {
    "sounds": {},
    "notes": {"length": 100},
    "piece-sounds": {"frames": 256, "win_length": 3940, "hop": 612},
}
"""What our own features are changed by to see no more than the papers' windows hold."""


@dataclass(frozen=True, slots=True)
class Training:
    """How a network is trained on a fixed set of windows.

    Attributes:
        epochs: Epochs at most.
        batch: Windows a step.
        rate: Learning rate.
        decay: Weight decay of ``adamw``.
        optimizer: ``adam`` and ``adamax`` at a constant rate; ``adamw`` along half a cosine.
        patience: Epochs without a lower validation loss after which it stops; 0 for never.
        weights: Weight of each label in the loss; 1 where it is not named.
        augmentation: ``pictures`` are rotated, shifted and mirrored, as the first paper did;
            ``filters`` are coloured and masked, as our own live models are trained; ``rolls``
            are so, too, and masked once more, and begin anywhere, going round at their end.
        mixup: Windows are added up in pairs, in shares drawn from a beta distribution with this
            parameter twice, and so are their labels (Zhang et al., 2018); 0 for never.
        files: Weight, in the loss, of a second answer: which file a window comes from. It shares
            all layers but the last, and is there in training alone; 0 for none.
        smoothing: Label smoothing.
        mixed_precision: Compute in bfloat16 where that is faster.
    """

    epochs: int
    batch: int
    rate: float
    optimizer: Literal["adam", "adamax", "adamw"] = "adam"
    decay: float = 1e-3
    patience: int = 0
    weights: dict[str, float] = field(default_factory=dict)
    augmentation: Literal["none", "pictures", "filters", "rolls"] = "none"
    mixup: float = 0.0
    files: float = 0.0
    smoothing: float = 0.0
    mixed_precision: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """A system under a protocol.

    Attributes:
        name: Name of the model, and of its folder.
        task: What it names.
        kind: ``cnn``, ``lstm`` or ``crnn``.
        reads: ``sounds``, ``notes`` or ``piece-sounds``, see ``training.protocols.windows``.
        feature: The feature, as the manifest will hold it.
        network: The network and its parameters, see ``training.networks``.
        training: How it is trained.
        quantisation: ``int8`` or ``dynamic``.
        space: What ``rt-train tune`` varies: values by the name of a network's parameter, or
            ``rate``.
    """

    name: str
    task: str
    kind: str
    reads: str
    feature: dict[str, Any]
    network: dict[str, Any]
    training: Training
    quantisation: str
    space: dict[str, tuple[Any, ...]] = field(default_factory=dict)

    def preset(self) -> Preset:
        """What export and manifests ask for."""
        training = self.training
        schedule = Schedule(training.epochs, 0, training.batch, training.rate)
        values: dict[str, Any] = {
            "name": self.name,
            "task": self.task,
            "kind": self.kind,
            "inputs": self.reads,
            "quantisation": self.quantisation,
        }
        return Preset(feature=self.feature, network=self.network, schedule=schedule, **values)


HONEST = (0.15, 0.15)
"""Shares of validation and test where a split is ours: one for all, so that any two compare."""


def shares(reads: str, protocol: Protocol) -> tuple[float, float]:
    """Shares of validation and test windows: the papers' own, by what a plan reads, or ours."""
    if protocol == "honest":
        return HONEST
    return {"notes": (0.0, 0.2), "piece-sounds": (0.15, 0.15), "sounds": (0.1, 0.1)}[reads]


def _instrument_cnn(name: str, first: int, second: int, dropout: float) -> Plan:
    return Plan(
        name=name,
        task="instrument",
        kind="cnn",
        reads="sounds",
        feature=MFCC,
        network={
            "name": "vgg",
            "blocks": [[32, 32], [first, first], [second]],
            "dropout": dropout,
            "dense": 512,
            "head": "flatten",
            "batch_norm": False,
            "standardise": True,
        },
        training=Training(epochs=50, batch=32, rate=1e-4, mixed_precision=True),
        quantisation="int8",
        space={
            "blocks": tuple(
                [[32, 32], [a, a], [b]] for a in (32, 64, 128) for b in (32, 64, 128, 256)
            ),
            "dropout": (0.1, 0.2, 0.3, 0.4, 0.5),
        },
    )


def _instrument_lstm(name: str, units: list[int], dropout: float) -> Plan:
    return Plan(
        name=name,
        task="instrument",
        kind="lstm",
        reads="sounds",
        feature=MFCC,
        network={
            "name": "lstm",
            "units": units,
            "dropout": dropout,
            "dense": 512,
            "dense_dropout": 0.5,
            "head": "flatten",
            "standardise": True,
        },
        training=Training(epochs=50, batch=32, rate=1e-3),
        quantisation="dynamic",
        space={
            "units": tuple([a, a, a, b, b] for a in (32, 64, 128) for b in (32, 64, 128)),
            "dropout": (0.1, 0.2, 0.3, 0.4, 0.5),
        },
    )


NODES = (32, 64, 100, 120, 240)

PLANS = {
    plan.name: plan
    for plan in (
        Plan(
            name="composer-cnn-paper",
            task="composer",
            kind="cnn",
            reads="piece-sounds",
            feature=STFT,
            network={
                "name": "mixed",
                "vgg": [[8, 8], [16, 16]],
                "residual": [48, 64],
                "dense_blocks": [4, 4],
                "growth": 16,
                "dense": 64,
                "dropout": 0.5,
                "weight_decay": 1e-4,
            },
            training=Training(
                epochs=100,
                batch=8,
                rate=1e-4,
                optimizer="adamax",
                patience=25,
                weights={"mozart": 1.5, "hummel": 2.0, "chopin": 1.5, "bartok": 1.5},
                augmentation="pictures",
                mixed_precision=True,
            ),
            quantisation="int8",
            space={"rate": (1e-4, 1e-3), "dropout": (0.2, 0.4, 0.5)},
        ),
        Plan(
            name="composer-cnn-bands",
            task="composer",
            kind="cnn",
            reads="piece-sounds",
            feature=PICTURE | WITHIN["piece-sounds"],
            network={
                "name": "bands",
                "stem": 24,
                "blocks": [[32], [64, 64], [96, 96]],
                "dense": 256,
                "dropout": 0.4,
            },
            training=Training(
                epochs=60,
                batch=64,
                rate=2e-3,
                optimizer="adamw",
                decay=5e-3,
                augmentation="rolls",
                mixup=0.3,
                files=0.5,
                smoothing=0.05,
                mixed_precision=True,
            ),
            quantisation="int8",
            space={"rate": (1e-3, 2e-3), "dropout": (0.2, 0.4, 0.5)},
        ),
        Plan(
            name="composer-lstm-paper",
            task="composer",
            kind="lstm",
            reads="notes",
            feature=NOTES,
            network={
                "name": "lstm",
                "units": [32, 120, 240],
                "dropout": 0.2,
                "dense": 120,
                "head": "last",
            },
            training=Training(epochs=300, batch=32, rate=1e-4),
            quantisation="dynamic",
            space={
                "rate": (1e-4, 1e-3, 1e-2),
                "units": tuple(list(units) for n in (3, 4) for units in product(NODES, repeat=n)),
                "dropout": (0.2, 0.4),
            },
        ),
        _instrument_cnn("instrument-cnn-paper-base", 64, 128, 0.25),
        _instrument_cnn("instrument-cnn-paper", 128, 128, 0.2),
        _instrument_lstm("instrument-lstm-paper-base", [32] * 5, 0.5),
        _instrument_lstm("instrument-lstm-paper", [32, 32, 32, 128, 128], 0.3),
    )
}
"""The seed papers' systems, and one of our own for the first paper's segments. That paper says
neither how many blocks its CNN has nor how wide they are; they are chosen here for two cores.

``composer-cnn-bands`` is made for what the paper's split asks: to know a piece, its key and its
instruments again by another 10 s of it. It is no use where the pieces are others.
"""


def find(name: str) -> Plan:
    """A paper's plan, or one of our own presets to be trained on the papers' windows.

    Raises:
        UserError: There is neither, or an installed package's preset is none, or its network is
            built on an ear, for which the papers' windows tell too little.
    """
    if name in PLANS:
        return PLANS[name]
    if name not in catalogue.names():
        known = ", ".join([*catalogue.names(), *PLANS])
        raise UserError(f"no preset {name!r}; there are {known}")
    preset = catalogue.find(name)
    if preset.ear:
        raise UserError(
            f"{name}: its ear is taught with notes, which a protocol's windows do not hold; "
            f"{', '.join(PLANS)} can be trained under one"
        )
    schedule = preset.schedule
    training = Training(
        epochs=40,
        batch=min(32, schedule.batch),
        rate=schedule.rate,
        optimizer="adamw",
        augmentation="none" if preset.inputs == "notes" else "filters",
        smoothing=schedule.smoothing,
        mixed_precision=schedule.mixed_precision,
    )
    return Plan(
        name=preset.name,
        task=preset.task,
        kind=preset.kind,
        reads=preset.inputs,
        feature=preset.feature | WITHIN[preset.inputs],
        network=preset.network,
        training=training,
        quantisation=preset.quantisation,
        space={"rate": (5e-4, 1e-3, 2e-3), "dropout": (0.1, 0.2, 0.3, 0.4, 0.5)},
    )


def changed(plan: Plan, values: dict[str, Any]) -> Plan:
    """A plan with other values for some of what ``space`` names."""
    values = dict(values)
    rate = values.pop("rate", plan.training.rate)
    return replace(
        plan,
        network=plan.network | values,
        training=replace(plan.training, rate=rate),
    )
