"""Draws ``docs/dashboard.svg``: the dashboard a while into the demo.

Run it from the top of the repository: ``python demo/make_picture.py``.
"""

import io

from rich.console import Console

from realtime import __version__
from realtime.api import choose
from realtime.engine import Engine
from realtime.records import Prediction, Start
from realtime.sinks.dashboard import Dashboard
from realtime.sources.midi_file import MidiFile

SECONDS = 62.0


def main() -> None:
    """Replay the demo until ``SECONDS`` and save what the screen shows then."""
    console = Console(
        record=True,
        force_terminal=True,
        color_system="truecolor",
        width=100,
        height=34,
        file=io.StringIO(),
    )
    source = MidiFile("demo/prelude.mid")
    models = choose("midi", task="all")
    tasks = {m.manifest.name: m.manifest.task for m in models}
    # Not a terminal to draw on by itself: only what it would draw is wanted.
    dashboard = Dashboard(Console(file=io.StringIO(), force_terminal=False))
    dashboard._scene.keys = True  # as where there is a keyboard
    dashboard.emit(Start(__version__, source.name, tuple(tasks), False, {"tasks": tasks}))
    for record in Engine(source, models, signals=True).run():
        dashboard.emit(record)
        if isinstance(record, Prediction) and record.t >= SECONDS:
            break
    console.print(dashboard.render())
    console.save_svg("docs/dashboard.svg", title="rt-classify --file demo/prelude.mid --task all")


if __name__ == "__main__":
    main()
