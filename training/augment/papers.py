"""The first seed paper's augmentation of spectrograms, for its protocol only.

A melody that is rotated or played backwards is no melody: the live models do without.
"""

from __future__ import annotations

import numpy as np

ROTATION = 15.0
SHIFT = 0.1


def change(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rotate by up to 15 degrees, shift by up to a tenth each way, mirror time in half the cases.

    What comes in from outside repeats the nearest edge.

    Args:
        picture: float32 (frames, bands).
        rng: Source of chance.

    Returns:
        float32 of the same shape.
    """
    from scipy.ndimage import affine_transform

    angle = np.deg2rad(rng.uniform(-ROTATION, ROTATION))
    shift = rng.uniform(-SHIFT, SHIFT, 2) * picture.shape
    if rng.random() < 0.5:
        picture = picture[::-1]
    cos, sin = np.cos(angle), np.sin(angle)
    matrix = np.array([[cos, -sin], [sin, cos]])
    centre = (np.array(picture.shape) - 1) / 2
    offset = centre - matrix @ (centre + shift)
    changed: np.ndarray = affine_transform(picture, matrix, offset, order=1, mode="nearest")
    return changed
