"""Tiny networks and model folders made here, so that no test waits for a trained one; a broker."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import soundfile
from brokers import Broker
from hypothesis import settings
from needs import need
from tiny_models import MFCC, tiny_network, write_folder

settings.register_profile("here", deadline=None)  # machines differ, and other things run on them
settings.load_profile("here")


@pytest.fixture(scope="session", autouse=True)
def no_settings(tmp_path_factory):
    """No test reads what the person at this machine has set."""
    with pytest.MonkeyPatch.context() as patch:
        folder = str(tmp_path_factory.mktemp("config"))
        patch.setenv("XDG_CONFIG_HOME", folder)
        patch.setattr("realtime.config.usual_place", lambda: Path(folder) / "none.toml")
        yield


@pytest.fixture(scope="session")
def network():
    """Makes tiny networks; see ``tiny_network``."""
    return tiny_network


@pytest.fixture
def model_folder(tmp_path):
    """Makes a model folder with a tiny network that fits its feature, and returns its path."""

    def make(feature=MFCC, labels=("ape", "bee", "cat"), content=None, name="tiny", **changes):
        return write_folder(tmp_path / name, feature, labels, content, **changes)

    return make


@pytest.fixture
def labelled_sounds(tmp_path):
    """Makes a folder with so many files of a second in a folder a label, and returns its path."""

    def make(files, labels=("buzz", "hiss")):
        rng, seconds = np.random.default_rng(0), np.arange(16_000) / 16_000
        for label in labels:
            folder = tmp_path / "sounds" / label
            folder.mkdir(parents=True)
            for i in range(files):
                # The first label's sounds are tones, and the others' are not.
                tone = np.sin(2 * np.pi * 220 * (i + 1) * seconds)
                wave = tone if label == labels[0] else rng.uniform(-1, 1, len(seconds))
                soundfile.write(folder / f"{label}-{i:03}.wav", 0.3 * wave, 16_000)
        return tmp_path / "sounds"

    return make


@pytest.fixture
def rewrite():
    """Changes or removes (``None``) entries of the ``model.json`` in a folder."""

    def rewrite(folder: Path, **changes):
        path = folder / "model.json"
        values = json.loads(path.read_text("utf-8")) | changes
        path.write_text(json.dumps({k: v for k, v in values.items() if v is not None}), "utf-8")

    return rewrite


@pytest.fixture
def broker(tmp_path):
    """Starts brokers, each on a port of its own."""
    need("mosquitto", "mosquitto_sub", "mosquitto_passwd")
    brokers = []

    def broker(**options):
        brokers.append(Broker(tmp_path, **options))
        return brokers[-1]

    yield broker
    for each in brokers:
        each.stop()


class Cluster:
    """A Dask scheduler with two worker processes on loopback."""

    def __init__(self, local):
        self._local, self.address = local, local.scheduler_address
        self.close, self.scale = local.close, local.scale

    def kill(self):
        """Kills a worker, as a lack of memory would."""
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            os.kill(min(client.run(os.getpid).values()), signal.SIGKILL)


@pytest.fixture
def dask():
    """A scheduler and two worker processes on loopback."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as local:
        yield Cluster(local)
