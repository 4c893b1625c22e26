"""What generated input is given to: each target takes bytes and hears, reads or refuses them.

A target returns when it had a right answer and raises ``UserError`` when it refused; anything else
is a fault. ``SEEDS`` holds what is to be mutated.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import tempfile
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import mido
import numpy as np
import soundfile
from live_fakes import FakeClock, FakeMidi
from tiny_models import tiny_network, write_folder

from realtime import probe, registry
from realtime.errors import UserError
from realtime.features import ChordSequence, NoteSequence
from realtime.lanes import NoteLane
from realtime.recording import Recording
from realtime.records import STREAM_RATE, AudioBlock, MidiBlock
from realtime.sources import content, midi_port, midi_system
from realtime.sources.audio_file import AudioFile
from realtime.sources.midi_file import MidiFile
from realtime.sources.midi_port import MidiPort
from realtime.sources.midi_system import MidiPorts
from realtime.sources.raw import RawStdin
from training.datasets import nsynth
from training.inputs.pool import Pool
from training.protocols import windows

LONGEST = 600 * STREAM_RATE  # of a stream that is heard out; a file may claim any length
FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-"))


def listen(source) -> None:
    """Hear a source as the engine does: gapless blocks of finite sound, or notes in order."""
    position = 0
    with source:
        for block in source:
            if not isinstance(block, AudioBlock | MidiBlock):  # an event, or a pause
                continue
            assert block.position >= position
            position = block.end
            if isinstance(block, AudioBlock):
                assert block.samples.dtype == np.float32
                assert np.isfinite(block.samples).all()
            else:
                places = [m.position for m in block.messages]
                assert places == sorted(places)
                assert all(block.position <= place < block.end for place in places)
            if position > LONGEST:
                break


def sound_files(data: bytes) -> None:
    suffixes = {kind: suffix for suffix, kind in reversed(content.EXTENSIONS.items())}
    kind = content.sniff(io.BytesIO(data))
    path = FOLDER / f"case{suffixes.get(kind, '.wav')}"
    path.write_bytes(data)
    listen(MidiFile(path) if kind == "MIDI" else AudioFile(path))


def midi_files(data: bytes) -> None:
    path = FOLDER / "case.mid"
    path.write_bytes(data)
    with contextlib.suppress(UserError):
        _read_notes(MidiFile(path))
    _read_notes(MidiFile(path, strict=False))


def _read_notes(source: MidiFile) -> None:
    source._block = 60 * STREAM_RATE
    features = NoteSequence(), ChordSequence()
    with source:
        for block in source:
            for feature in features:
                feature.push(block.messages, block.end)
    for feature in features:
        assert np.isfinite(feature.window()).all()


def midi_bytes(data: bytes) -> None:
    """What a port sends, byte by byte, parsed by mido as its RtMidi backend does."""
    midi, clock = FakeMidi(), FakeClock()
    port = MidiPort(clock=clock)
    parser = mido.parser.Parser()

    def arrive(chunk):
        parser.feed(chunk)
        for message in parser:
            midi.inputs[0].callback(message)

    for i in range(0, len(data), 16):
        clock.at(0.003 * i / 16, lambda i=i: arrive(data[i : i + 16]))
    clock.at(0.003 * len(data) / 16 + 0.1, port.stop)
    lane = NoteLane([SimpleNamespace(name="notes", feature={"kind": "notes"})])
    survey = midi_system.survey, midi_port.MidiSystem
    midi_system.survey = lambda only=None: [MidiPorts("UNIX_JACK", "JACK", ("keys",))]
    midi_port.MidiSystem = midi.system
    try:
        with port:
            for block in port:
                lane.push(block.messages, block.end)
        assert np.isfinite(lane.view(SimpleNamespace(name="notes", feature={"kind": "notes"})).end)
    finally:
        midi_system.survey, midi_port.MidiSystem = survey


def manifests(data: bytes) -> None:
    folder = _tiny_folder()
    (folder / "model.json").write_bytes(data)
    model = registry.load(folder)
    probs = model.network.predict(np.zeros(model.network.input_shape, np.float32))
    assert len(probs) == len(model.manifest.labels)
    for text in (model.manifest.name, model.manifest.task, *model.manifest.labels):
        assert text.isprintable() or not set(text) & set("\x1b\x9b\n\r")


def networks(data: bytes) -> None:
    """In a fork that may die, since the runtime is native; what passes must then work."""
    status = _forked(lambda: probe.trial(data))
    if status == 0:
        assert _forked(lambda: _use(data)) == 0, "it passed, and then crashed"
        return
    if status not in (0, 2) and len(CRASHES) < 5:  # the whole way, now and then
        CRASHES.append(data)
        registry.load(write_folder(FOLDER / f"crash{len(CRASHES)}", content=data))
        raise AssertionError("it crashed alone, and was loaded")
    raise UserError("crashes" if status not in (0, 2) else "refused")


@cache
def _tiny_folder() -> Path:
    return write_folder(FOLDER / "tiny")


CRASHES: list[bytes] = []
"""Networks that ended their process."""


def _use(data: bytes) -> int:
    network, rng = registry.Network(data), np.random.default_rng(0)
    for _ in range(3):
        network.predict(rng.normal(size=network.input_shape).astype(np.float32))
    for name in network.functions:
        if function := network.function(name):
            takes = function.takes.items()
            function(**{k: rng.normal(size=n).astype(np.float32) for k, n in takes})
    return 0


def _forked(act) -> int:
    pid = os.fork()
    if pid == 0:
        status = 99
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.dup2(1, 2)
            status = act()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def examples_json(data: bytes) -> None:
    folder = FOLDER / "nsynth"
    audio = folder / "audio"
    audio.mkdir(parents=True, exist_ok=True)
    (audio / "bass_electronic_018-022-100.wav").touch()
    (folder / "examples.json").write_bytes(data)
    for example in nsynth.read(folder).examples:
        assert example.path.parent == audio


def caches(data: bytes) -> None:
    """The first byte says what the rest replaces: a file of a pool's shard, or of cut windows."""
    pool = _pool()
    files = [pool.folder / name for name in ("0000.npy", "0000.labels.npy", "0000.json")]
    files += [pool.folder / windows.ARRAY, pool.folder / windows.DONE]
    for path, whole in zip(files, _cached(), strict=True):
        path.write_bytes(whole)
    files[data[0] % len(files) if data else 0].write_bytes(data[1:])
    array, done, left_out = windows._begun(pool.folder, (2, 3), np.float16)
    assert (array.dtype, array.shape, done >= 0) == (np.float16, (2, 3), True)
    assert all(isinstance(reason, str) for reason in left_out.values())
    pool.prepare(lambda *_: None)
    for i in range(len(pool.labels)):
        assert pool.window(i).dtype == np.uint8
    pool.labels + 0


