"""The program is no way into the machine."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import unicodedata
from dataclasses import replace
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile
from brokers import wait_for
from evil import EVIL, FILE, harmless
from hypothesis import given
from hypothesis import strategies as st
from live_fakes import FakeSounddevice
from rich.console import Console
from tiny_models import tiny_network, write_folder

from realtime import cli, probe, registry
from realtime.errors import UserError
from realtime.records import (
    STREAM_RATE,
    Event,
    Latency,
    ModelSummary,
    Prediction,
    Start,
    Summary,
)
from realtime.sinks.csvfile import CsvFile
from realtime.sinks.dashboard import Dashboard
from realtime.sinks.jsonlines import JsonLines
from realtime.sinks.labels import Labels
from realtime.sinks.mqtt import Mqtt
from realtime.sinks.mqtt import part as mqtt_part
from realtime.sinks.osc import Osc
from realtime.sinks.osc import part as osc_part
from realtime.sinks.plain import Plain
from realtime.sinks.plot import Plot
from realtime.sources import midi_system, portaudio
from realtime.sources.midi_system import MidiPorts
from realtime.text import printable
from training.inputs.pool import Pool

PACKAGES = [Path(registry.__file__).parent, Path(registry.__file__).parents[1] / "training"]

WATCHING = """
import json, socket, sys
seen = []
def watch(event, args):
    if event in ("pickle.find_class", "os.system", "os.exec", "subprocess.Popen"):
        seen.append(event)
    elif event == "socket.getaddrinfo":
        seen.append(f"{event} {args[0]}:{args[1]}")
    elif event in ("socket.bind", "socket.connect", "socket.sendto", "socket.sendmsg"):
        seen.append(f"{event} {args[1][0]}:{args[1][1]}")
    elif event.startswith("socket."):
        seen.append(event)
def listen(self, *args, listen=socket.socket.listen):  # for which there is no audit event
    seen.append("socket.listen")
    listen(self, *args)
