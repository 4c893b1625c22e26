from types import SimpleNamespace

from realtime.sources import jack_client
from realtime.sources.jack_client import JackClient


def test_it_has_left_when_the_heartbeat_says_so(monkeypatch):
    ended = []
    beat = SimpleNamespace(left=False, close=lambda: ended.append(True))
    monkeypatch.setattr(jack_client, "JackHeartbeat", lambda client: beat)
    it = JackClient("organ")
    assert not it.gone
    beat.left = True
    assert it.gone
    it.close()
    assert ended
