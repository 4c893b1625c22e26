"""Servers and other programs that the live tests start, and what they make of their answers."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from needs import need

HERE = Path(__file__).parent
_ALSA = """
</usr/share/alsa/alsa.conf>
pcm.vmic { type pulse device "vmic.monitor" hint { show on description "vmic" } }
"""

_PULSE = ("pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1")


def wait_for(condition, seconds=20.0):
    """The condition's value as soon as it is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.02)
    raise TimeoutError(f"still not after {seconds} s: {condition}")


def seeded():
    """Random numbers, others in each run; ``RT_CLASSIFY_SEED`` brings back those of a failure."""
    seed = int(os.environ.get("RT_CLASSIFY_SEED") or random.randrange(10_000))
    print(f"RT_CLASSIFY_SEED={seed}")  # pytest shows it where the test fails
    return random.Random(seed)


def end(process, signum=signal.SIGTERM):
    """Stop a process that we started, and wait for it."""
    if process.poll() is None:
        process.send_signal(signum)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


class Server:
    """A server that can be killed and started again."""

    def __init__(self, env, command, ready):
        self.env, self.command, self.ready = env, command, ready
        self.process = None
        self.players = []

    def start(self):
        self.process = subprocess.Popen(
            self.command,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(self._is_ready)
        return self

    def _is_ready(self):
        assert self.process.poll() is None, f"{self.command[0]} ended at once"
        done = subprocess.run(self.ready, env=self.env, capture_output=True, check=False)
        return done.returncode == 0

    def kill(self):
        end(self.process, signal.SIGKILL)
        self.stop_playing()

    def hang(self):
        """Let it live and do nothing, until ``go_on``."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)

    def play(self, command):
        """Let another program play to it."""
        self.players.append(
            subprocess.Popen(
                command,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        return self.players[-1]

    def stop_playing(self):
        while self.players:
            end(self.players.pop())

    def stop(self):
        self.stop_playing()
        if self.process is not None:
            end(self.process)


class JackServer(Server):
    """One that leaves nothing behind."""

    def stop(self):
        if self.process is not None and self.process.poll() == -signal.SIGKILL:
            # It still counts as one of the eight that may run, until one of its name has ended.
            self.start()
        super().stop()
        for left in Path("/dev/shm").glob(f"jack*_{self.env['JACK_DEFAULT_SERVER']}_*"):
            left.unlink(missing_ok=True)


class Helper:
    """A program in a process of its own that speaks JSON lines.

    Args:
        env: Its environment.
        program: A script beside this file, or ``realtime.cli`` for ``rt-classify``.
        args: Its arguments.
    """

    def __init__(self, env, program, *args):
        what = [str(HERE / program)] if program.endswith(".py") else ["-m", program]
        self.process = subprocess.Popen(
            [sys.executable, *what, *args],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said, self.errors = [], []
        self._threads = [
            threading.Thread(target=self._read, args=(self.process.stdout, self._hear)),
            threading.Thread(target=self._read, args=(self.process.stderr, self.errors.append)),
        ]
        for thread in self._threads:
            thread.start()

    def _read(self, stream, take):
        for line in stream:
            take(line)

    def _hear(self, line):
        said = json.loads(line)
        if "type" in said:  # rt-classify's own lines
            said |= {"say": said["type"]}
        self.said.append(said)

    def tell(self, seconds=20.0, **command):
        """Send a command and wait until it is done."""
        before = len(self.all("done"))
        self.send(**command)
        wait_for(lambda: len(self.all("done")) > before or self.failed(), seconds)

    def send(self, **command):
        """Send a command."""
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()

    def all(self, what, **facts):
        facts["say"] = what
        return [line for line in self.said if facts.items() <= line.items()]

    def failed(self):
        assert self.process.poll() in (None, 0), "".join(self.errors)

    def wait(self, what, count=1, *, seconds=20.0, **facts):
        """The ``count``-th line that says so, with these facts."""
        try:
            wait_for(lambda: len(self.all(what, **facts)) >= count or self.failed(), seconds)
        except TimeoutError:
            if "listen.py" in self.process.args[1]:
                self.process.send_signal(signal.SIGUSR1)
                time.sleep(0.5)
            pytest.fail(
                f"no {what} {facts} number {count}; it said {self.said}\n{''.join(self.errors)}"
            )
        return self.all(what, **facts)[count - 1]

    def stop(self, status=0):
        """Ask it to end as a person would; it must do so in order."""
        self.close()
        assert self.process.returncode == status, "".join(self.errors)

    def close(self):
        """End it, however it is."""
        end(self.process)
        for thread in self._threads:
            thread.join(10)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()


def left(listener):
    """The threads and files that a listener which ended has more than before it began."""
    start, last = listener.all("start")[0], listener.all("end")[0]
    more = {what: last[what] - start[what] for what in ("python", "threads", "files")}
    return {what: count for what, count in more.items() if count}


def sound(listener):
    """Stop a listener to sound: its samples in stream time, with NaN in the gaps."""
    listener.stop()
    with np.load(listener.path) as saved:
        positions, samples, lengths = saved["positions"], saved["samples"], saved["lengths"]
    heard = np.full(positions[-1] + lengths[-1], np.nan, np.float32)
    at = 0
    for position, length in zip(positions, lengths, strict=True):
        assert np.isnan(heard[position : position + length]).all(), "overlapping blocks"
        heard[position : position + length] = samples[at : at + length]
        at += length
    return heard


def environment(folder):
    """Environment in which no servers but our own exist; they keep their files in ``folder``."""
    (folder / "asound.conf").write_text(_ALSA)
    (folder / "shared.conf").write_text("autospawn = no\n")
    # With memory shared with its server, libpulse 16 may block itself for good when that is killed:
    # while it frees the memory it waits for the thread that reads it, and that one for its lock.
    # PortAudio then cannot close the stream. Sources live with it, and leave that much behind.
    (folder / "client.conf").write_text("autospawn = no\nenable-shm = no\n")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PULSE", "JACK", "DBUS"))}
    return inherited | {
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "ALSA_CONFIG_PATH": str(folder / "asound.conf"),
        "PULSE_CLIENTCONFIG": str(folder / "client.conf"),
        "JACK_DEFAULT_SERVER": f"rtc-{os.getpid()}",
        "JACK_NO_START_SERVER": "1",
        "JACK_NO_AUDIO_RESERVATION": "1",
        "PYTHONPATH": str(HERE.parents[1]),
        "PYTHONUNBUFFERED": "1",
    }


def guarded_pulse_audio(env, folder, port):
    """PulseAudio with a microphone for those who have its cookie.

    It is reached by TCP: at a Unix socket it lets in whoever is the same user.

    Returns:
        The server, not yet started, and the environment of one whom it refuses.
    """
    need("pulseaudio", "pactl")
    for name in ("cookie", "other-cookie"):
        (folder / name).write_bytes(os.urandom(256))
    known = env | {"PULSE_SERVER": f"tcp:127.0.0.1:{port}", "PULSE_COOKIE": str(folder / "cookie")}
    guard = f"module-native-protocol-tcp listen=127.0.0.1 port={port} auth-cookie={folder}/cookie"
    command = [*_PULSE, "-L", guard, "-L", "module-null-sink sink_name=vmic"]
    stranger = known | {"PULSE_COOKIE": str(folder / "other-cookie")}
    return Server(known, command, ["pactl", "info"]), stranger


def pulse_audio(env, *, prompt=False):
    """PulseAudio with a sink ``vmic`` whose monitor is the microphone; not yet started.

    Args:
        env: Its environment.
        prompt: Whether it delivers at once when it has started. Otherwise its null sink first
            renders 2 s of silence ahead and sleeps for as long, which no sound card does.
    """
    need("pulseaudio", "pactl", "paplay")
    sink = "module-null-sink sink_name=vmic"
    if prompt:
        sink += " norewinds=1"  # what cannot be taken back is rendered 50 ms ahead at most
    # As it is set up by default, it lets those who hear an unplugged source hear another one.
    rescue = ["-L", "module-rescue-streams"]
    command = [*_PULSE, "-L", "module-native-protocol-unix", *rescue, "-L", sink]
    return Server(env, command, ["pactl", "info"])


def jack_audio(env, rate=48_000):
    """JACK's dummy driver: MIDI, and a device ``loopback`` that hears what is played to it."""
    need("jackd", "jack_lsp")
    command = ["jackd", "-r", "-L", "2", "-d", "dummy", "-r", str(rate), "-p", "1024"]
    return JackServer(env, command, ["jack_lsp"])


def full_jack_audio(env):
    """JACK whose ports are all taken, by its driver: its microphone and MIDI refuse everybody."""
    need("jackd", "jack_lsp")
    sound = ["-d", "dummy", "-C", "2", "-P", "2", "-r", "48000", "-p", "1024"]
    return JackServer(env, ["jackd", "-r", "--port-max", "5", *sound], ["jack_lsp"])
