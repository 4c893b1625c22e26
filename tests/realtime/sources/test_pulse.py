"""What an input of PulseAudio hears, as a server tells it that is not there."""

from __future__ import annotations

import os
import sys
import threading
import time
from types import SimpleNamespace

import pytest

from realtime.sources import pulse
from realtime.sources.pulse import PulseStream
from realtime.sources.returning import Returning

NONE = 0xFFFFFFFF


def known(name):
    return Returning(name, [name, "built-in"], pulse._COUNTED)


USB = known("usb")


class FakePulse:
    """A server, and the part of pulsectl that is used of it."""

    class PulseError(Exception):
        pass

    class PulseLoopStop(Exception):
        pass

    class Disconnected(Exception):
        pass

    def __init__(self):
        self.sources, self.outputs, self.clients = {}, [], []
        self.runs = True
        self.Pulse = lambda name, connect: FakeClient(self)

    def source(self, name, index, card=NONE):
        described = f"The {name}\x1b"
        self.sources[index] = SimpleNamespace(
            name=name, index=index, card=card, description=described
        )

    def stream(self, index, source, pid=None):
        stream = SimpleNamespace(index=index, source=source, client=pid or os.getpid())
        self.outputs.append(stream)
        return stream

    def tell(self):
        for client in self.clients:
            client.told.set()


