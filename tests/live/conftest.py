"""Sound and MIDI servers of our own, without hardware: started here, stopped here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from others import Helper, environment, jack_audio, pulse_audio


@pytest.fixture(scope="session")
def env():
    """Environment in which only our servers exist."""
    # Not tmp_path: the path of a socket may only have 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="rtc-"))
    yield environment(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def pulse_server(env):
    """PulseAudio with a sink ``vmic`` whose monitor is the microphone."""
    server = pulse_audio(env, prompt=True)
    yield server
    server.stop()


@pytest.fixture
def pulse(pulse_server):
    """The PulseAudio server, running and silent."""
    if pulse_server.process is None or pulse_server.process.poll() is not None:
        pulse_server.start()
    yield pulse_server
    pulse_server.go_on()
    pulse_server.stop_playing()


@pytest.fixture
def plug(pulse):
    """Plug a microphone into the PulseAudio server, and make it the default: it can be pulled."""
    plugged = []

    def pactl(*words):
        command = ["pactl", *words]
        return subprocess.check_output(command, env=pulse.env, text=True).strip()

    def plug(name):
        told = f"sink_properties=device.description={name}"
        sink = ["module-null-sink", f"sink_name={name}", told, "norewinds=1"]
        number = pactl("load-module", *sink)
        plugged.append(number)
        pactl("set-default-source", f"{name}.monitor")

        def pull():
            plugged.remove(number)
            pactl("unload-module", number)

        return pull

    yield plug
    for number in plugged:
        pactl("unload-module", number)


@pytest.fixture
def sleepy_pulse(pulse, env):
    """Another PulseAudio server in its place, whose null sink first sleeps for 2 s."""
    pulse.kill()
    server = pulse_audio(env).start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def jack_session(env):
    server = jack_audio(env)
    yield server
    server.stop()


@pytest.fixture
def jack(jack_session):
    """The JACK server, running."""
    if jack_session.process is None or jack_session.process.poll() is not None:
        jack_session.start()
    yield jack_session
    jack_session.stop_playing()


@pytest.fixture
def jack_at(env):
    """Another JACK server, at a rate of one's choice."""
    servers = []

    def jack_at(rate):
        other = env | {"JACK_DEFAULT_SERVER": f"rtc-{os.getpid()}-{rate}"}
        servers.append(jack_audio(other, rate).start())
        return servers[-1]

    yield jack_at
    for server in servers:
        server.go_on()
        server.stop()


@pytest.fixture
def helper(env):
    """Start a helper; it is stopped in the end."""
    helpers = []

    def helper(program, *args, env=env):
        helpers.append(Helper(env, program, *args))
        return helpers[-1]

    yield helper
    for each in helpers:
        each.close()


@pytest.fixture
def keys(jack, helper):
    """A keyboard ``keys`` in another process, plugged in."""
    player = helper("play_midi.py")
    player.wait("ready")
    player.tell(do="open", name="keys")
    yield player
    jack.go_on()


@pytest.fixture(scope="session")
def alone(env):
    """The same environment without JACK: PortAudio keeps a client at every server that it sees."""
    return env | {"JACK_DEFAULT_SERVER": f"rtc-{os.getpid()}-none"}


@pytest.fixture
def listen(helper, tmp_path, env, alone):
    """Listen to a live source in another process; ``sound`` then tells what was heard."""
    everything = env

    def listen(kind, env=None, **options):
        env = env or (alone if kind == "mic" else everything)
        path = tmp_path / f"{kind}-{len(list(tmp_path.iterdir()))}.npz"
        path.touch()
        it = helper("listen.py", kind, str(path), json.dumps(options), env=env)
        it.path = path
        it.wait("open")
        return it

    return listen


@pytest.fixture
def terminal(alone):
    """Start a program on a terminal of its own; it is ended in the end."""
    from terminals import SHOWN, Terminal

    opened = []

    def terminal(*argv, env=alone):
        opened.append(Terminal(*argv, env=env | SHOWN))
        return opened[-1]

    yield terminal
    for each in opened:
        each.close()


@pytest.fixture
def shared(env):
    """The same environment with libpulse as it is by default, sharing memory with its server."""
    other = env["PULSE_CLIENTCONFIG"].replace("client.conf", "shared.conf")
    return env | {"PULSE_CLIENTCONFIG": other}


@pytest.fixture(scope="session")
def tone(tmp_path_factory):
    """A stereo file of 440 Hz at half scale, 20 s long."""
    path = tmp_path_factory.mktemp("tones") / "tone.wav"
    wave = 0.5 * np.sin(2 * np.pi * 440 * np.arange(20 * 44_100) / 44_100)
    soundfile.write(path, np.stack([wave, wave], 1), 44_100, subtype="FLOAT")
    return str(path)