def _pool() -> Pool:
    pool = Pool("sounds", {}, None, shards=1, jobs=1)
    pool.folder = FOLDER / "pool"
    pool.folder.mkdir(exist_ok=True)
    return pool


@cache
def _cached() -> tuple[bytes, ...]:
    shard = np.arange(24, dtype=np.uint8).reshape(2, 3, 4), np.array([1, 0])
    parts = []
    for array in (*shard, np.ones((2, 3), np.float16)):
        part = io.BytesIO()
        np.save(part, array)
        parts.append(part.getvalue())
    done = b'{"files": 1, "left_out": {"a.wav": "silent"}}'
    return parts[0], parts[1], b'{"a.wav": "silent"}', parts[2], done


def raw_stdin(data: bytes) -> None:
    listen(RawStdin(io.BytesIO(data), block=100))


def recordings(data: bytes) -> None:
    """The first byte says whether the rest is the description, the notes or the sound."""
    folder = FOLDER / "recording"
    folder.mkdir(exist_ok=True)
    which = data[0] % 3 if data else 0
    stream, name = (("audio", "sound-000000000000.flac"), ("midi", "notes.mid"))[which == 1]
    (folder / name).write_bytes(_notes() if which == 1 else _sound("FLAC", "PCM_24"))
    (folder / "recording.json").write_bytes(_recording(stream, name))
    (folder / ("recording.json", "notes.mid", name)[which]).write_bytes(data[1:])
    recording = Recording(folder)
    recording._block = STREAM_RATE
    listen(recording)


