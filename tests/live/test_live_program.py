"""The program itself at a microphone that really runs: its check, and a terminal that is closed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

from brokers import free_port
from others import full_jack_audio, guarded_pulse_audio

from realtime.recording import Recording


def test_the_check_measures_what_is_played(pulse, alone, tone):
    pulse.play(["paplay", "--device=vmic", tone])
    done = subprocess.run(
        [sys.executable, "-m", "realtime.cli", "--mic", "vmic", "--check", "--task", "instrument"],
        env=alone,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    said = done.stdout
    assert said.startswith("Listening to vmic for 5 s")
    assert re.search(r"level .*-9\.\d dBFS", said)  # a sine at half scale
    assert re.search(r"peak +0\.\d+ of full scale, no clipping", said)
    assert re.search(r"instrument-cnn +\d+\.\d ms", said)
    assert said.splitlines()[-1].startswith("Verdict: ")


def test_a_server_that_refuses_us_is_one_line(alone, tmp_path):
    server, stranger = guarded_pulse_audio(alone, tmp_path, free_port())
    server.start()
    try:
        argv = [sys.executable, "-m", "realtime.cli", "--mic", "--duration", "0.5", "--json"]
        argv += ["--model", "instrument-cnn"]
        welcome, refused = (
            subprocess.run(argv, env=env, capture_output=True, text=True, check=False, timeout=60)
            for env in (server.env, stranger)
        )
    finally:
        server.stop()
    assert (welcome.returncode, welcome.stderr) == (0, "")
    assert refused.returncode == 2
    (line,) = refused.stderr.splitlines()
    assert line.startswith(
        "rt-classify: no microphone: plug one in, or check that the sound server"
    )


def test_devices_that_are_taken_are_one_line_and_the_choice(env):
    server = full_jack_audio(env | {"JACK_DEFAULT_SERVER": f"rtc-{os.getpid()}-full"}).start()
    try:
        mic, midi = (
            subprocess.run(
                [sys.executable, "-m", "realtime.cli", *argv, "--duration", "0.5", "--json"],
                env=server.env,
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
            for argv in (["--mic", "system"], ["--midi-virtual", "x", "--midi-api", "jack"])
        )
    finally:
        server.stop()
    assert (mic.returncode, midi.returncode) == (2, 2)
    (heard,) = mic.stderr.splitlines()
    assert heard.startswith("rt-classify: system: cannot be opened (")
    assert "'system' (JACK Audio Connection Kit)" in heard
    (played,) = midi.stderr.splitlines()
    assert played.startswith("rt-classify: x: cannot be opened (")
    assert played.endswith("or listen to one of those: --midi-port")


def test_a_closed_terminal_leaves_a_whole_recording(pulse, terminal, tone, tmp_path):
    pulse.play(["paplay", "--device=vmic", tone])
    folder = tmp_path / "new"
    argv = ["--mic", "vmic", "--task", "instrument", "--record", str(folder)]
    it = terminal("-m", "realtime.cli", *argv)
    it.read_until("unknown", 60)  # it listens, and draws
    assert it.hang_up() == 130
    assert Recording(folder).index.complete
    kept = [json.loads(line) for line in (folder / "predictions.jsonl").read_text().splitlines()]
    assert kept[-1]["type"] == "summary"
    assert kept[-1]["seconds"] > 1
