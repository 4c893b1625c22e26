"""A listener for live music: sound and MIDI in, what two kinds of network hear out."""

__version__ = "0.1.0"
