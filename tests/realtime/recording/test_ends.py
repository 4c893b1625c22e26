"""Recordings whose program is killed or interrupted."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import mido
import numpy as np
import pytest
from scripted import DEMO, content, lines, replayed

from realtime import cli
from realtime.recording import Recording
from realtime.records import STREAM_RATE

LISTEN = """
import sys, time
import numpy as np
from realtime.recording import Recorder
from realtime.records import AudioBlock, MidiBlock, TimedMessage
import mido

class Endless:
    name, live, length, stream = "endless", True, None, sys.argv[2]
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def __iter__(self):
        begun, position = time.perf_counter(), 0
        while True:
            time.sleep(0.02)
            end = int((time.perf_counter() - begun) * 16000)
            if self.stream == "audio":
                ramp = np.arange(position, end, dtype=np.float32) % 1000 / 1024
                yield AudioBlock(position, ramp, time.perf_counter())
            else:
                note = TimedMessage(position, mido.Message("note_on", note=position // 320 % 128))
                yield MidiBlock(position, end, (note,), time.perf_counter())
            position = end
            print(end, flush=True)

with Recorder(Endless(), sys.argv[1]) as recorder:
    for _ in recorder: pass
"""


@pytest.mark.parametrize("stream", ["audio", "midi"])
def test_a_killed_recording_can_be_replayed_up_to_the_last_second(stream, tmp_path):
    folder = tmp_path / "new"
    argv = [sys.executable, "-c", LISTEN, str(folder), stream]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) > 4 * STREAM_RATE:
                break
        process.kill()
        end = int(line)
    recording = Recording(folder)
    assert not recording.index.complete
    starts, kept, parts, _ = content(replayed(folder))
    assert starts == [0]
    assert kept > end - 2 * STREAM_RATE
    if stream == "audio":
        expected = np.arange(kept, dtype=np.float32) % 1000 / 1024
        assert np.array_equal(np.frombuffer(parts[0], np.float32), expected)
    else:
        assert len(parts[0]) > 50
        mido.MidiFile(folder / "notes.mid")


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_it_in_order(number, tmp_path, capsys):
    if not hasattr(signal, number):
        pytest.skip(f"no {number} here")
    folder = tmp_path / "new"
    argv = [sys.executable, "-m", "realtime.cli", "--file", str(DEMO / "prelude.ogg"), "--json"]
    argv += ["--pace", "real", "--task", "instrument", "--record", str(folder), "--hop", "0.1"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(9):
            process.stdout.readline()
        process.send_signal(getattr(signal, number))
        out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, b"")
    assert json.loads(out.splitlines()[-1])["type"] == "summary"
    assert Recording(folder).index.complete
    argv = ["--file", str(folder), "--json", "--task", "instrument", "--hop", "0.1"]
    assert cli.main(argv) == 0
    assert lines(capsys.readouterr().out) == lines((folder / "predictions.jsonl").read_text())
