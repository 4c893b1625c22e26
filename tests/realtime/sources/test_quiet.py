import os
import threading

import pytest

from realtime.quiet import quiet_stderr, unmute_stderr


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
        assert entered.wait(10)  # without waiting for us
    os.write(2, b"chatter")
    leave.set()
    thread.join()
    os.write(2, b"news")
    assert capfd.readouterr().err == "news"


def test_stderr_is_given_back_while_somebody_is_inside(capfd):
    with quiet_stderr():
        os.write(2, b"chatter")
        unmute_stderr()
        os.write(2, b"news")
    unmute_stderr()
    os.write(2, b" and more")
    assert capfd.readouterr().err == "news and more"


def test_it_can_be_quiet_beside_somebody_who_stays_inside(capfd):
    with quiet_stderr():
        unmute_stderr()
        with quiet_stderr():
            os.write(2, b"chatter")
        os.write(2, b"news")
    os.write(2, b" and more")
    with quiet_stderr():
        os.write(2, b"chatter")
    assert capfd.readouterr().err == "news and more"
