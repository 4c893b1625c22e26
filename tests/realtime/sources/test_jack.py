import pytest

from realtime.sources import jack
from realtime.sources.jack import JackWatch

HEADER = "Num       RefCount Protocol Flags    Type St Inode Path\n"
SERVER = "00000000b99e71d9: 00000002 00000000 00010000 0001 01 {} /dev/shm/jack_{}_0_0\n"
CLIENT = "00000000ad3fe37d: 00000003 00000000 00000000 0001 03 99 /dev/shm/jack_default_0_0\n"
OTHERS = (
    "00000000b99e71d9: 00000002 00000000 00010000 0001 01 7 /run/user/0/pulse/native\n"
    "00000000b99e71d9: 00000002 00000000 00000000 0002 01 8\n"
)


@pytest.fixture
def sockets(tmp_path, monkeypatch):
    """What the system lists, as a function that sets it."""
    monkeypatch.delenv("JACK_DEFAULT_SERVER", raising=False)
    path = tmp_path / "unix"
    monkeypatch.setattr(jack, "_SOCKETS", path)
    return lambda *lines: path.write_text(HEADER + OTHERS + "".join(lines))


def test_a_server_that_dies(sockets):
    sockets(SERVER.format(233639, "default"), CLIENT)
    watch = JackWatch()
    assert watch.alive
    assert watch.running
    sockets(CLIENT)
    assert not watch.alive
    assert not JackWatch().running


def test_a_server_that_is_replaced(sockets):
    sockets(SERVER.format(1, "default"))
    watch = JackWatch()
    sockets(SERVER.format(2, "default"))
    assert not watch.alive


def test_a_server_of_another_name(sockets, monkeypatch):
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "studio")
    sockets(SERVER.format(1, "default"), SERVER.format(2, "studio"))
    watch = JackWatch()
    sockets(SERVER.format(2, "studio"))
    assert watch.alive
    sockets(SERVER.format(1, "default"))
    assert not watch.alive


def test_servers_that_cannot_be_seen_count_as_alive(sockets):
    assert JackWatch().alive
    sockets(CLIENT)
    watch = JackWatch()
    sockets()
    assert watch.alive
