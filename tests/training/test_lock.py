"""Only one is at it at a time."""

from __future__ import annotations

import sys
import threading

import pytest

from training.lock import alone


@pytest.mark.skipif(sys.platform == "win32", reason="there everybody is let in")
def test_a_second_one_waits_and_says_so(tmp_path):
    waits, entered = threading.Event(), threading.Event()

    def second():
        with alone(tmp_path / "lock", waits.set):
            entered.set()

    thread = threading.Thread(target=second)
    with alone(tmp_path / "lock", lambda: pytest.fail("nobody is there")):
        thread.start()
        assert waits.wait(10)
        assert not entered.wait(0.1)
    assert entered.wait(10)
    thread.join()


def test_who_fails_lets_others_in(tmp_path):
    for _ in range(2):
        with pytest.raises(OSError, match="full"), alone(tmp_path / "lock", pytest.fail):
            raise OSError("full")
