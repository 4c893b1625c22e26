import time

import pytest

from realtime.sources import jack_heartbeat
from realtime.sources.jack_heartbeat import JackHeartbeat

MOVES = "while not select.select([sys.stdin], [], [], 0.01)[0]: os.write(1, b'+')"


@pytest.fixture
def heartbeat(monkeypatch, tmp_path):
    """Start one whose process does what is given; it is closed in the end."""
    started = []

    def heartbeat(code):
        path = tmp_path / "server.py"
        path.write_text(f"import os, select, sys, time\n{code}\n")
        monkeypatch.setattr(jack_heartbeat, "__file__", str(path))
        started.append(JackHeartbeat())
        return started[-1]

    yield heartbeat
    for each in started:
        each.close()
        assert each._process.poll() is not None


def test_a_server_whose_time_moves(heartbeat):
    it = heartbeat(MOVES)
    assert it.beats()
    assert it.regular


@pytest.mark.parametrize(("ticks", "regular"), [("+---", True), ("-" * 20, False)])
def test_time_that_stands_still(heartbeat, ticks, regular):
    it = heartbeat(f"os.write(1, b'+'); time.sleep(0.2); os.write(1, b'{ticks}'); sys.stdin.read()")
    end = time.monotonic() + (0.5 if regular else 10)
    while it.regular and time.monotonic() < end:
        time.sleep(0.02)
    assert it.regular == regular


def test_ticks_of_before_do_not_count(heartbeat, monkeypatch):
    it = heartbeat("os.write(1, b'+'); time.sleep(0.2); os.write(1, b'+'); sys.stdin.read()")
    time.sleep(0.5)
    monkeypatch.setattr(jack_heartbeat, "_STILL", 0.1)
    assert not it.beats()


def test_time_that_moves_again(heartbeat):
    it = heartbeat("os.write(1, b'+' + b'-' * 30 + b'+'); sys.stdin.read()")
    time.sleep(0.2)
    assert it.regular


def test_a_server_that_does_not_answer(heartbeat, monkeypatch):
    monkeypatch.setattr(jack_heartbeat, "_FIRST", 0.1)
    with pytest.raises(TimeoutError, match="its server does not answer: restart it"):
        heartbeat("sys.stdin.read()")


@pytest.mark.parametrize("code", ["", "os.write(1, b'+-----------------------')"])
def test_a_process_that_ended_says_nothing_against_the_server(heartbeat, code):
    it = heartbeat(code)
    it._process.wait()
    assert it.beats()


def test_a_process_that_does_not_end(heartbeat):
    heartbeat("os.write(1, b'+'); time.sleep(60)")


@pytest.mark.parametrize("said", ["!+", "!-", "---!-+", "+++"])
def test_a_client_that_leaves(heartbeat, said):
    it = heartbeat(f"os.write(1, b'+'); time.sleep(0.1); os.write(1, b'{said}'); sys.stdin.read()")
    end = time.monotonic() + (10 if "!" in said else 0.5)
    while not it.left and time.monotonic() < end:
        time.sleep(0.01)
    assert it.left == ("!" in said)
    assert it.regular
    assert it.left == ("!" in said)


def test_the_client_to_follow_is_told(heartbeat):
    it = heartbeat("os.write(1, b'!+' if sys.argv[1] == '' else b'+'); sys.stdin.read()")
    assert it.left
    assert not it.sees


@pytest.mark.parametrize(
    ("code", "sees"), [(MOVES, True), ("", False), ("os.write(1, b'!+')", False)]
)
def test_whether_it_sees_the_client(heartbeat, code, sees):
    it = heartbeat(code)
    assert it.sees == sees
    left = it.left
    it.close()
    assert it.left == left  # as it was
    assert not it.sees
