import os
import signal
import threading
import time

import pytest

from realtime.errors import UserError
from realtime.quiet import quiet_stderr
from realtime.sources import errand
from realtime.sources.errand import Errand, patiently


@pytest.fixture
def hung():
    """Work that hangs until the test is over or lets it go on, and then returns 7."""
    free = threading.Event()

    def work():
        free.wait()
        return 7

    work.go_on = free.set
    yield work
    free.set()


def test_what_comes_out():
    assert patiently(lambda: 7) == 7
    with pytest.raises(UserError, match="no device"):
        patiently(lambda: (_ for _ in ()).throw(UserError("no device")))


def test_what_comes_too_late_is_undone(hung):
    undone = threading.Event()
    it = Errand(hung, lambda result: undone.set() if result == 7 else None)
    assert not it.wait(0.01)
    it.give_up()
    hung.go_on()
    assert undone.wait(10)


def test_what_nobody_took_is_undone_once():
    undone = []
    it = Errand(lambda: 7, undone.append)
    assert it.wait(10)
    it.give_up()
    it.give_up()
    assert undone == [7]


def test_what_was_taken_is_kept():
    undone = []
    it = Errand(lambda: 7, undone.append)
    assert it.result() == 7
    it.give_up()
    assert undone == []


def test_ctrl_c_ends_the_wait(hung):
    threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    before = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        patiently(hung)
    assert time.perf_counter() - before < 10


def test_no_answer(hung, monkeypatch, capfd):
    def work():
        with quiet_stderr():
            hung()

    monkeypatch.setattr(errand, "_PATIENCE", 0.05)
    with pytest.raises(UserError, match="does not answer: restart"):
        patiently(work)
    os.write(2, b"news")
    assert capfd.readouterr().err == "news"