socket.socket.listen = listen
sys.addaudithook(watch)
from realtime.cli import main
status = main(sys.argv[1:])
print(json.dumps(sorted(set(seen))), file=sys.stderr)
sys.exit(status)
"""


@pytest.fixture
def sound(tmp_path):
    path = tmp_path / "noise.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 32_000), STREAM_RATE)
    return path


@pytest.fixture
def watched(env, tmp_path):
    """Runs ``rt-classify`` and returns what it did that it should not do."""

    def watched(*args, cwd=tmp_path):
        done = subprocess.run(
            [sys.executable, "-c", WATCHING, *map(str, args)],
            capture_output=True,
            text=True,
            env=env,
            cwd=cwd,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stderr.splitlines()[-1])

    return watched


class TestNetworkAndCode:
    def test_a_run_opens_no_socket_unpickles_nothing_and_starts_no_program(
        self, watched, sound, tmp_path, tried
    ):
        outputs = ["--json", "--csv", tmp_path / "out.csv", "--record", tmp_path / "rec"]
        outputs += ["--labels", tmp_path / "labels.txt"]
        assert watched("--file", sound, *outputs) == []
        assert watched("--file", tmp_path / "rec") == []
        tried("a run under an audit hook", cases=2, came="no socket, pickle or program")

    def test_osc_sends_to_the_receiver_asked_for_and_nowhere_else(self, watched, sound, tried):
        pytest.importorskip("pythonosc")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
            receiver.bind(("127.0.0.1", 0))
            receiver.settimeout(10)
            to = f"127.0.0.1:{receiver.getsockname()[1]}"
            done = watched("--file", sound, "--json", "--osc", to)
            assert done == ["socket.__new__", f"socket.getaddrinfo {to}", f"socket.sendto {to}"]
            assert b"/rt-classify/start" in receiver.recv(2000)
        tried("--osc under an audit hook", cases=1, came="one receiver, no listener")

    def test_mqtt_connects_to_the_broker_asked_for_and_nowhere_else(
        self, watched, sound, broker, tried
    ):
        pytest.importorskip("paho.mqtt.client")
        to = f"127.0.0.1:{broker().port}"
        done = watched("--file", sound, "--json", "--mqtt", f"mqtt://{to}")
        own_end = "socket.bind :0"
        reached = [f"socket.connect {to}", f"socket.getaddrinfo {to}"]
        assert done == ["socket.__new__", own_end, *reached]
        tried("--mqtt under an audit hook", cases=1, came="one broker, no listener")

    def test_a_model_folder_runs_no_code_of_its_own(self, watched, sound, tmp_path, tried):
        folder = write_folder(tmp_path / "model")
        for name in ("__init__.py", "model.py", "sitecustomize.py", "numpy.py", "conftest.py"):
            for place in (folder, tmp_path):
                (place / name).write_text("open('pwned', 'w')", "utf-8")
        (folder / "model.pkl").write_bytes(b"cos\nsystem\n(S'touch pwned'\ntR.")
        (away := tmp_path / "away").mkdir()  # Python's -c would import from where it stands
        done = watched("--file", sound, "--json", "--model", folder, cwd=away)
        assert set(done) == {"subprocess.Popen"}, "only the trial of the network is a program"
        assert not list(tmp_path.rglob("pwned"))
        tried("a model folder full of code", cases=10, came="none of it ran")

    def test_the_trial_of_a_network_imports_nothing_from_where_we_stand(
        self, tmp_path, monkeypatch
    ):
        (tmp_path / "numpy.py").write_text("open('pwned', 'w')", "utf-8")
        folder = write_folder(tmp_path / "model", content=tiny_network((17, 5), 3, seed=77)[0])
        monkeypatch.chdir(tmp_path)
        registry.load(folder)
        assert not (tmp_path / "pwned").exists()

    def test_nothing_in_the_packages_can_load_code_from_data(self):
        words = ("import pickle", "allow_pickle=True", "eval(", "exec(", "yaml.load(", "os.system")
        for package in PACKAGES:
            for path in package.rglob("*.py"):
                text = (
                    path.read_text("utf-8").replace("_eval(", "").replace("ast.literal_eval(", "")
                )
                assert not [word for word in words if word in text], path


class TestModels:
    @pytest.mark.parametrize(
        "file",
        ["../model.tflite", "/etc/passwd", "a/../../x", "..", ".", "", "sub/model.tflite", "a\\b"],
    )
    def test_a_manifest_cannot_point_out_of_its_folder(self, tmp_path, file):
        folder = write_folder(tmp_path / "model", file=file)
        for place in (tmp_path, folder / "sub"):  # the very network that the manifest describes
            place.mkdir(exist_ok=True)
            shutil.copy(folder / "model.tflite", place)
        with pytest.raises(UserError, match="'file' must lie in the folder itself"):
            registry.load(folder)

    @given(at=st.integers(0, 2000), bit=st.integers(0, 7))
    def test_one_changed_bit_is_noticed(self, tmp_path_factory, at, bit):
        folder = write_folder(tmp_path_factory.mktemp("m") / "model")
        path = folder / "model.tflite"
        content = bytearray(path.read_bytes())
        content[at % len(content)] ^= 1 << bit
        path.write_bytes(content)
        with pytest.raises(UserError, match="SHA-256"):
            registry.load(folder)

    @pytest.mark.parametrize("signal", ["abort", "segfault"])
    def test_a_network_that_kills_its_process_is_refused(self, tmp_path, signal, tried):
        """Its hash is right: it is the network that is malformed."""
        folder = write_folder(tmp_path / "model", content=deadly(signal))
        with pytest.raises(UserError, match="crashes the TFLite runtime") as told:
            registry.load(folder)
        assert len(str(told.value).splitlines()) == 1
        tried(f"a deadly network ({signal})", cases=1, came="refused in one line")

    def test_a_network_that_never_ends_is_refused(self, tmp_path, monkeypatch):
        monkeypatch.setattr(probe, "PATIENCE", 0.01)
        folder = write_folder(tmp_path / "model", content=tiny_network((17, 5), 3, seed=78)[0])
        with pytest.raises(UserError, match=r"gives no answer within 0\.01 s"):
            registry.load(folder)


def deadly(signal):
    """Networks with a sound frame, found by fuzzing, that end the process that loads them."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as tfl

    content, _, _ = tiny_network((17, 5), 3)
    model = tfl.ModelT.InitFromObj(tfl.Model.GetRootAs(content, 0))
    if signal == "abort":  # the softmax writes over an operator's own input
        model.subgraphs[0].operators[2].outputs = [2]
    else:  # it is a split, with a softmax's options
        code = model.operatorCodes[2]
        code.builtinCode = code.deprecatedBuiltinCode = tfl.BuiltinOperator.SPLIT
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


