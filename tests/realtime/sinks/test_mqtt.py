"""MQTT through a real broker, mosquitto, to a real client, mosquitto_sub."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
import time

import pytest

from realtime.errors import UserError
from realtime.sinks.mqtt import Mqtt, parse

pytest.importorskip("paho.mqtt.client")


class Broker:
    """Mosquitto on a port of its own, and what a subscriber to everything gets."""

    def __init__(self, folder, *, password=None):
        self.port = free_port()
        lines = [f"listener {self.port} 127.0.0.1", f"allow_anonymous {str(not password).lower()}"]
        lines.append("user root")  # only heeded when root starts it, whose files others cannot read
        self.login = []
        if password:
            subprocess.run(
                ["mosquitto_passwd", "-b", "-c", str(folder / "users"), "ann", password], check=True
            )
            lines.append(f"password_file {folder / 'users'}")
            self.login = ["-u", "ann", "-P", password]
        self.config = folder / "mosquitto.conf"
        self.config.write_text("\n".join(lines) + "\n")
        self.start()

    def start(self):
        command = ["mosquitto", "-c", str(self.config)]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, **quiet)
        wait_for(self._answers)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)

    def subscribe(self):
        command = ["mosquitto_sub", "-p", str(self.port), *self.login, "-t", "#", "-F", "%r %t %p"]
        return Subscriber(["stdbuf", "-oL", *command])

    def _answers(self):
        with socket.socket() as attempt:
            return attempt.connect_ex(("127.0.0.1", self.port)) == 0


class Subscriber:
    """``mosquitto_sub``: lines of retained, topic and payload."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.got = []
        self.thread = threading.Thread(target=self._read)
        self.thread.start()
        time.sleep(0.3)

    def _read(self):
        for line in self.process.stdout:
            self.got.append(tuple(line.rstrip("\n").split(" ", 2)))

    def payloads(self, topic):
        return [payload for _, name, payload in list(self.got) if name == topic]

    def close(self):
        self.process.terminate()
        self.thread.join(10)
        self.process.stdout.close()
        self.process.wait(10)


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def wait_for(what):
    end = time.monotonic() + 15
    while not what() and time.monotonic() < end:
        time.sleep(0.02)
    assert what()


@pytest.fixture
def broker(tmp_path):
    if not all(map(shutil.which, ("mosquitto", "mosquitto_sub", "mosquitto_passwd"))):
        pytest.skip("mosquitto is not installed")
    brokers = []

    def broker(**options):
        brokers.append(Broker(tmp_path, **options))
        return brokers[-1]

    yield broker
    for each in brokers:
        each.stop()


@pytest.fixture
def subscribed(broker):
    subscribers = []

    def subscribed(it):
        subscribers.append(it.subscribe())
        return subscribers[-1]

    yield subscribed
    for each in subscribers:
        each.close()


def test_a_subscriber_gets_every_record(make, broker, subscribed):
    it = broker()
    listener = subscribed(it)
    sink = Mqtt(f"mqtt://127.0.0.1:{it.port}/studio?discovery=homeassistant")
    records = [make.start(), make.prediction(), make.prediction(t=8.25), make.signal()]
    records += [make.prediction(t=8.5, state="silent"), make.event(), make.summary()]
    for record in records:
        sink.emit(record)
    sink.close()
    assert sink.lost == 0
    wait_for(lambda: listener.payloads("studio/status") == ["online", "offline"])
    assert listener.payloads("studio/instrument-cnn/label") == ["reed", "silent"]
    predictions = [json.loads(p) for p in listener.payloads("studio/instrument-cnn")]
    assert [p["t"] for p in predictions] == [8.0, 8.25, 8.5]
    assert predictions[0]["label"] == "reed"
    assert json.loads(*listener.payloads("studio/start"))["type"] == "start"
    assert json.loads(*listener.payloads("studio/event"))["kind"] == "notice"
    assert json.loads(*listener.payloads("studio/summary"))["source"] == "song.wav"
    [config] = listener.payloads("homeassistant/sensor/studio_instrument-cnn/config")
    sensor = json.loads(config)
    assert sensor["state_topic"] == "studio/instrument-cnn/label"
    assert sensor["availability_topic"] == "studio/status"
    assert {"reed", "silent"} <= set(sensor["options"])
    late = subscribed(it)  # whoever comes later finds what is retained
    wait_for(lambda: late.payloads("studio/status"))
    assert set(late.got) >= {("1", "studio/status", "offline")}
    assert set(late.got) >= {("1", "studio/instrument-cnn/label", "silent")}


def test_a_broker_that_goes_away_and_returns(make, broker, subscribed):
    it = broker()
    sink = Mqtt(f"mqtt://127.0.0.1:{it.port}")
    sink.emit(make.prediction())
    it.stop()
    wait_for(lambda: not sink._client.is_connected())
    sink.emit(make.prediction(t=9.0, label="flute"))
    assert sink.lost == 1  # the prediction; its label waits
    it.start()
    listener = subscribed(it)
    wait_for(lambda: listener.payloads("rt-classify/status")[-1:] == ["online"])
    wait_for(lambda: listener.payloads("rt-classify/instrument-cnn/label") == ["flute"])
    sink.emit(make.prediction(t=10.0))
    sink.close()
    wait_for(lambda: listener.payloads("rt-classify/instrument-cnn"))
    assert sink.lost == 1


def test_names_and_passwords(make, broker, subscribed):
    it = broker(password="secret")
    with pytest.raises(UserError, match=r"refuses .*check user and password") as refused:
        Mqtt(f"mqtt://ann:wrong@127.0.0.1:{it.port}")
    assert "wrong" not in str(refused.value)
    listener = subscribed(it)
    sink = Mqtt(f"mqtt://ann:secret@127.0.0.1:{it.port}")
    sink.emit(make.prediction("odd/name+#"))
    sink.close()
    wait_for(lambda: listener.payloads("rt-classify/odd_name__/label"))


def test_no_broker():
    with pytest.raises(UserError, match="no broker answers") as error:
        Mqtt(f"mqtt://127.0.0.1:{free_port()}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "broker",
        "http://broker",
        "mqtt://",
        "mqtt://broker:x",
        "mqtt://broker/a?b=c",
        "mqtt://broker/a+b",
        "mqtt://[broker",
    ],
)
def test_a_url_that_is_none(url):
    with pytest.raises(UserError, match="--mqtt: "):
        parse(url)


def test_what_a_url_says():
    broker = parse("mqtts://ann:p%40ss@broker/my/studio?discovery=ha")
    assert (broker.host, broker.port, broker.tls) == ("broker", 8883, True)
    assert (broker.user, broker.password) == ("ann", "p@ss")
    assert (broker.prefix, broker.discovery) == ("my/studio", "ha")
    assert parse("mqtt://broker").prefix == "rt-classify"
