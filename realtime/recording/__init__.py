"""Recordings: what was heard, kept so that a replay gives the same predictions to the last digit.

A recording is a folder that only its owner can read:

- ``recording.json``: where the stream had gaps, what happened to it and which windows were skipped,
  all in stream time (see ``index``);
- ``sound-POSITION.flac``: a gapless stretch of sound, 24 bit at 16 kHz, one channel; or
  ``notes.mid``: MIDI whose tick is one sample of stream time;
- ``predictions.jsonl``: what was said about it, as ``--json`` says it.

It can be read at any moment, also when the program was killed or the disk is full: sound and notes
are appended, and ``recording.json`` is replaced as a whole.
"""

from realtime.recording.index import INDEX
from realtime.recording.predictions import Predictions
from realtime.recording.recorder import Recorder
from realtime.recording.replay import Recording

__all__ = ["INDEX", "Predictions", "Recorder", "Recording"]