NONE = Latency(0.0, 0.0, 0.0, 0.0)


def records(text):
    """Records whose every name comes from outside."""
    probs = {text: 0.75, "other": 0.25}
    prediction = Prediction(
        text, text, 1.0, (0.0, 1.0), "live", text, 0.75, probs, probs, NONE, text
    )
    latency = {"total": {"p50": 1.0, "p95": 1.0, "p99": 1.0}}
    summary = Summary(text, {text: ModelSummary(text, probs, 1, latency)}, 1.0, 0, 0, 1.0)
    start = Start("0", text, (text,), False, {"tasks": {text: text}})
    return [start, prediction, Event(text, 0.5, text, text), summary]


class TestTerminal:
    @given(st.text() | st.sampled_from([EVIL, "\ufdd0\ufdef\ufffe\uffff\U0010ffff"]))
    def test_what_is_printable_can_do_no_harm(self, text):
        shown = printable(text)
        assert len(shown) == len(text)
        kinds = {unicodedata.category(char) for char in shown}
        assert not kinds & {"Cc", "Cs", "Zl", "Zp"}
        assert not {unicodedata.bidirectional(c) for c in shown} & {"LRO", "RLO", "LRE", "RLE"}
        assert not set(shown) & {"\ufdd0", "\ufdef", "\ufffe", "\uffff", "\U0010ffff"}
        assert printable(shown) == shown

    def test_names_write_no_escapes_and_no_markup_in_any_sink(self, tmp_path, tried):
        plain, lines, screen = StringIO(), StringIO(), StringIO()
        console = Console(file=screen, force_terminal=True, width=120, height=40, color_system=None)
        dashboard = Dashboard(console)
        table, labels = CsvFile(tmp_path / "out.csv"), Labels(tmp_path / "out.txt")
        for sink in (Plain(plain), JsonLines(lines), dashboard, table, labels):
            for record in records(EVIL):
                sink.emit(record)
            if sink is dashboard:
                console.print(dashboard.render())
            sink.close()
        files = [path.read_text("utf-8") for path in tmp_path.iterdir()]
        assert len(files) == 2
        for text in (plain.getvalue(), lines.getvalue(), *files):
            assert not set(text) & set("\x1b\x9b\x07\r\u202e\u2028")
            assert "\nfake" not in text
        shown = screen.getvalue()
        assert "[2J" in shown, "shown as text"
        assert "\x1b[2J\x1b]0;" not in shown
        assert not set(shown) & set("\x9b\x07\u202e\u2028")
        assert "[bold red]x[/]" in shown.replace("\n", ""), "markup is shown, not obeyed"
        tried("evil names in five sinks", cases=5, came="no escape, no markup, no false line")

    def test_nor_do_devices_and_ports(self, monkeypatch, capsys):
        sd = FakeSounddevice()
        sd.plug(EVIL)
        monkeypatch.setattr(portaudio, "load", lambda: sd)
        ports = MidiPorts("ALSA", "ALSA", (EVIL,))
        monkeypatch.setattr(midi_system, "survey", lambda only=None: [ports])
        assert cli.main(["--list-devices"]) == 0
        shown = capsys.readouterr().out
        assert shown.count("[bold red]x[/]") == 2
        assert not set(shown) & set("\x1b\x9b\x07\r\u202e\u2028")
        assert "\nfake" not in shown

    def test_nor_does_an_error_about_them(self, run, tmp_path):
        done = run("--file", tmp_path / f"{FILE}.wav", "--json")
        assert done.status == 2
        assert len(done.err) == 1
        assert done.err[0].isprintable()


