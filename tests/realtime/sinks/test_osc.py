"""OSC as receivers of other makers understand it: python-osc's server, and liblo's oscdump."""

from __future__ import annotations

import socket
import subprocess
import threading
import time

import pytest
from needs import need

from realtime.errors import UserError
from realtime.sinks.osc import Osc

server = pytest.importorskip("pythonosc.osc_server")
dispatcher = pytest.importorskip("pythonosc.dispatcher")


@pytest.fixture
def received():
    """A python-osc server: its port, and what it received."""
    messages = []
    everything = dispatcher.Dispatcher()
    everything.set_default_handler(lambda *message: messages.append(message))
    it = server.ThreadingOSCUDPServer(("127.0.0.1", 0), everything)
    thread = threading.Thread(target=it.serve_forever)
    thread.start()
    yield it.server_address[1], messages
    it.shutdown()
    thread.join()
    it.server_close()


def wait_for(what):
    end = time.monotonic() + 10
    while not what() and time.monotonic() < end:
        time.sleep(0.01)
    assert what()


def send(target, *records):
    sink = Osc(target)
    for record in records:
        sink.emit(record)
    sink.close()
    assert sink.lost == 0


def test_a_python_receiver_gets_every_record(make, received):
    port, messages = received
    records = [make.start(), make.signal(), make.prediction(), make.event(), make.summary()]
    send(f"127.0.0.1:{port}", *records)
    wait_for(lambda: len(messages) == 1 + 1 + 11 + 1 + 3)
    heard = {address: arguments for address, *arguments in messages}
    assert heard["/rt-classify/start"][0] == "song.wav"
    assert heard["/rt-classify/level"] == [-20.0, 0.5]
    assert heard["/rt-classify/instrument-cnn/heard"] == pytest.approx(["reed", "live", 0.6, 8.0])
    assert heard["/rt-classify/instrument-cnn/probs/reed"] == pytest.approx([0.6])
    assert heard["/rt-classify/event"] == ["notice", "all is well", 3.0, 0]
    assert heard["/rt-classify/composer-cnn/summary"] == pytest.approx(["Mendelssohn", 0.9, 42])


def test_many_labels_and_odd_names(make, received):
    port, messages = received
    probs = {f"a/b #{i}\n": 0.01 for i in range(100)}
    send(f"127.0.0.1:{port}", make.prediction("my model*", next(iter(probs)), smoothed=probs))
    wait_for(lambda: len(messages) == 101)
    assert {m[0] for m in messages} >= {"/rt-classify/my_model_/probs/a_b__99_"}


def test_liblo_reads_it(make):
    need("oscdump")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["stdbuf", "-oL", "oscdump", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as dump:
        lines = []
        reader = threading.Thread(target=lambda: lines.extend(dump.stdout))
        reader.start()
        end = time.monotonic() + 10
        while not lines and time.monotonic() < end:  # until it listens
            send(f"127.0.0.1:{port}", make.event())
            time.sleep(0.05)
        send(f"127.0.0.1:{port}", make.prediction())
        time.sleep(0.5)
        dump.terminate()
        reader.join()
    text = "".join(lines)
    assert '/rt-classify/event ssfi "notice" "all is well" 3.000000 0' in text
    assert '/rt-classify/instrument-cnn/heard ssff "reed" "live" 0.600000 8.000000' in text
    assert "/rt-classify/instrument-cnn/probs/vocal f 0.044444" in text


def test_nobody_needs_to_listen(make):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    send(f"127.0.0.1:{port}", *[make.prediction()] * 3)


def test_what_the_network_does_not_take_is_counted(make):
    sink = Osc("127.0.0.1:9")
    sink._socket.close()
    sink.emit(make.prediction())
    assert sink.lost == 1


@pytest.mark.parametrize("target", ["", "host", "host:", ":9000", "host:x", "host:0", "host:70000"])
def test_a_target_that_is_none(target):
    with pytest.raises(UserError, match="HOST:PORT"):
        Osc(target)


def test_an_unknown_host():
    with pytest.raises(UserError, match="unknown host"):
        Osc("no.such.host.invalid:9000")


def test_without_python_osc(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pythonosc.osc_message_builder", None)
    with pytest.raises(UserError, match=r"pip install '\.\[outputs\]'"):
        Osc("127.0.0.1:9000")
