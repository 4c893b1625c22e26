"""MQTT through a real broker, mosquitto, to a real client, mosquitto_sub."""

from __future__ import annotations

import json
import re

import pytest
from brokers import free_port, wait_for

from realtime.errors import UserError
from realtime.sinks.mqtt import Mqtt, parse

pytest.importorskip("paho.mqtt.client")

TOPIC = re.compile(r"homeassistant/sensor/[a-zA-Z0-9_-]+/config")
"""Where Home Assistant 2026.11 looks for sensors."""

SENSOR = {
    *("availability_topic", "device", "device_class", "icon", "json_attributes_topic", "name"),
    *("options", "origin", "state_topic", "unique_id"),
}
"""What of a sensor its schema knows and we use; anything else it drops without a word."""


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


def test_home_assistant_never_takes_two_sensors_for_one(make, broker, subscribed):
    it = broker()
    listener = subscribed(it)
    for prefix in ("my/studio", "my_studio", "%E5%A4%AA%E9%BC%93"):
        sink = Mqtt(f"mqtt://127.0.0.1:{it.port}/{prefix}?discovery=homeassistant")
        for model in ("instrument-cnn", "声-cnn", "音-cnn"):
            sink.emit(make.prediction(model))
        sink.close()
    wait_for(lambda: sum(topic.endswith("/config") for _, topic, _ in listener.got) == 9)
    sensors = {topic: json.loads(p) for _, topic, p in listener.got if topic.endswith("/config")}
    assert len(sensors) == 9
    assert len({sensor["unique_id"] for sensor in sensors.values()}) == 9
    assert all(TOPIC.fullmatch(topic) for topic in sensors)
    assert all(set(sensor) <= SENSOR for sensor in sensors.values())


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
        "mqtt://broker/a%1b]0;b",
        "mqtt://broker?discovery=a%0ab",
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
