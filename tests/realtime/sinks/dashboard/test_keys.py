"""The keyboard, on a terminal of its own: what is pressed, and what state it is left in."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from terminals import SHOWN, Terminal

PROGRAM = """
import sys, time
from realtime.sinks.dashboard.keys import Keys
keys = Keys(lambda key: print(repr(key), flush=True))
print("ready", keys.work, flush=True)
try:
    {body}
finally:
    {closing}
"""


@pytest.fixture
def terminal():
    opened = []

    def terminal(*argv, env=None):
        opened.append(Terminal(*argv, env=env))
        return opened[-1]

    yield terminal
    for each in opened:
        each.close()


def program(body="time.sleep(60)", closing="keys.close()"):
    return "-c", PROGRAM.format(body=body, closing=closing)


def test_keys_come_one_by_one_unseen(terminal):
    it = terminal(*program())
    it.read_until("ready True")
    assert not it.left_as_found()
    it.press("q ")
    it.read_until("'q'\r\n' '")
    it.press("\x1b[A\x1bOPé")  # an arrow and a function key are none of ours
    it.read_until("'é'")
    assert "'A'" not in it.text
    it.press("\x03")
    assert it.wait() != 0
    assert it.left_as_found()


@pytest.mark.parametrize("closing", ["keys.close()", "pass"])
@pytest.mark.parametrize("body", ["pass", "1 / 0", "sys.exit(3)"])
def test_the_terminal_is_set_back_however_it_ends(terminal, body, closing):
    it = terminal(*program(body, closing))
    it.read_until("ready True")
    it.wait()
    assert it.left_as_found()


def test_without_a_terminal_there_are_no_keys():
    done = subprocess.run(
        [sys.executable, *program("pass")], input="q", capture_output=True, text=True, check=True
    )
    assert done.stdout == "ready False\n"


DEMO = ("-m", "realtime.cli", "--file", "demo/prelude.ogg", "--task", "instrument")
ENV = SHOWN | {"PATH": os.environ["PATH"]}


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (lambda it: it.press("q"), 0),
        (lambda it: it.press(" q"), 0),
        (lambda it: it.press("\x03"), 130),
        (lambda it: it.process.send_signal(signal.SIGTERM), 130),
    ],
    ids=["q", "q in a pause", "Ctrl-C", "SIGTERM"],
)
def test_the_dashboard_gives_the_terminal_back(terminal, end, status):
    it = terminal(*DEMO, env=ENV)
    it.read_until("live", 60)
    assert not it.left_as_found()
    end(it)
    assert it.wait() == status
    assert it.left_as_found()
    assert it.text.count("\x1b[?1049h") == it.text.count("\x1b[?1049l") == 1
    assert it.text.rindex("\x1b[?25h") > it.text.rindex("\x1b[?25l")
    assert "times real time" in it.text.rpartition("\x1b[?1049l")[2]


def test_keys_work_on_the_dashboard(terminal):
    it = terminal(*DEMO, env=ENV)
    it.read_until("live", 60)
    it.press("?")
    it.read_until("What it shows")
    it.press("?")
    it.press(" ")
    it.read_until("paused")
    it.press(" r")
    it.text = ""
    it.read_until("playing")
    it.press("q")
    assert it.wait() == 0


SHELL = """
import os, signal, subprocess, sys
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
signal.signal(signal.SIGTTIN, signal.SIG_IGN)
job = subprocess.Popen([sys.executable, *sys.argv[1:]], process_group=0)
os.tcsetpgrp(0, job.pid)
while True:
    status = os.waitpid(job.pid, os.WUNTRACED)[1]
    os.tcsetpgrp(0, os.getpgrp())
    if not os.WIFSTOPPED(status):
        sys.exit(os.waitstatus_to_exitcode(status))
    print("[stopped]", flush=True)
    for line in sys.stdin:
        if line == "bg\\n":
            os.kill(job.pid, signal.SIGCONT)
            print("[behind]", flush=True)
        elif line == "fg\\n":
            os.tcsetpgrp(0, job.pid)
            os.kill(job.pid, signal.SIGCONT)
            break
        elif line == "front\\n":  # as shells do with a job that runs: it is sent no signal
            os.tcsetpgrp(0, job.pid)
            break
"""
"""As little of a shell as it takes to stop a job and have it go on."""


@pytest.mark.parametrize("ways", [["fg"], ["bg", "front"]], ids=" and ".join)
def test_ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_back(terminal, ways):
    it = terminal("-c", SHELL, *DEMO, env=ENV)
    it.read_until("live", 60)
    it.press("\x1a")
    it.read_until("[stopped]")
    assert it.left_as_found()
    shown = it.text.rpartition("\x1b[?1049l")[0]
    assert shown.count("\x1b[?1049h") == 1
    assert "\x1b[?25h" in it.text[it.text.rindex("\x1b[?25l") :]
    it.text = ""
    for way in ways:
        if way == "front":
            it.read_until("[behind]")
            time.sleep(1)
        assert "\x1b[?1049h" not in it.text
        it.press(f"{way}\n")
    it.read_until("\x1b[?1049h")
    it.read_until("playing")
    assert not it.left_as_found()
    it.press("q")
    assert it.wait() == 0
    assert it.left_as_found()
    assert "times real time" in it.text.rpartition("\x1b[?1049l")[2]
