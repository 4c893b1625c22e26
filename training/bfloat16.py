"""Whether this machine trains convolutions faster in bfloat16 than in float32."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

import numpy as np


@cache
def faster() -> bool:
    """Measure it, once, by a convolution and the gradient of its filters: less than a second.

    Processors with instructions for it (AVX512_BF16, AMX) take about half the time. On others
    TensorFlow computes a convolution as fast as in float32, but not that gradient: on an AMD EPYC
    with AVX2 alone, ``instrument-cnn`` learned from a window in 215 ms instead of 32. So flags of
    the processor, or the time of a network's answer, would tell too little.
    """
    return _seconds("bfloat16") < _seconds("float32")


def _seconds(dtype: str) -> float:
    """Least of four times; the first holds TensorFlow's preparations as well."""
    import tensorflow as tf

    rng = np.random.default_rng(0)
    x: Any = tf.cast(rng.standard_normal((4, 61, 32, 16), np.float32), dtype)
    filters: Any = tf.cast(rng.standard_normal((3, 3, 16, 32), np.float32), dtype)
    times = []
    for _ in range(4):
        started = time.perf_counter()
        with tf.GradientTape() as tape:
            tape.watch(filters)
            y = tf.nn.conv2d(x, filters, 1, "SAME")
        tape.gradient(y, filters).numpy()
        times.append(time.perf_counter() - started)
    return min(times)
