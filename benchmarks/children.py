"""What is measured in a process of its own: ``python -m benchmarks.children NAME …``.

Each function prints one JSON object.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np


def call(name: str, *arguments: object, one_core: bool = False) -> Any:
    """Run one of the functions below in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.children", name, *map(str, arguments)]
    environment = os.environ | {"ONE_CORE": "1"} if one_core else os.environ
    folder = Path(__file__).parents[1]
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    if run.returncode:
        raise RuntimeError(f"{name} failed: {run.stderr.decode()[-2000:]}")
    return json.loads(run.stdout.splitlines()[-1])


def stay_on_one_core() -> None:
    """Keep this process on one core, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def live(streams: int, seconds: float) -> dict[str, Any]:
    """Many live streams at once, each an engine in a thread; they share the models."""
    from benchmarks.loops import Loop, minute
    from realtime.api import choose
    from realtime.engine import Engine
    from realtime.records import Event, Prediction

    music = minute()
    models = choose("audio", task="instrument")
    start = time.perf_counter() + 1
    heard: list[list[Any]] = [[] for _ in range(streams)]

    def listen(number: int) -> None:
        source = Loop(music, seconds, start=start + number / streams)
        records = Engine(source, models).run()
        heard[number] = [r for r in records if isinstance(r, Prediction | Event)]

    threads = [threading.Thread(target=listen, args=(i,)) for i in range(streams)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    records = [record for stream in heard for record in stream]
    totals = [r.latency.total for r in records if isinstance(r, Prediction)]
    return {
        "dropped": sum(r.count for r in records if isinstance(r, Event) and r.kind == "dropped"),
        "predictions": len(totals),
        "p50_ms": float(np.percentile(totals, 50)),
        "p99_ms": float(np.percentile(totals, 99)),
    }


def turns(rounds: int) -> dict[str, list[float]]:
    """CPU seconds a stream second by round, for 1, 4, 16 and 60 streams in turn."""
    from benchmarks.loops import Loop, minute
    from realtime.api import choose
    from realtime.engine import Engine
    from realtime.records import Prediction

    music, hop = minute(), 0.25

    def step(records: Any, models: int) -> None:
        for _ in range(models):
            while not isinstance(next(records), Prediction):
                pass

    counts = (1, 4, 16, 60)
    running = {}
    for count in counts:
        models = [choose("audio", task="instrument") for _ in range(count)]
        running[count] = [Engine(Loop(music), m, hop=hop).run() for m in models]
    times: dict[int, list[float]] = {count: [] for count in counts}
    for i in range(rounds + 1):
        for count, engines in running.items():
            passes = 240 // count
            start = time.process_time()
            for _ in range(passes):
                for records in engines:
                    step(records, 2)
            if i:
                times[count].append((time.process_time() - start) / (passes * count * hop))
    return {str(count): values for count, values in times.items()}


def day(hours: float, hop: float) -> dict[str, Any]:
    """A long day at the microphone with all models: memory, and CPU seconds a stream second.

    Beside each quarter of an hour stands a minute alone, which an engine of its own hears.
    """
    import realtime.cli
    import realtime.sinks.dashboard
    import realtime.sinks.plain
    from benchmarks.loops import Loop, minute
    from realtime.api import choose
    from realtime.engine import Engine
    from realtime.records import Prediction

    try:
        import realtime.sources.microphone  # noqa: F401 - and with it PortAudio
    except Exception as error:
        print(f"without the microphone's driver: {error}", file=sys.stderr)
    models = choose("audio", task="all")
    music = minute()

    def run(seconds: float) -> Any:
        return Engine(Loop(music, seconds, block=1600), models, hop=hop, signals=True).run()

    def cost(records: Any, until: float) -> float:
        """Hear on until so many seconds of stream time."""
        start = time.process_time()
        for record in records:
            if isinstance(record, Prediction) and record.t >= until:
                break
        return time.process_time() - start

    part = 900.0
    long = run(hours * 3600 + hop)
    cost(long, 60)
    early, heard, parts, minutes = resident(), 60.0, [], []
    while heard < hours * 3600:
        until = min(heard + part, hours * 3600)
        parts.append(cost(long, until) / (until - heard))
        alone = run(60.0 + hop)
        minutes.append(cost(alone, 60) / 60)
        alone.close()
        heard = until
    late = resident()
    long.close()
    return {
        "early_mb": early,
        "late_mb": late,
        "parts": parts,
        "minutes": minutes,
        "models": len(models),
    }


def resident() -> float:
    """Megabytes of memory that this process holds now."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # macOS counts bytes


if __name__ == "__main__":
    if os.environ.get("ONE_CORE"):
        stay_on_one_core()
    name, *texts = sys.argv[1:]
    numbers = [float(text) if "." in text else int(text) for text in texts]
    print(json.dumps({"live": live, "turns": turns, "day": day}[name](*numbers)))
