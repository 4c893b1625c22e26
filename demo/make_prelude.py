"""Writes the demo's music: the first part of Bach's Prelude in C, BWV 846 (public domain).

The notes are typed in below; the project's own synthesizer renders them. Run it from the top of
the repository: ``python demo/make_prelude.py``.
"""

from pathlib import Path

import mido
import soundfile

from realtime.records import STREAM_RATE
from realtime.sources.midi_file import MidiFile
from realtime.synth import Synth

# Each bar is a broken chord of five notes, played twice; the first nineteen bars end in C major.
BARS = """
C4 E4 G4 C5 E5   C4 D4 A4 D5 F5   B3 D4 G4 D5 F5   C4 E4 G4 C5 E5   C4 E4 A4 E5 A5
C4 D4 F#4 A4 D5  B3 D4 G4 D5 G5   B3 C4 E4 G4 C5   A3 C4 E4 G4 C5   D3 A3 D4 F#4 C5
G3 B3 D4 G4 B4   G3 Bb3 E4 G4 C#5 F3 A3 D4 A4 D5   F3 Ab3 D4 F4 B4  E3 G3 C4 G4 C5
E3 F3 A3 C4 F4   D3 F3 A3 C4 F4   G2 D3 G3 B3 F4   C3 E3 G3 C4 E4
"""
STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11, "#": 1, "b": -1}
TICKS = 480
SIXTEENTH = TICKS // 4


def pitch(name: str) -> int:
    """MIDI pitch of a name such as ``F#4``."""
    return 12 * (int(name[-1]) + 1) + sum(STEPS[sign] for sign in name[:-1])


def score() -> mido.MidiFile:
    """The piece as a MIDI file: piano, 76 quarters a minute, the bass held as Bach wrote it."""
    names = BARS.split()
    notes = []  # (tick, pitch, velocity, ticks held)
    for bar in range(len(names) // 5):
        chord = [pitch(name) for name in names[5 * bar : 5 * bar + 5]]
        for half in range(2):
            start = (16 * bar + 8 * half) * SIXTEENTH
            figure = [*chord, *chord[2:]]
            for i, p in enumerate(figure):
                held = {0: 8, 1: 7}.get(i, 1) * SIXTEENTH
                notes.append((start + i * SIXTEENTH, p, 62 + 8 * (i == 0) + 2 * (i % 4), held))
    end = len(names) // 5 * 16 * SIXTEENTH
    notes += [(end, pitch(name), 66, 16 * SIXTEENTH) for name in ("C3", "C4", "E4", "G4", "C5")]
    events = [(t + held - 1, 0, mido.Message("note_off", note=p)) for t, p, _, held in notes]
    events += [(t, 1, mido.Message("note_on", note=p, velocity=v)) for t, p, v, _ in notes]
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(76))])
    now = 0
    for tick, _, message in sorted(events, key=lambda e: e[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    return mido.MidiFile(ticks_per_beat=TICKS, tracks=[track])


def main() -> None:
    """Write ``prelude.mid`` and ``prelude.ogg`` beside this file."""
    folder = Path(__file__).parent
    score().save(folder / "prelude.mid")
    with MidiFile(folder / "prelude.mid") as source, Synth() as synth:
        path = folder / "prelude.ogg"
        with soundfile.SoundFile(path, "w", STREAM_RATE, 1, format="OGG") as sound:
            for block in source:
                sound.write(3 * synth.render(block.messages, block.end))


if __name__ == "__main__":
    main()