class FakeClient:
    def __init__(self, server):
        self.server, self.told, self.stopped = server, threading.Event(), False

    def connect(self):
        if not self.server.runs:
            raise self.server.PulseError
        self.server.clients.append(self)

    def close(self):
        if self in self.server.clients:
            self.server.clients.remove(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def asked(self):
        if not self.server.runs:
            raise self.server.Disconnected

    def source_list(self):
        self.asked()
        return [SimpleNamespace(**vars(source)) for source in self.server.sources.values()]

    def client_list(self):
        self.asked()
        pids = {stream.client for stream in self.server.outputs}
        told = [{"application.process.id": str(pid)} for pid in pids]
        return [SimpleNamespace(index=i, proplist=p) for i, p in zip(pids, told, strict=True)]

    def source_output_list(self):
        self.asked()
        return [SimpleNamespace(**vars(stream)) for stream in self.server.outputs]

    def source_output_move(self, index, source):
        self.asked()
        next(s for s in self.server.outputs if s.index == index).source = source

    def event_mask_set(self, mask):
        assert mask == "source_output"

    def event_callback_set(self, callback):
        self.callback = callback

    def event_listen(self, timeout):
        if self.told.wait(timeout):
            self.told.clear()
            if not self.stopped:
                try:
                    self.asked()
                    self.callback(None)
                except self.server.PulseLoopStop:
                    pass
            self.stopped = False

    def event_listen_stop(self):
        self.stopped = True
        self.told.set()


@pytest.fixture
def server(monkeypatch):
    fake = FakePulse()
    fake.source("usb", 3, card=1)
    fake.source("built-in", 4, card=0)
    monkeypatch.setitem(sys.modules, "pulsectl", fake)
    yield fake
    assert fake.clients == [], "every client parts in the end"
    assert "pulse" not in [thread.name for thread in threading.enumerate()]


@pytest.fixture
def heard(server):
    """A stream that hears ``usb``, and is followed."""
    server.stream(7, 4)  # open before
    it = PulseStream()
    server.stream(8, 4, pid=1)  # another program's
    server.stream(9, 3)
    assert not it.follow(None)
    assert (it.source.name, it.description, it.gone) == ("usb", "The usb?", False)
    yield it
    it.close()
    it.close()


def wait_for(condition):
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "in vain"
        time.sleep(0.005)


def moved(server, source):
    server.outputs[-1].source = source
    server.tell()


def test_unplugged(server, heard):
    del server.sources[3]
    moved(server, 4)
    wait_for(lambda: heard.gone)
    assert heard.source.name == "usb"


def test_a_person_moves_it(server, heard):
    moved(server, 4)
    wait_for(lambda: heard.source.name == "built-in")
    assert heard.description == "The built-in?"
    assert not heard.gone
    del server.sources[3]  # heard no more
    server.tell()
    moved(server, 4)
    time.sleep(0.05)
    assert not heard.gone


def test_another_profile_of_the_card_is_no_other_device(server, heard):
    del server.sources[3]
    server.source("usb-stereo", 5, card=1)
    moved(server, 5)
    wait_for(lambda: heard.source.name == "usb-stereo")
    assert not heard.gone


def test_sources_without_a_card_have_none_in_common(server):
    server.source("a.monitor", 6)
    server.source("b.monitor", 7)
    it = PulseStream()
    server.stream(9, 6)
    it.follow(None)
    del server.sources[6]
    moved(server, 7)
    wait_for(lambda: it.gone)
    it.close()


def test_a_stream_that_hears_nothing_yet(server):
    """As those of PipeWire, for a moment."""
    it = PulseStream()
    server.stream(9, NONE)
    assert not it.follow(None)
    assert (it.source, it.gone) == (None, False)
    moved(server, 4)
    wait_for(lambda: it.source)
    assert it.source.name == "built-in"
    del server.sources[4]
    moved(server, 3)
    wait_for(lambda: it.gone)
    it.close()


@pytest.mark.parametrize("now", [NONE, 99])
def test_on_its_way_it_is_not_gone(server, heard, now):
    del server.sources[3]
    moved(server, now)
    time.sleep(0.05)
    assert not heard.gone
    moved(server, 4)
    wait_for(lambda: heard.gone)


def test_what_the_input_ends_with_is_portaudios_to_notice(server, heard):
    server.outputs.pop()
    server.tell()
    time.sleep(0.05)
    server.runs = False
    server.tell()
    wait_for(lambda: server.clients == [])
    assert not heard.gone


@pytest.mark.parametrize("name", ["usb", "usb.2"])
def test_the_same_source_again(server, name):
    """It has another number by then, and also in its name where that was still taken."""
    del server.sources[3]
    server.source(name, 11)
    it = PulseStream()
    server.stream(9, 4)
    assert it.follow(known("usb"))
    assert it.source.name == name
    assert server.outputs[-1].source == 11
    it.close()


def test_no_other_source_is_to_be_heard(server):
    it = PulseStream()
    server.stream(9, 4)
    assert not it.follow(known("built-in"))
    assert it.source.name == "built-in"
    it.close()


@pytest.mark.parametrize("fault", ["vanished", "unlisted", "refused", "no server"])
def test_a_source_that_cannot_be_heard(server, fault, monkeypatch):
    """No other one is taken for it."""
    server.runs = fault != "no server"
    it = PulseStream()
    server.runs = True
    if fault == "vanished":
        del server.sources[3]
    if fault != "unlisted":
        server.stream(9, 4)
    if fault == "refused":

        def refuse(*_):
            raise server.PulseError

        monkeypatch.setattr(FakeClient, "source_output_move", refuse)
    with pytest.raises(OSError, match="usb cannot be heard"):
        it.follow(USB)
    assert it.source is None
    assert server.clients == []


def test_a_stream_that_is_listed_late(server):
    it = PulseStream()
    late = threading.Timer(0.05, lambda: server.stream(9, 4))
    late.start()
    assert it.follow(USB)
    it.close()
    late.join()


def test_any_microphone_is_heard_instead_of_none(server):
    server.source("auto_null.monitor", 6)
    it = PulseStream()
    server.stream(9, 6)
    it.follow(None)
    del server.sources[6]
    moved(server, 3)
    wait_for(lambda: it.source.name == "usb")
    assert not it.gone
    it.close()


@pytest.mark.parametrize("new", [0, 2])
def test_a_stream_that_cannot_be_told_is_not_followed(server, new):
    it = PulseStream()
    for index in range(new):
        server.stream(index, 3)
    assert not it.follow(None)
    assert server.clients == []
    assert (it.source, it.gone) == (None, False)
    it.close()


def test_no_server(server):
    server.runs = False
    it = PulseStream()
    assert not it.follow(None)
    assert (it.source, it.gone) == (None, False)
    it.close()
    assert pulse.there(USB)


def test_a_server_that_ends_meanwhile(server, monkeypatch):
    real = FakeClient.connect

    def connect(client):
        real(client)
        server.runs = False

    monkeypatch.setattr(FakeClient, "connect", connect)
    it = PulseStream()
    assert not it.follow(None)
    server.runs = True
    assert pulse.there(USB)


@pytest.mark.parametrize("fault", [ImportError, OSError])
def test_no_library(monkeypatch, fault):
    class Missing:
        def find_spec(self, name, *_):
            if name == "pulsectl":
                raise fault(name)

    monkeypatch.delitem(sys.modules, "pulsectl", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    it = PulseStream()
    assert not it.follow(None)
    it.close()
    assert pulse.there(USB)


def test_whether_a_source_is_there(server):
    assert pulse.there(USB)
    assert not pulse.there(known("vanished"))
    server.source("usb.2", 12)
    del server.sources[3]
    assert pulse.there(USB)


def test_a_server_that_hangs_does_not_hold_up_the_end(server, heard, monkeypatch):
    hangs, goes_on = threading.Event(), threading.Event()

    def hang(client):
        hangs.set()
        goes_on.wait()
        return []

    monkeypatch.setattr(pulse, "_PATIENCE", 0.1)
    monkeypatch.setattr(FakeClient, "source_output_list", hang)
    server.tell()
    hangs.wait()
    heard.close()
    assert not heard.gone
    goes_on.set()
    wait_for(lambda: server.clients == [])
    heard._thread.join()
