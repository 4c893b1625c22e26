import os
import threading

import pytest

from realtime.quiet import quiet_stderr


def test_what_a_library_writes_inside_is_dropped_and_afterwards_is_not(capfd):
    with quiet_stderr():
        os.write(2, b"chatter")
    os.write(2, b"news")
    assert capfd.readouterr().err == "news"


def test_stderr_comes_back_after_an_error(capfd):
    with pytest.raises(ValueError, match="x"), quiet_stderr():
        raise ValueError("x")
    os.write(2, b"news")
    assert capfd.readouterr().err == "news"


def test_stderr_comes_back_when_threads_are_quiet_at_once(capfd):
    entered, leave = threading.Event(), threading.Event()

    def other():
        with quiet_stderr():
            entered.set()
            leave.wait()

    thread = threading.Thread(target=other)
    with quiet_stderr():
        thread.start()
        entered.wait(0.2)  # it should not get in: it would take the silence for the real stderr
    leave.set()
    thread.join()
    os.write(2, b"news")
    assert capfd.readouterr().err == "news"
