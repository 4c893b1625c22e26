"""A real MQTT broker, mosquitto, and a real client, mosquitto_sub."""

from __future__ import annotations

import socket
import subprocess
import threading
import time


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
