"""A real Audacity on a screen that nobody sees, told what to do through its scripting pipe."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from pathlib import Path

import pytest
from needs import need_by_hand

PIPES = [f"/tmp/audacity_script_pipe.{way}.{os.getuid()}" for way in ("to", "from")]
"""Where the module makes them; no setting moves them."""

PATIENCE = 120
"""Seconds until a hanging Audacity is ended."""


class Audacity:
    """A program without tracks; ``close`` ends it."""

    def __init__(self, folder):
        need_by_hand("audacity", "Xvfb", "xdotool")
        modules = sorted(Path("/usr").glob("lib*/**/audacity/modules/mod-script-pipe.so"))
        if not modules:
            pytest.skip("this Audacity comes without mod-script-pipe")
        if any(map(os.path.exists, PIPES)):
            pytest.skip(f"another Audacity runs, or left {PIPES[0]}")
        settings = folder / ".audacity-data" / "audacity.cfg"
        settings.parent.mkdir(parents=True)
        settings.write_text(_settings(modules[0], folder))
        told, tells = os.pipe()
        self._screen = _quietly("Xvfb", "-displayfd", str(tells), "-nolisten", "tcp", keep=[tells])
        os.close(tells)
        with os.fdopen(told) as file:
            display = f":{file.readline().strip()}"
        self._env = os.environ | {"DISPLAY": display, "HOME": str(folder), "LC_ALL": "C.UTF-8"}
        self._program = _quietly("audacity", env=self._env)
        self._watchdog = threading.Timer(PATIENCE, self._program.kill)
        self._watchdog.start()
        self._until(lambda: all(map(os.path.exists, PIPES)))
        # At once: soon a child that tries the plug-ins makes the same pipes anew, for nobody.
        self._to, self._back = open(PIPES[0], "w", buffering=1), open(PIPES[1])  # noqa: SIM115 - until close
        self._until(lambda: self._windows("^Audacity$"))

    def do(self, command):
        """Run a scripting command and return what it prints."""
        self._to.write(command + "\n")
        lines = []
        while (line := self._back.readline()) != "\n" or not lines:
            assert line, "Audacity has ended"
            lines.append(line)
        *said, verdict = filter(str.strip, lines)
        assert verdict == "BatchCommand finished: OK\n", lines
        return "".join(said)

    def import_labels(self, path):
        """File > Import > Labels, which asks for the file in a window."""
        asked = threading.Thread(target=self.do, args=["ImportLabels:"])
        asked.start()
        while asked.is_alive():
            for window in self._windows("^Select a text file"):
                self._hands("windowfocus", window)
                self._hands("key", "ctrl+a")  # what was typed before it listened
                self._hands("type", str(path))
                self._hands("key", "Return")
            asked.join(2)

    def labels(self):
        """For each label track its labels: start, end and text."""
        return [track for _, track in json.loads(self.do("GetInfo: Type=Labels Format=JSON"))]

    def close(self):
        self._watchdog.cancel()
        for process in (self._program, self._screen):
            process.kill()
            process.wait()
        self._to.close()
        self._back.close()
        for pipe in PIPES:
            os.unlink(pipe)

    def _windows(self, title):
        return self._hands("search", "--onlyvisible", "--name", title).split()

    def _hands(self, *words):
        command = ["xdotool", *words]
        done = subprocess.run(command, env=self._env, capture_output=True, text=True, check=False)
        return done.stdout

    def _until(self, what):
        while not what():
            assert self._program.poll() is None, "Audacity has ended"
            time.sleep(0.05)


def _settings(module, folder):
    """Settings of one who has used it before, so that nothing greets him, and allows the module."""
    built = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(module.stat().st_mtime))
    return f"""PrefsVersion=1.1.1r1
[Version]
Major=3
Minor=2
Micro=4
[GUI]
ShowSplashScreen=0
[Update]
DefaultUpdatesChecking=0
UpdateNoticeShown=1
[Directories]
TempDir={folder}
[Module]
mod-script-pipe=1
[ModulePath]
mod-script-pipe={module}
[ModuleDateTime]
mod-script-pipe={built}
"""


def _quietly(*command, env=None, keep=()):
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, env=env, pass_fds=keep, **quiet)
