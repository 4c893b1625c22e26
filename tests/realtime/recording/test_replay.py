"""What was heard, gaps and events included, comes back from the folder."""

from __future__ import annotations

import mido
import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scripted import DEMO, HOP, Script, content, event, passed_on, replayed, said, tone

from realtime.api import choose
from realtime.engine import Engine
from realtime.errors import UserError
from realtime.recording import Recorder, Recording
from realtime.records import STREAM_RATE, MidiBlock, TimedMessage
from realtime.sources.audio_file import AudioFile
from realtime.sources.midi_file import MidiFile


@st.composite
def streams(draw, stream):
    """Blocks of any size with gaps between them, and events anywhere."""
    items, position = [], draw(st.sampled_from([0, 0, 777]))
    for _ in range(draw(st.integers(1, 6))):
        if draw(st.integers(0, 3)) == 0:
            items.append(event("overflow", position, 12))
            position += draw(st.integers(1, 60_000))
        if draw(st.integers(0, 3)) == 0:
            items.append(event("reconnected", position))
        n = draw(st.integers(0, 9000))
        if stream == "audio":
            items.append(tone(position, n))
        else:
            items.append(draw(_played(position, position + n)))
        position += n
        if draw(st.integers(0, 4)) == 0:
            items.append(event("notice", position))
    return items


@st.composite
def _played(draw, start, end):
    if start == end:
        return MidiBlock(start, end, (), 0.0)
    at = sorted(draw(st.lists(st.integers(start, end - 1), max_size=6)))
    messages = st.one_of(
        st.builds(
            mido.Message,
            st.sampled_from(["note_on", "note_off"]),
            note=st.integers(0, 127),
            velocity=st.integers(0, 127),
            channel=st.integers(0, 15),
        ),
        st.builds(mido.Message, st.just("control_change"), control=st.integers(0, 127)),
        st.builds(mido.Message, st.just("program_change"), program=st.integers(0, 127)),
        st.builds(mido.Message, st.just("pitchwheel"), pitch=st.integers(-8192, 8191)),
        st.builds(mido.Message, st.just("aftertouch"), value=st.integers(0, 127)),
    )
    timed = tuple(TimedMessage(position, draw(messages)) for position in at)
    return MidiBlock(start, end, timed, 0.0)


@settings(max_examples=40)
@given(st.sampled_from(["audio", "midi"]).flatmap(lambda s: st.tuples(st.just(s), streams(s))))
def test_a_replay_yields_what_was_passed_on(tmp_path_factory, case):
    stream, items = case
    folder = tmp_path_factory.mktemp("recordings") / "new"
    heard = content(passed_on(Script(items, stream), folder))
    for block in (1600, 997):
        assert content(replayed(folder, block=block)) == heard
    if stream == "midi":
        assert heard == content(items)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=streams("audio"), again=st.booleans())
def test_a_replay_predicts_the_same(tmp_path_factory, ears, items, again):
    folder = tmp_path_factory.mktemp("recordings") / "new"
    live = said(Engine(Recorder(Script(items), folder), ears, hop=HOP).run())
    if again:  # a replay can be recorded, too
        second = folder.with_name("second")
        assert said(Engine(Recorder(Recording(folder), second), ears, hop=HOP).run()) == live
        folder = second
    assert said(Engine(Recording(folder), ears, hop=HOP).run()) == live


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=streams("midi"))
def test_a_replay_of_notes_predicts_the_same(tmp_path_factory, players, items):
    folder = tmp_path_factory.mktemp("recordings") / "new"
    live = said(Engine(Recorder(Script(items, "midi"), folder), players, hop=HOP).run())
    assert said(Engine(Recording(folder), players, hop=HOP).run()) == live


@pytest.mark.parametrize("name", ["prelude.ogg", "prelude.mid"])
def test_the_shipped_models_say_the_same(name, new):
    path = DEMO / name
    source = MidiFile(path) if name.endswith("mid") else AudioFile(path)
    # It stops inside a block and a hop.
    live = said(Engine(Recorder(source, new), choose(source.stream), duration=3.21).run())
    assert {p.t for p in live} >= {0.25, 3.21}
    assert said(Engine(Recording(new), choose(source.stream)).run()) == live


def test_missing_and_damaged_sound_is_told_after_the_good_part(recorded):
    second = recorded / "sound-000000012000.flac"
    data = second.read_bytes()
    short = recorded.with_name("short.flac")
    soundfile.write(short, np.zeros(400), STREAM_RATE)
    first, _ = soundfile.read(recorded / "sound-000000000000.flac", dtype="float32")
    for damaged in (None, b"", data[:200], data[:-500], short.read_bytes()):
        second.unlink()
        if damaged is not None:
            second.write_bytes(damaged)
        items = []
        with Recording(recorded) as recording, pytest.raises(UserError, match=r"12000\.flac"):
            items.extend(recording)
        assert content(items)[2][0] == first.tobytes()
        second.touch()