def _recording(stream: str, name: str) -> bytes:
    description = {
        "version": 1,
        "rate": STREAM_RATE,
        "source": "a microphone",
        "stream": stream,
        "begun": "",
        "complete": True,
        "segments": [{"position": 0, "end": 3200, "file": name}],
        "events": [{"at": 1600, "t": 0.1, "kind": "notice", "text": "hm", "count": 0}],
        "skipped": [{"due": 1600, "kind": "dropped", "text": "late", "count": 1}],
    }
    return json.dumps(description).encode()


@cache
def _sound(form: str, subtype: str | None = None, rate: int = STREAM_RATE, channels=1) -> bytes:
    rng, file = np.random.default_rng(0), io.BytesIO()
    soundfile.write(
        file, rng.uniform(-0.5, 0.5, (3200, channels)), rate, format=form, subtype=subtype
    )
    return file.getvalue()


@cache
def _midi(kind: int) -> bytes:
    song, rng = mido.MidiFile(type=kind), np.random.default_rng(kind)
    for channel in range(1 + kind):
        track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=400_000)])
        for note in rng.integers(30, 90, 12).tolist():
            track.append(mido.Message("note_on", note=note, channel=channel, time=30))
            track.append(mido.Message("control_change", control=64, value=note, time=5))
            track.append(mido.Message("note_off", note=note, channel=channel, time=200))
        song.tracks.append(track)
    file = io.BytesIO()
    song.save(file=file)
    return file.getvalue()


def _notes() -> bytes:
    head = b"MThd\0\0\0\6\0\0\0\1\x1f\x40MTrk\0\0\0\x17"
    return head + b"\0\xff\x51\3\7\xa1\x20\0\x90\x3c\x40\x81\0\x80\x3c\0\x98\0\xff\x2f\0"


@cache
def _bytes_of_notes() -> bytes:
    sent = bytearray(b"\xf0\x7e\x7f\x09\x01\xf7\xfe\xf8")
    for note in range(40, 80, 3):
        sent += bytes(
            [0x90, note, 64, note + 7, 0, 0xB0, 64, 127, 0xE1, 0, 64, 0xFE, 0x80, note, 9]
        )
    return bytes(sent)


def _examples() -> bytes:
    name = "bass_electronic_018-022-100"
    entry = {"instrument_family_str": "bass", "instrument_str": "bass_electronic_018", "pitch": 22}
    return json.dumps({name: entry, "x": {"instrument_family_str": "synth_lead"}}).encode()


@cache
def seeds(target: str) -> list[bytes]:
    """Good input for a target, small enough to be mutated all over."""
    shipped = [folder / "model.tflite" for folder in registry.shipped()]
    return {
        "sound_files": lambda: [
            _sound("WAV"),
            _sound("WAV", "FLOAT", 44_100, 2),
            _sound("AIFF"),
            _sound("FLAC"),
            _sound("OGG"),
            _sound("MP3"),
            _sound("RF64"),
        ],
        "midi_files": lambda: [_midi(0), _midi(1)],
        "midi_bytes": lambda: [_bytes_of_notes()],
        "manifests": lambda: [
            *[(_tiny_folder() / "model.json").read_bytes()] * 9,
            *(p.with_name("model.json").read_bytes() for p in shipped),
        ],
        "networks": lambda: [tiny_network((16, 5), 3)[0], *(p.read_bytes() for p in shipped)],
        "examples_json": lambda: [_examples()],
        "caches": lambda: [bytes([i]) + part for i, part in enumerate(_cached())],
        "raw_stdin": lambda: [np.linspace(-1, 1, 500, dtype="<f4").tobytes()],
        "recordings": lambda: [
            b"\0" + _recording("audio", "sound-000000000000.flac"),
            b"\1" + _notes(),
            b"\2" + _sound("FLAC", "PCM_24"),
        ],
    }[target]()


TARGETS = {
    run.__name__: run
    for run in (
        sound_files,
        midi_files,
        midi_bytes,
        manifests,
        networks,
        examples_json,
        caches,
        raw_stdin,
        recordings,
    )
}
