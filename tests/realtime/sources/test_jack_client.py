from types import SimpleNamespace

import pytest

from realtime.sources import jack_client, portaudio
from realtime.sources.jack_client import JackClient
from realtime.sources.returning import Returning

ORGAN = Returning("organ", ["organ"])


@pytest.fixture
def beat(monkeypatch):
    """What the next heartbeat knows."""
    beat = SimpleNamespace(sees=True, left=False, closed=0)
    beat.close = lambda: setattr(beat, "closed", beat.closed + 1)
    monkeypatch.setattr(jack_client, "JackHeartbeat", lambda client: beat)
    return beat


def test_it_has_left_when_the_heartbeat_says_so(beat):
    it = JackClient("organ")
    assert it.source.name == "organ"
    assert not it.follow(None)
    assert not it.follow(ORGAN)
    assert not it.gone
    beat.left = True
    assert it.gone
    it.close()
    assert beat.closed == 1


def test_one_that_the_server_does_not_know_is_not_followed(beat):
    beat.sees, beat.left = False, True
    it = JackClient("organ")
    assert not it.follow(None)
    assert (it.source, it.gone) == (None, False)
    with pytest.raises(OSError, match="it is not there"):
        it.follow(ORGAN)


@pytest.mark.parametrize("sees", [True, False])
def test_whether_it_is_there(beat, sees):
    beat.sees = sees
    assert jack_client.there("organ") == sees
    assert beat.closed == 1


def test_it_is_not_there_while_no_server_runs(monkeypatch):
    monkeypatch.setattr(portaudio, "jack_ended", lambda: True)
    monkeypatch.setattr(jack_client, "JackWatch", lambda: SimpleNamespace(running=False))
    monkeypatch.setattr(jack_client, "JackHeartbeat", None)  # no process for each look
    assert not jack_client.there("organ")


def test_it_is_not_there_while_the_server_hangs(monkeypatch):
    def hang(client):
        raise TimeoutError

    monkeypatch.setattr(jack_client, "JackHeartbeat", hang)
    assert not jack_client.there("organ")
