"""Clips from a stream: how long they are, which are kept, and where they go."""

from __future__ import annotations

import os
import stat

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from realtime.errors import UserError
from realtime.records import STREAM_RATE, AudioBlock, Event
from realtime.sources import microphone
from training.cli import main
from training.collect import TRIES, Clip, Display, Moment, clip_folder, collect


class Stream:
    """Sound in blocks, with events among them."""

    name, stream, live, length = "mic", "audio", True, None

    def __init__(self, *items):
        self.items = items

    def __iter__(self):
        position = 0
        for item in self.items:
            if isinstance(item, Event):
                yield item
            else:
                yield AudioBlock(position, item, 0.0)
                position += len(item)


def tone(seconds, level=0.3):
    return (level * np.sin(np.arange(round(seconds * STREAM_RATE)) / 7)).astype(np.float32)


def event(kind):
    return Event(kind, 0.0, "it happened", "mic")


def clips_of(folder, *items, clips=1, seconds=1.0, countdown=0.5, moments=None):
    tell = (moments if moments is not None else []).append
    return list(
        collect(
            Stream(*items), folder, clips=clips, seconds=seconds, countdown=countdown, tell=tell
        )
    )


@given(sizes=st.lists(st.integers(1, 9_000), min_size=1, max_size=5))
def test_a_clip_is_what_follows_the_countdown_however_blocks_fall(tmp_path_factory, sizes):
    folder = clip_folder(tmp_path_factory.mktemp("clips"), "snare")
    ramp = np.linspace(-0.9, 0.9, 4 * STREAM_RATE, dtype=np.float32)
    blocks, at = [], 0
    while at < len(ramp):
        blocks.append(ramp[at : at + sizes[len(blocks) % len(sizes)]])
        at += len(blocks[-1])
    [clip] = clips_of(folder, *blocks)
    samples, rate = soundfile.read(clip.path, dtype="float32")
    assert (rate, len(samples)) == (STREAM_RATE, STREAM_RATE)
    assert samples == pytest.approx(ramp[8_000:24_000], abs=2**-15)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_clips_are_for_their_owner_only(tmp_path):
    folder = clip_folder(tmp_path / "my-sounds", "snare")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_numbers_go_on(tmp_path):
    folder = clip_folder(tmp_path, "snare")
    blocks = [tone(0.1)] * 200
    first = clips_of(folder, *blocks, clips=2)
    second = clips_of(folder, *blocks)
    names = [clip.path.name for clip in (*first, *second)]
    assert names == ["snare-001.wav", "snare-002.wav", "snare-003.wav"]


def test_what_a_person_sees(tmp_path):
    moments = []
    clips_of(clip_folder(tmp_path, "a"), *[tone(0.1)] * 20, moments=moments)
    assert [m.recording for m in moments] == [False] * 4 + [True] * 11
    assert moments[0].left == pytest.approx(0.4)
    assert moments[-1].left == 0
    assert moments[0].level == pytest.approx(20 * np.log10(0.3 / np.sqrt(2)), abs=0.1)


def test_a_loss_makes_it_again(tmp_path):
    folder = clip_folder(tmp_path, "a")
    items = [*[tone(0.1)] * 8, event("overflow"), *[tone(0.1)] * 20]
    lost, kept = clips_of(folder, *items)
    assert lost == Clip(None, "overflow: it happened")
    assert len(soundfile.read(kept.path)[0]) == STREAM_RATE
    [kept] = clips_of(folder, *[tone(0.1)] * 8, event("notice"), *[tone(0.1)] * 20)
    assert kept.path is not None


def test_too_quiet_too_loud_and_nothing(tmp_path):
    folder = clip_folder(tmp_path, "a")
    quiet, loud = [tone(0.1, 0.001)] * 15, [tone(0.1, 2.0)] * 15
    first, second = clips_of(folder, *quiet, *loud)
    assert first.path is None
    assert first.fault.startswith("too quiet")
    assert "clipped" in second.fault
    with pytest.raises(UserError, match="nothing is heard"):
        clips_of(folder, *quiet * TRIES)
    with pytest.raises(UserError, match="ended after 0 of 1"):
        clips_of(folder, *quiet[:3])
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("label", ["", "a/b", "..", ".hidden", "a\n", " a", "a:b"])
def test_labels_that_name_no_folder(label, tmp_path):
    with pytest.raises(UserError, match="plain name"):
        clip_folder(tmp_path, label)


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be made"):
        clip_folder(tmp_path / "file", "a")


@pytest.mark.parametrize("terminal", [True, False])
def test_the_meter(terminal, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    display = Display(10)
    display.moment(Moment(1, 2.5, False, -30.0, 0.1))
    display.moment(Moment(1, 1.5, True, -30.0, 1.0))
    display.clip(Clip(tmp_path / "a-001.wav"))
    display.clip(Clip(None, "too quiet"))
    err = capsys.readouterr().err
    assert "a-001.wav\n" in err
    assert "again: too quiet\n" in err
    assert ("ready  3  [###############...............]  -30 dBFS" in err) is terminal
    assert ("CLIP" in err) is terminal
    assert ("clip 1 of 10: play\n" in err) is not terminal


@pytest.mark.parametrize(
    "option", [["--clips", "0"], ["--seconds", "nan"], ["--countdown", "-1"], ["--label", "a/b"]]
)
def test_a_bad_request_is_one_line(option, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(microphone, "Microphone", Plugged)
    assert main(["collect", "--mic", "--label", "a", *option]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


class Plugged(Stream):
    """A microphone that was asked for by ``device``."""

    def __init__(self, device):
        super().__init__(*[tone(0.1)] * 20)
        self.device = device
        asked.append(device)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


asked = []


def test_from_the_command_line(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(microphone, "Microphone", Plugged)
    argv = ["collect", "--label", "a", "--clips", "1", "--seconds", "1", "--countdown", "0"]
    asked.clear()
    for device in ([], ["--mic", "3"], ["--mic", "usb"], ["--mic", "²"]):
        assert main([*argv, *device]) == 0
    assert asked == [None, 3, "usb", "²"]
    assert len(list((tmp_path / "my-sounds" / "a").iterdir())) == 4


def test_without_a_microphone_no_folder_stays(capsys, monkeypatch, tmp_path):
    class Unplugged(Plugged):
        def __enter__(self):
            raise UserError("no microphone")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(microphone, "Microphone", Unplugged)
    assert main(["collect", "--label", "a"]) == 2
    assert capsys.readouterr().err == "rt-train: no microphone\n"
    assert list(tmp_path.iterdir()) == []
