import ctypes.util

import pytest

from realtime.sources.jack import JackWatch


@pytest.mark.parametrize("library", [None, "libno-such-thing.so"])
def test_without_libjack_the_server_counts_as_alive(monkeypatch, library):
    monkeypatch.setattr(ctypes.util, "find_library", lambda _: library)
    watch = JackWatch()
    assert watch.alive
    watch.close()
    watch.close()


def test_without_a_server(monkeypatch, capfd):
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "rt-classify-no-such-server")
    watch = JackWatch()
    assert watch.alive
    watch.close()
    assert capfd.readouterr().err == ""
