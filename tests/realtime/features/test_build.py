import math

import pytest

from realtime import features
from realtime.errors import UserError


@pytest.mark.parametrize("kind", features.KINDS)
def test_each_kind_can_be_built_from_its_name_alone(kind):
    feature = features.build({"kind": kind})
    assert feature.kind == kind
    assert feature.window().shape == feature.shape
    assert feature.stream == ("audio" if kind in ("mfcc", "spectrogram") else "midi")


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"kind": None},
        {"kind": []},
        {"kind": "vorbis"},
        {"kind": "mfcc", "colour": 1},
        {"kind": "mfcc", "hop": 0},
        {"kind": "mfcc", "hop": -512},
        {"kind": "mfcc", "hop": 512.0},
        {"kind": "mfcc", "hop": True},
        {"kind": "mfcc", "n_mels": 10**12},
        {"kind": "mfcc", "window": 10**9},
        {"kind": "mfcc", "window": 1 << 22, "hop": 1},
        {"kind": "mfcc", "top_db": "80"},
        {"kind": "mfcc", "top_db": 0},
        {"kind": "mfcc", "top_db": math.nan},
        {"kind": "mfcc", "n_mels": 1000},
        {"kind": "spectrogram", "hop": -1},
        {"kind": "spectrogram", "scale": "bark"},
        {"kind": "spectrogram", "scale": []},
        {"kind": "spectrogram", "win_length": 5000},
        {"kind": "spectrogram", "fmin": "low"},
        {"kind": "spectrogram", "fmax": math.inf},
        {"kind": "spectrogram", "frames": 10**9},
        {"kind": "notes", "length": 0},
        {"kind": "notes", "length": "many"},
        {"kind": "notes", "columns": 5},
        {"kind": "notes", "columns": [[]]},
        {"kind": "notes", "chord": None},
        {"kind": "chords", "length": 1.5},
        {"kind": "chords", "length": 10**9},
    ],
    ids=str,
)
def test_what_a_manifest_may_get_wrong_is_one_line(spec):
    with pytest.raises(UserError) as caught:
        features.build(spec)
    assert str(caught.value).isprintable()
