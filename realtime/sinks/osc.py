"""``--osc``: Open Sound Control 1.0 over UDP, for synthesizers, lights and visuals.

All addresses begin with ``/rt-classify``; a name in an address has ``_`` in place of what OSC
keeps for its patterns.

============================  =========  ===========================================================
address                       types      arguments
============================  =========  ===========================================================
``/start``                    ``ss…``    source, then the name of each model
``/MODEL/heard``              ``ssff``   most likely label, state, its probability, stream time in s
``/MODEL/probs/LABEL``        ``f``      smoothed probability, one message a label
``/level``                    ``ff``     level in dBFS, peak from 0 to 1, ten times a second
``/event``                    ``ssfi``   kind, text, stream time in s, count
``/MODEL/summary``            ``sfi``    label that all windows together favour, its probability,
                                         windows
============================  =========  ===========================================================

A prediction is one bundle (two or more, with very many labels): ``heard``, then the probabilities.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Iterator
from typing import Any

from realtime.errors import UserError
from realtime.extras import need
from realtime.records import Event, Prediction, Record, Signal, Start, Summary
from realtime.text import printable

ROOT = "/rt-classify"

_PATTERN = re.compile(r"[\s#*,/?\[\]{}]|[^\x20-\x7e]")

_TOGETHER = 20
"""Messages a bundle: a datagram of this many fits a network's packets (1500 bytes)."""

Message = tuple[str, tuple[str | float | int, ...]]


class Osc:
    """Sends records to one receiver. Nobody needs to listen: UDP does not tell.

    Attributes:
        signals: It sends the level too.
        lost: Records that the network would not take.
    """

    signals = True

    def __init__(self, target: str) -> None:
        """Looks up the receiver.

        Args:
            target: ``HOST:PORT``; ``[::1]:9000`` for IPv6.

        Raises:
            UserError: It is not of this form, the host is unknown, or python-osc is missing.
        """
        self.lost = 0
        self._messages = need("pythonosc.osc_message_builder", extra="outputs", option="--osc")
        self._bundles = need("pythonosc.osc_bundle_builder", extra="outputs", option="--osc")
        family, self._address = _resolve(target)
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)

    def emit(self, record: Record) -> None:
        """Sends a record."""
        try:
            for bundle in _bundled(_messages(record)):
                self._socket.sendto(self._encode(bundle), self._address)
        except OSError:  # no route for now, a full buffer: the next one may pass
            self.lost += 1

    def close(self) -> None:
        """Closes the socket."""
        self._socket.close()

    def _encode(self, messages: list[Message]) -> bytes:
        built = [self._message(*message) for message in messages]
        if len(built) == 1:
            return bytes(built[0].dgram)
        bundle = self._bundles.OscBundleBuilder(self._bundles.IMMEDIATELY)
        for message in built:
            bundle.add_content(message)
        return bytes(bundle.build().dgram)

    def _message(self, address: str, arguments: tuple[str | float | int, ...]) -> Any:
        builder = self._messages.OscMessageBuilder(ROOT + address)
        for argument in arguments:
            builder.add_arg(argument)
        return builder.build()


def part(name: str) -> str:
    """A name as one part of an address."""
    return _PATTERN.sub("_", name) or "_"


def _messages(record: Record) -> Iterator[Message]:
    match record:
        case Start():
            yield "/start", (_text(record.source), *map(_text, record.models))
        case Signal():
            yield "/level", (float(record.level), float(record.peak))
        case Prediction():
            model = f"/{part(record.model)}"
            heard = (_text(record.label or ""), record.state, float(record.p), float(record.t))
            yield f"{model}/heard", heard
            for label, p in record.smoothed.items():
                yield f"{model}/probs/{part(label)}", (float(p),)
        case Event():
            text = _text(record.text)
            yield "/event", (_text(record.kind), text, float(record.t), int(record.count))
        case Summary():
            for name, model_summary in record.models.items():
                label = model_summary.label or ""
                p = float(model_summary.probs.get(label, 0.0))
                yield f"/{part(name)}/summary", (_text(label), p, int(model_summary.windows))


def _bundled(messages: Iterable[Message]) -> Iterator[list[Message]]:
    together: list[Message] = []
    for message in messages:
        together.append(message)
        if len(together) == _TOGETHER:
            yield together
            together = []
    if together:
        yield together


def _text(text: str) -> str:
    return printable(text).encode("utf-8", "replace").decode()


def _resolve(target: str) -> tuple[int, Any]:
    """The family and address of ``HOST:PORT``."""
    host, colon, port = target.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    said = printable(target)
    if not colon or not host or not port.isdecimal() or len(port) > 5 or not 0 < int(port) < 65536:
        raise UserError(f"--osc {said}: must be HOST:PORT, such as 127.0.0.1:9000")
    try:
        family, *_, address = socket.getaddrinfo(host, int(port), type=socket.SOCK_DGRAM)[0]
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(f"--osc {said}: unknown host ({reason}); check the name") from error
    return family, address
