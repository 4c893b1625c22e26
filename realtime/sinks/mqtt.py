"""``--mqtt``: messages for a broker, and sensors that Home Assistant finds by itself.

========================  ========  ================================================================
topic                     retained  payload
========================  ========  ================================================================
``PREFIX/status``         yes       ``online`` or ``offline``; the broker says the latter if we die
``PREFIX/MODEL/label``    yes       what is heard, or ``silent`` …, only when it changes
``PREFIX/MODEL``          no        each prediction, as ``--json`` writes it
``PREFIX/event``          no        each event, as ``--json`` writes it
``PREFIX/start``          no        the start, as ``--json`` writes it
``PREFIX/summary``        no        the summary, as ``--json`` writes it
========================  ========  ================================================================
"""

from __future__ import annotations

import re
import socket
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from zlib import crc32

from realtime import __version__
from realtime.errors import UserError
from realtime.extras import need
from realtime.records import Prediction, Record, State
from realtime.sinks.jsonlines import fields, line
from realtime.text import printable

PORTS = {"mqtt": 1883, "mqtts": 8883}

PATIENCE = 5.0
"""Seconds for the broker to answer, and for a message to leave."""

_KEPT = 200
"""Retained messages that wait for a broker which is away."""

_SAYS: dict[State, str] = {"silent": "silent", "warming": "warming", "unknown": "unknown"}


@dataclass(frozen=True, slots=True)
class Broker:
    """What ``mqtt[s]://[USER[:PASSWORD]@]HOST[:PORT][/PREFIX][?discovery=TOPIC]`` says."""

    host: str
    port: int
    tls: bool
    user: str | None
    password: str | None
    prefix: str
    discovery: str | None


class Mqtt:
    """Publishes records. A broker that goes away is found again; what it missed is counted.

    Attributes:
        lost: Records that could not be published.
    """

    def __init__(self, url: str) -> None:
        """Connects.

        Raises:
            UserError: The URL is wrong, the broker cannot be reached or refuses, or paho-mqtt is
                missing.
        """
        self.lost = 0
        self._broker = broker = parse(url)
        self._said: dict[str, str] = {}
        paho = need("paho.mqtt.client", extra="outputs", option="--mqtt")
        paho._socketpair_compat = _pair  # its own listens on a port of this machine for a moment
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self._client.max_queued_messages_set(_KEPT)
        self._client.will_set(self._topic("status"), "offline", qos=1, retain=True)
        if broker.tls:
            self._client.tls_set()
        if broker.user is not None:
            self._client.username_pw_set(broker.user, broker.password)
        self._client.on_connect = self._connected
        self._answered = threading.Event()
        self._refusal = ""
        where = f"--mqtt {broker.host}:{broker.port}"
        try:
            self._client.connect(broker.host, broker.port)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise UserError(f"{where}: no broker answers ({reason}); start it, or check") from error
        self._client.loop_start()
        if not self._answered.wait(PATIENCE) or self._refusal:
            self._client.loop_stop()
            reason = self._refusal or f"no answer within {PATIENCE:g} s"
            raise UserError(f"{where}: the broker refuses ({reason}); check user and password")

    def emit(self, record: Record) -> None:
        """Publishes a record, unless it has no topic."""
        content = fields(record)
        if content is None:
            return
        if isinstance(record, Prediction):
            self._publish(self._topic(part(record.model)), content)
            self._label(record)
        else:
            self._publish(self._topic(content["type"]), content)

    def close(self) -> None:
        """Says good-bye and disconnects."""
        self._publish(self._topic("status"), "offline", keep=True)
        self._client.disconnect()
        self._client.loop_stop()

    def _label(self, prediction: Prediction) -> None:
        says = _SAYS.get(prediction.state) or printable(prediction.label or "unknown")
        if prediction.model not in self._said and self._broker.discovery:
            topic, config = self._sensor(prediction)
            self._publish(topic, config, keep=True)
        if self._said.get(prediction.model) != says:
            self._said[prediction.model] = says
            self._publish(self._topic(part(prediction.model), "label"), says, keep=True)

    def _sensor(self, prediction: Prediction) -> tuple[str, dict[str, Any]]:
        """Home Assistant's discovery message for a model: its topic and content."""
        prefix, model = self._broker.prefix, printable(prediction.model)
        identity = _identity(f"{prefix}_{model}")
        config = {
            "name": model,
            "unique_id": identity,
            "state_topic": self._topic(part(prediction.model), "label"),
            "json_attributes_topic": self._topic(part(prediction.model)),
            "availability_topic": self._topic("status"),
            "device_class": "enum",
            "options": [*map(printable, prediction.probs), *_SAYS.values()],
            "icon": "mdi:music",
            "device": {"identifiers": [prefix], "name": prefix, "sw_version": __version__},
            "origin": {"name": "rt-classify", "sw_version": __version__},
        }
        return f"{self._broker.discovery}/sensor/{identity}/config", config

    def _publish(self, topic: str, content: str | dict[str, Any], *, keep: bool = False) -> None:
        """Publishes and waits until it has left, so that nothing piles up here."""
        text = content if isinstance(content, str) else line(content)
        info = self._client.publish(topic, text, qos=1 if keep else 0, retain=keep)
        try:
            info.wait_for_publish(PATIENCE)
            self.lost += not info.is_published()
        except ValueError:  # too many wait for the broker
            self.lost += 1
        except RuntimeError:  # it is away: what is kept goes out when it is back
            self.lost += not keep

    def _connected(self, client: Any, data: Any, flags: Any, reason: Any, *_: Any) -> None:
        """Called in the client's thread, at first and whenever the broker is back."""
        if reason.is_failure:
            self._refusal = str(reason)
            client.disconnect()
        else:
            client.publish(self._topic("status"), "online", qos=1, retain=True)
        self._answered.set()

    def _topic(self, *parts: str) -> str:
        return "/".join((self._broker.prefix, *parts))


def _pair() -> tuple[socket.socket, socket.socket]:
    """What wakes the client's thread when there is something to send."""
    pair = socket.socketpair()
    for end in pair:
        end.setblocking(False)
    return pair


def part(name: str) -> str:
    """A name as one part of a topic."""
    return re.sub(r"[+#/]", "_", printable(name)) or "_"


def _identity(name: str) -> str:
    """A name in the characters that Home Assistant allows in a topic.

    A checksum keeps names apart that are made of others: it would take their sensors for one.
    """
    allowed = re.sub(r"[^A-Za-z0-9_-]", "_", name)
    return allowed if allowed == name else f"{allowed}_{crc32(name.encode()):08x}"


def parse(url: str) -> Broker:
    """What a broker's URL says.

    Raises:
        UserError: It is not of the form that ``Broker`` shows.
    """
    form = "mqtt://[USER:PASSWORD@]HOST[:PORT][/PREFIX][?discovery=homeassistant]"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        query = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    except ValueError as error:
        raise UserError(f"--mqtt: not a URL ({error}); must be {form}") from error
    if (
        parts.scheme not in PORTS
        or not host
        or port == 0
        or set(query) - {"discovery"}
        or parts.fragment
    ):
        raise UserError(f"--mqtt: such as mqtt://localhost; in full {form}")
    prefix = unquote(parts.path.strip("/")) or "rt-classify"
    discovery = query.get("discovery")
    topics = prefix + (discovery or "")
    if re.search(r"[+#]", topics) or printable(topics) != topics:
        raise UserError("--mqtt: topics must not hold +, # or control characters; choose others")
    return Broker(
        host,
        port or PORTS[parts.scheme],
        parts.scheme == "mqtts",
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
        prefix,
        discovery,
    )
