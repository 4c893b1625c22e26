"""Weights handed on from one network to another."""

from __future__ import annotations

import numpy as np
import pytest

from realtime.errors import UserError
from training import networks, start

keras = pytest.importorskip("keras")

SPEC = {"name": "vgg", "blocks": [[4], [4]], "dropout": 0.1, "dense": 8, "head": "moments"}
WINDOWS = np.random.default_rng(0).random((5, 16, 8), np.float32)


def inside(model):
    """What the last layer reads."""
    reader = keras.Model(model.inputs, model.layers[-1].input)
    return reader.predict(WINDOWS, verbose=0)


def test_a_network_with_other_labels_begins_where_the_trained_one_ended(tmp_path):
    trained = networks.build(SPEC, (16, 8), 3, keras)
    start.write(tmp_path, trained)
    new = networks.build(SPEC, (16, 8), 5, keras)
    before = inside(new)
    output = new.layers[-1].get_weights()
    start.begin(new, tmp_path)
    np.testing.assert_allclose(inside(new), inside(trained), atol=0.01)  # float16 on the way
    assert not np.allclose(before, inside(new), atol=0.01)
    np.testing.assert_array_equal(new.layers[-1].get_weights()[0], output[0])


def test_weights_of_another_network_are_refused(tmp_path):
    start.write(tmp_path, networks.build(SPEC, (16, 8), 3, keras))
    other = networks.build(SPEC | {"dense": 9}, (16, 8), 3, keras)
    with pytest.raises(UserError, match="belongs to another network"):
        start.begin(other, tmp_path)


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04", b"\x93NUMPY"])
def test_damaged_weights_are_told_in_a_line(tmp_path, content):
    if content is not None:
        (tmp_path / start.FILE).write_bytes(content)
    with pytest.raises(UserError, match="cannot be read"):
        start.begin(networks.build(SPEC, (16, 8), 3, keras), tmp_path)