class TestReceivers:
    """Those who get names may show them on a terminal, or build on their addresses."""

    def test_osc(self, tried):
        osc_packet = pytest.importorskip("pythonosc.osc_packet")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
            receiver.bind(("127.0.0.1", 0))
            receiver.settimeout(10)
            sink = Osc(f"127.0.0.1:{receiver.getsockname()[1]}")
            for record in records(EVIL):
                sink.emit(record)
            sink.close()
            packets = [osc_packet.OscPacket(receiver.recv(2000)) for _ in range(4)]
        messages = [each.message for packet in packets for each in packet.messages]
        name = osc_part(EVIL)
        assert [message.address.removeprefix("/rt-classify") for message in messages] == [
            "/start",
            f"/{name}/heard",
            f"/{name}/probs/{name}",
            f"/{name}/probs/other",
            "/event",
            f"/{name}/summary",
        ]
        words = [word for message in messages for word in message.params if isinstance(word, str)]
        assert sum("pwned" in word for word in words) == 6
        assert all(word.isprintable() for word in words)
        tried("evil names over OSC", cases=4, came="no escape, no pattern, no deeper address")

    def test_mqtt(self, broker, tried):
        pytest.importorskip("paho.mqtt.client")
        evil = EVIL.replace(" ", "")  # which parts what the listener prints
        it = broker()
        listener = it.subscribe()
        sink = Mqtt(f"mqtt://127.0.0.1:{it.port}/studio?discovery=ha")
        for record in records(evil):
            sink.emit(record)
        sink.close()
        try:
            wait_for(lambda: ("0", "studio/status", "offline") in listener.got)
        finally:
            listener.close()
        assert sink.lost == 0
        name = mqtt_part(evil)
        [config] = {topic for _, topic, _ in listener.got if topic.startswith("ha/")}
        topics = ["start", name, f"{name}/label", "event", "summary", "status"]
        assert {topic for _, topic, _ in listener.got} == {config, *(f"studio/{t}" for t in topics)}
        assert re.fullmatch(r"ha/sensor/[\w-]+/config", config, re.ASCII)
        assert all(word.isprintable() for line in listener.got for word in line)
        [label], [prediction] = (listener.payloads(f"studio/{t}") for t in (f"{name}/label", name))
        assert json.loads(prediction)["label"] == evil, "JSON says exactly what it is"
        [sensor] = map(json.loads, listener.payloads(config))
        assert label in sensor["options"], "Home Assistant refuses a state that is none of them"
        assert sensor["state_topic"] == f"studio/{name}/label"
        assert sensor["name"].isprintable()
        tried("evil names over MQTT", cases=4, came="no escape, no wildcard, no deeper topic")

    @given(st.text() | st.just(EVIL))
    def test_a_name_is_one_part_of_an_address(self, name):
        topic, address = mqtt_part(name), osc_part(name)
        assert topic
        assert not set(topic) & set("+#/")
        assert printable(topic) == topic
        assert re.fullmatch(r"[!-~]+", address)
        assert not set(address) & set("#*,/?[]{}")  # what OSC 1.0 keeps for itself

    @pytest.mark.parametrize("ending", ["svg", "pdf", "png"])
    def test_a_picture(self, tmp_path, recwarn, ending):
        pytest.importorskip("matplotlib")
        path = tmp_path / f"session.{ending}"
        sink = Plot(path)
        for t in (1.0, 2.0):
            for record in records(EVIL + "\uffff"):
                sink.emit(replace(record, t=t) if isinstance(record, Prediction) else record)
        sink.close()
        assert not list(recwarn), "what the font lacks would be told on the terminal"
        if ending == "svg":
            text = path.read_text("utf-8")
            ElementTree.fromstring(text)
            assert "pwned" in text
            assert harmless(text)
        for code in (b"\x1b]0;", b"\x1b[2J", b"\x1b\x00]", b"\x00\x1b"):
            assert ending == "png" or code not in path.read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="other permissions there")
def test_recordings_and_caches_are_private(run, sound, tmp_path, tried):
    folder, before = tmp_path / "rec", os.umask(0o022)
    try:
        assert run("--file", sound, "--json", "--record", folder).status == 0
    finally:
        os.umask(before)
    for path in (folder, *folder.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    pool = Pool("sounds", {}, lambda k: SHARD, shards=1, jobs=1)
    pool.folder = tmp_path / "pool"
    pool.prepare(lambda *_: None)
    assert stat.S_IMODE(pool.folder.stat().st_mode) & 0o077 == 0
    tried("permissions of recordings and caches", cases=2, came="for their owner only")


SHARD = np.zeros((1, 2), np.uint8), np.zeros(1, np.int64), {}
