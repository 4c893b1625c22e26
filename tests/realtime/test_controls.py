"""Wishes from another thread reach a run in the main thread."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading

import pytest

from realtime import cli
from realtime.controls import Controls
from realtime.engine import Engine
from realtime.errors import UserError
from realtime.records import Event, Prediction, Summary
from realtime.sources import choose


class Board:
    """A sink that presses keys as a person would, by what it sees."""

    def __init__(self, controls, presses):
        self.controls, self.presses, self.records = controls, presses, []

    def emit(self, record):
        self.records.append(record)
        for press in self.presses:
            press(self, record)

    def close(self):
        pass

    def of(self, kind):
        return [r for r in self.records if isinstance(r, kind)]


def step(devices):
    """What ``following`` does: tells devices, or says why not."""
    if isinstance(devices, Exception):
        raise devices
    return list(devices)


@pytest.fixture
def run(stub, monkeypatch):
    """Runs the command line over stub sources with a board instead of the dashboard."""

    def run(sources, *presses, following=(), argv=()):
        boards = []

        def dashboard(controls):
            boards.append(Board(controls, presses))
            return boards[0]

        monkeypatch.setattr(cli, "_shows_dashboard", lambda _: True)
        monkeypatch.setattr(cli, "_dashboard", dashboard)
        monkeypatch.setattr(choose, "choose", lambda _: (list(sources), []))
        monkeypatch.setattr("realtime.sources.following.following", lambda _: step(following))
        monkeypatch.setattr("realtime.api.choose", lambda *_, **__: [stub.model()])
        return cli.main(["--file", "stub", "--pace", "fast", *argv]), boards[0]

    return run


class Anew:
    """Items that begin anew each time, as those of a device do."""

    def __init__(self, items):
        self.items = items

    def __iter__(self):
        return self.items()


def endless(stub, name, live=True):
    import time

    from realtime.records import AudioBlock

    def blocks():
        position = 0
        samples = stub.noise(0.1)
        while True:
            time.sleep(0.002)
            yield AudioBlock(position, samples, time.perf_counter())
            position += len(samples)

    return stub.source(Anew(blocks), live=live, name=name)


def once(action, when):
    """Do something at the first record for which ``when`` holds."""
    done = []

    def press(board, record):
        if not done and when(record):
            done.append(record)
            action(board.controls)

    return press


def at(t, source=None):
    return lambda r: isinstance(r, Prediction) and r.t >= t and source in (None, r.source)


def test_quit_sums_up_and_is_0(run, stub):
    status, board = run([endless(stub, "mic")], once(Controls.quit, at(1.0)))
    assert status == 0
    assert len(board.of(Summary)) == 1


def test_quit_ends_all_files(run, stub):
    files = [endless(stub, "a", live=False), endless(stub, "b", live=False)]
    status, board = run(files, once(Controls.quit, at(1.0)))
    assert status == 0
    assert [s.source for s in board.of(Summary)] == ["a"]


def test_the_next_device_and_the_one_after_that_cannot_be_opened(run, stub):
    class Broken:
        name, stream, live, length = "broken", "audio", True, None

        def __enter__(self):
            raise UserError("broken: is busy; close the other program")

        def __exit__(self, *_):
            raise AssertionError

    status, board = run(
        [endless(stub, "first")],
        once(Controls.next_device, at(1.0, "first")),
        once(Controls.quit, at(1.0, "second")),
        following=[Broken(), endless(stub, "second"), endless(stub, "third")],
    )
    assert status == 0
    assert [s.source for s in board.of(Summary)] == ["first", "second"]
    assert [e.text for e in board.of(Event)] == ["broken: is busy; close the other program"]


def test_without_devices_to_step_to_the_run_goes_on(run, stub):
    def quit_later(board, record):
        if board.of(Summary) and isinstance(record, Prediction):
            board.controls.quit()

    status, board = run(
        [endless(stub, "mic")],
        once(Controls.next_device, at(1.0)),
        quit_later,
        following=UserError("the sound server does not answer: restart it"),
    )
    assert status == 0
    assert [s.source for s in board.of(Summary)] == ["mic", "mic"]
    assert [e.text for e in board.of(Event)] == ["the sound server does not answer: restart it"]


def test_a_file_has_no_next_device(run, stub):
    presses = once(Controls.next_device, at(1.0)), once(Controls.quit, at(2.0))
    status, board = run([endless(stub, "file", live=False)], *presses)
    assert status == 0
    assert len(board.of(Summary)) == 1


def test_evidence_begins_anew(run, stub):
    presses = once(Controls.reset_evidence, at(1.0)), once(Controls.quit, at(4.0))
    _, board = run([endless(stub, "mic")], *presses)
    whole = [p for p in board.of(Prediction) if p.probs and p.state != "warming"]
    alone = [p.t for p in whole if p.evidence == pytest.approx(p.probs)]
    assert len(alone) >= 2  # the first window, and the first after the reset


def test_a_recording_keeps_its_device_and_its_evidence(run, stub, tmp_path):
    presses = once(Controls.reset_evidence, at(1.0)), once(Controls.next_device, at(2.0))
    argv = ["--record", str(tmp_path / "new")]
    _, board = run([endless(stub, "mic")], *presses, once(Controls.quit, at(4.0)), argv=argv)
    assert [s.source for s in board.of(Summary)] == ["mic"]
    whole = [p for p in board.of(Prediction) if p.probs and p.state != "warming"]
    assert [p.t for p in whole if p.evidence == pytest.approx(p.probs)] == [whole[0].t]


def ctrl_c(_):
    os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture
def full_disk(monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("realtime.recording.sound.write_all", full)


@pytest.mark.usefixtures("full_disk")
@pytest.mark.parametrize("ending", [(Controls.quit, 2), (ctrl_c, 130)], ids=["quit", "Ctrl-C"])
def test_a_recording_that_ended_early_is_told_however_the_run_ends(
    run, stub, tmp_path, capsys, ending
):
    end, status = ending
    argv = ["--record", str(tmp_path / "new")]
    assert run([endless(stub, "mic")], once(end, at(2.0)), argv=argv)[0] == status
    (line,) = capsys.readouterr().err.splitlines()
    assert "the recording ended early (No space left on device)" in line


def test_nothing_to_wish_for_between_runs():
    controls = Controls(live=True)
    controls.quit()
    controls.next_device()
    controls.reset_evidence()
    assert controls.granted() is None


def test_a_second_wish_waits_for_the_first(stub):
    controls = Controls(live=True)
    interrupted = []
    with controls.over(Engine(stub.source([]), [stub.model()])):
        try:
            threading.Thread(target=controls.next_device).start()
            for _ in range(1000):
                threading.Event().wait(0.01)
        except KeyboardInterrupt:
            interrupted.append(True)
        controls.quit()
    assert interrupted == [True]
    assert controls.granted() == "next device"
    assert controls.granted() is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no Ctrl-Z")
def test_a_stop_is_told_before_and_after(monkeypatch):
    controls, told = Controls(), []
    controls.on_stop(lambda: told.append("leave"), lambda: told.append("come back"))
    before = [signal.getsignal(n) for n in (signal.SIGTSTP, signal.SIGCONT)]

    def stopped(number):
        assert signal.getsignal(number) == signal.SIG_DFL
        told.append("stopped")
        raise_signal(signal.SIGCONT)

    raise_signal = signal.raise_signal
    with controls.stoppable():
        monkeypatch.setattr("realtime.controls.signal.raise_signal", stopped)
        for _ in range(2):
            raise_signal(signal.SIGTSTP)
    assert told == ["leave", "stopped", "come back"] * 2
    assert controls.hold.wait() > 0
    assert before == [signal.getsignal(n) for n in (signal.SIGTSTP, signal.SIGCONT)]
