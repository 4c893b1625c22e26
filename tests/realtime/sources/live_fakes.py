"""Stand-ins for what live sources touch: time, PortAudio and a MIDI system."""

import heapq
import itertools
from types import SimpleNamespace

import numpy as np

from realtime.sources.behind import Behind
from realtime.sources.returning import Returning


class FakeClock:
    """Time that passes only in ``sleep``, where things happen that were planned with ``at``."""

    def __init__(self):
        self.time = 100.0
        self.plans = []
        self.count = itertools.count()  # keeps plans for one instant in order

    def now(self):
        return self.time

    def at(self, seconds, action):
        """Plan something for so many seconds from now."""
        heapq.heappush(self.plans, (self.time + seconds, next(self.count), action))

    def sleep(self, seconds):
        assert self.time < 1000, "nothing ended this"
        end = self.time + seconds
        while self.plans and self.plans[0][0] <= end + 1e-9:
            when, _, action = heapq.heappop(self.plans)
            self.time = max(self.time, when)
            action()
        self.time = max(self.time, end)


class FakeSounddevice:
    """The part of sounddevice that is used, with devices that tests plug in, feed and pull out."""

    class PortAudioError(Exception):
        def __str__(self):
            return str(self.args[0])

    def __init__(self):
        self.present = []  # what is plugged in
        self.known = []  # what PortAudio last read
        self.streams = []  # open ones
        self.restarts = 0
        self.busy = False
        self.default = SimpleNamespace(device=[-1, -1])
        self.behind = Behind()
        self.sources = []  # what a sound server has for its default device

    def plug(self, name, *, channels=2, rate=48_000, rates=None, counts=None, api=0, first=False):
        device = {
            "name": name,
            "hostapi": api,
            "max_input_channels": channels,
            "default_samplerate": float(rate),
            "rates": rates,
            "counts": counts,
        }
        self.present.insert(0 if first else len(self.present), device)
        return device

    def unplug(self, device):
        self.present.remove(device)
        for stream in self.streams:
            if stream.device is device:
                stream.end()

    def hears(self, source):
        return source is None or source.name in self.sources

    def query_devices(self):
        return self.known

    def query_hostapis(self):
        return [{"name": "ALSA"}, {"name": "JACK"}]

    def _exit_handler(self):
        pass

    def _terminate(self):
        assert not self.streams, "a restart ends open streams"
        self.known = []

    def _initialize(self):
        self.restarts += 1
        self.known = list(self.present)

    def InputStream(self, **options):
        device = self.known[options["device"]]
        if device not in self.present or self.busy:
            raise self.PortAudioError("Device unavailable", -9985)
        if device["rates"] and options["samplerate"] not in device["rates"]:
            raise self.PortAudioError("Invalid sample rate", -9997)
        if device["counts"] and options["channels"] not in device["counts"]:
            raise self.PortAudioError("Invalid number of channels", -9998)
        stream = FakeStream(self, device, options)
        self.streams.append(stream)
        return stream


class FakeBehind(Behind):
    """What a sound server lets be heard."""

    def __init__(self, source):
        self.hears(source)
        self.left = False
        self.wanted = []
        self.closed = 0

    def hears(self, source):
        self.source, self.description = Returning(source, [source]), f"The {source}"

    @property
    def gone(self):
        return self.left

    def follow(self, source):
        self.wanted.append(source)
        self.left = False
        moved = source is not None and source.name != self.source.name
        if moved:
            self.hears(source.name)
        return moved

    def close(self):
        self.closed += 1


class FakeStream:
    latency = 0.035

    def __init__(self, owner, device, options):
        self.owner, self.device, self.options = owner, device, options
        self.rate, self.channels = options["samplerate"], options["channels"]
        self.played = 0

    def start(self):
        pass

    def feed(self, frames, *, overflow=False):
        """Deliver frames as PortAudio's thread would."""
        frames = np.asarray(frames, self.options["dtype"])
        if frames.ndim == 1:
            frames = np.repeat(frames[:, None], self.channels, axis=1)
        status = SimpleNamespace(input_overflow=True) if overflow else None
        self.options["callback"](frames, len(frames), None, status)

    def end(self):
        self.options["finished_callback"]()

    def abort(self):
        pass

    def close(self):
        if self in self.owner.streams:
            self.owner.streams.remove(self)


class FakeMidi:
    """All MIDI systems of a machine: what is plugged in, whether they run, what was opened."""

    def __init__(self):
        self.ports = ["keys"]
        self.outs = ["synth"]
        self.only = None  # the one system that was asked for
        self.running = True
        self.systems = []  # open ones
        self.inputs = []
        self.outputs = []
        self.refuse = False

    def system(self, api):
        if not self.running:
            raise OSError("not running")
        assert not self.systems, "a new client beside one of a dead server crashes"
        system = FakeSystem(self, api)
        self.systems.append(system)
        return system


class FakeSystem:
    def __init__(self, owner, api):
        self.owner, self.api = owner, api
        self.alive = self.answers = True

    def inputs(self):
        return list(self.owner.ports)

    def outputs(self):
        return list(self.owner.outs)

    def open_input(self, name, callback, *, virtual):
        if self.owner.refuse or not (virtual or name in self.owner.ports):
            raise OSError("cannot connect")
        return FakePort(self.owner.inputs, name, callback, virtual)

    def open_output(self, name):
        if name not in self.owner.outs:
            raise OSError("cannot connect")
        return FakePort(self.owner.outputs, name)

    def close(self):
        for port in (*self.owner.inputs, *self.owner.outputs):
            port.close()
        self.owner.systems.remove(self)


class FakePort:
    def __init__(self, shelf, name, callback=None, virtual=False):
        self.shelf, self.name, self.callback, self.virtual = shelf, name, callback, virtual
        self.sent = []
        shelf.append(self)

    def send(self, message):
        self.sent.append(message)

    def close(self):
        self.shelf.remove(self)
