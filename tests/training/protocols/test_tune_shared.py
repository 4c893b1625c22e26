"""A search that several processes share through Keras Tuner's own variables."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from realtime.errors import UserError
from training import cli
from training.protocols import tune

CHILD = Path(__file__).with_name("tune_child.py")
MODEL = "instrument-lstm-paper"
FOUND = Path("reports") / f"tune-{MODEL}-paper.json"
TRIALS, EPOCHS = 4, 2

SECONDS = 240
"""After which it is given up, on a busy machine; it takes less than a minute."""


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """None of Keras Tuner's variables is set."""
    for name in (tune.NAME, tune.HOST, tune.PORT):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.fixture
def port() -> int:
    """One that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def start(port: int, tmp_path: Path):
    """Starts a process of the search; what it says is in ``NAME.err``."""
    running: list[subprocess.Popen[bytes]] = []

    def start(name: str, *argv: str) -> subprocess.Popen[bytes]:
        env = os.environ | {tune.NAME: name, tune.HOST: "127.0.0.1", tune.PORT: str(port)}
        env["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, sys.path))
        with open(tmp_path / f"{name}.err", "ab") as err:
            running.append(
                subprocess.Popen([sys.executable, CHILD, *argv], cwd=tmp_path, env=env, stderr=err)
            )
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.wait()


def settings(path: Path) -> list[int]:
    """Numbers of the settings that a tuner has trained to the last epoch."""
    text = path.read_text() if path.exists() else ""
    return [int(n) for n in re.findall(rf"setting (\d+)/\d+: epoch {EPOCHS}/{EPOCHS} ", text)]


def until(true) -> None:
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.usefixtures("tiny", "tensorflow")
def test_two_share_what_one_does_alone(sounds: str, start, tmp_path: Path, env) -> None:
    argv = ["tune", MODEL, "--data", sounds, "--epochs", str(EPOCHS), "--trials", str(TRIALS)]
    chief = start("chief", *argv, "--runs", "1")
    tuners = [start(name, *argv, "--runs", "1") for name in ("tuner1", "tuner2")]
    wrong = start("tuner3", *argv, "--runs", "2")
    # Whoever dies is given again under its name, and the chief waits for it.
    until(lambda: len(settings(tmp_path / "tuner2.err")) == 1)
    tuners[1].kill()
    tuners[1].wait()
    tuners[1] = start("tuner2", *argv, "--runs", "1")
    assert [p.wait(SECONDS) for p in (chief, *tuners)] == [0, 0, 0]
    assert wrong.wait(SECONDS) == 2
    assert "searches something else" in (tmp_path / "tuner3.err").read_text().splitlines()[-1]
    one, two = (settings(tmp_path / f"tuner{n}.err") for n in (1, 2))
    assert one
    assert sorted({*one, *two}) == list(range(1, TRIALS + 1))
    assert len(one) + len(two) == TRIALS
    together = json.loads(FOUND.read_text())
    assert len(together["trials"]) == TRIALS

    (tmp_path / "alone").mkdir()
    env.chdir(tmp_path / "alone")
    assert cli.main([*argv, "--runs", "1"]) == 0
    alone = json.loads(FOUND.read_text())
    assert together.keys() == alone.keys()

    def by_settings(found):
        return {json.dumps(t["settings"]): t["valid_accuracy"] for t in found["trials"]}

    assert by_settings(together) == pytest.approx(by_settings(alone), abs=0.15)


def test_alone(env) -> None:
    assert tune.role() is None


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((tune.HOST,), f"{tune.NAME}, {tune.PORT} must be set"),
        ((tune.NAME,), f"{tune.HOST}, {tune.PORT} must be set"),
        ((tune.NAME, tune.HOST, tune.PORT), "number from 1 to 65535"),
    ],
)
def test_half_a_request_is_told_before_any_work(values, words, env, capsys) -> None:
    for name in values:
        env.setenv(name, "x")
    assert cli.main(["tune", MODEL, "--data", "nsynth:nowhere"]) == 2
    err = capsys.readouterr().err
    assert words in err
    assert len(err.splitlines()) == 1


@pytest.mark.usefixtures("tiny", "tensorflow")
def test_a_second_chief_is_told(sounds: str, port: int, env, capsys) -> None:
    for name, value in ((tune.NAME, "chief"), (tune.HOST, "127.0.0.1"), (tune.PORT, str(port))):
        env.setenv(name, value)
    with socket.create_server(("127.0.0.1", port)):
        assert cli.main(["tune", MODEL, "--data", sounds, "--trials", "1"]) == 2
    assert f"cannot listen at 127.0.0.1:{port}" in capsys.readouterr().err.splitlines()[-1]


def test_there_is_no_chief(env) -> None:
    grpc = pytest.importorskip("grpc")

    class Search:
        @property
        def oracle(self):
            raise grpc.RpcError

    for name, value in ((tune.NAME, "tuner1"), (tune.HOST, "127.0.0.1"), (tune.PORT, "9")):
        env.setenv(name, value)
    with pytest.raises(UserError, match=r"127\.0\.0\.1:9 does not answer"):
        tune._take_part(Search(), "tuner", "")
