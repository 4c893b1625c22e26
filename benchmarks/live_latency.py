"""How long after a sound or a note its prediction comes, on devices that really run.

Starts a sound server (or a JACK server) of its own, plays the demo's music into its virtual
microphone (or a virtual MIDI port), and listens with ``rt-classify`` as a person would::

    python -m benchmarks.live_latency mic --seconds 60
    python -m benchmarks.live_latency midi --seconds 60

A hop's latency runs from the arrival of its last sound or note in our process (the capture
callback) to the prediction of the model that is asked last: waiting to be read, resampling,
features and all networks. What the device and the sound server add before that is not ours; it is
what ``rt-classify --mic --check`` shows as "in the device". At p99 it may take a tenth of the hop;
beyond that the exit status is 1.

The resident load of the machine counts: run it on a quiet one. ``taskset -c 0,1`` in front of it
limits it to two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

TOP = Path(__file__).resolve().parents[1]
sys.path += [str(TOP / "tests"), str(TOP / "tests" / "live")]

from others import Helper, environment, jack_audio, pulse_audio  # noqa: E402 - found by the line above

STAGES = ("capture", "features", "inference", "total")
SHARE = 0.1  # of the hop that all of it may take


def main() -> int:
    """Measure and tell; returns the exit status."""
    parser = argparse.ArgumentParser(prog="live_latency", description=__doc__.splitlines()[0])
    parser.add_argument("source", choices=("mic", "midi"))
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to listen")
    parser.add_argument("--hop", type=float, default=0.25)
    parser.add_argument("--task", default="all")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="rtc-"))
    try:
        lines = listen(args, environment(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if tell(args, lines) else 1


def listen(args: argparse.Namespace, env: dict[str, str]) -> list[dict]:
    """Predictions of full windows, as JSON told them."""
    server = (pulse_audio if args.source == "mic" else jack_audio)(env)
    wanted = ["--mic", "vmic"] if args.source == "mic" else ["--midi-virtual", "ear"]
    helpers = []
    try:
        server.start()
        listener = Helper(
            env, "realtime.cli", *wanted, "--json", "--task", args.task, "--hop", str(args.hop)
        )
        helpers.append(listener)
        listener.wait("prediction", seconds=60)
        if args.source == "midi":
            helpers.append(Helper(env, "play_midi.py"))
            helpers[-1].wait("ready")
            helpers[-1].tell(do="connect", name="ear")
            helpers[-1].send(do="play", path=str(TOP / "demo" / "prelude.mid"))
        end = time.monotonic() + args.seconds
        while time.monotonic() < end:
            if args.source == "mic" and all(p.poll() is not None for p in server.players):
                server.play(["paplay", "--device=vmic", str(TOP / "demo" / "prelude.ogg")])
            time.sleep(0.5)
        listener.close()
        for event in listener.all("event"):
            print(f"event: {event['text']}", file=sys.stderr)
        return [p for p in listener.all("prediction") if p["state"] in ("live", "unknown")]
    finally:
        for helper in helpers:
            helper.close()
        server.stop()


def tell(args: argparse.Namespace, lines: list[dict]) -> bool:
    """Percentiles of each model's stages and of whole hops, against a share of the hop.

    Returns:
        Whether whole hops stay within that share at p99.
    """
    rows: dict[str, list[list[float]]] = defaultdict(list)
    hops: dict[float, float] = defaultdict(float)
    for line in lines:
        rows[line["model"]].append([line["latency_ms"][stage] for stage in STAGES])
        hops[line["t"]] = max(hops[line["t"]], line["latency_ms"]["total"])
    if not hops:
        sys.exit("no full window was heard: listen for longer")
    percentiles = {
        model: dict(
            zip(STAGES, np.percentile(values, [50, 95, 99], axis=0).T.tolist(), strict=True)
        )
        for model, values in rows.items()
    }
    whole = np.percentile(list(hops.values()), [50, 95, 99]).tolist()
    limit = SHARE * args.hop * 1e3
    within = whole[2] <= limit
    cores = len(os.sched_getaffinity(0))
    if args.json:
        facts = {"hops": len(hops), "hop_ms": whole, "limit_ms": limit, "models": percentiles}
        print(json.dumps(facts | {"cores": cores, "load": os.getloadavg()}))
        return within
    print(f"{len(hops)} hops of {args.hop:g} s on {cores} cores, load {os.getloadavg()[0]:.1f}")
    print(f"{'milliseconds':30} {'p50':>7} {'p95':>7} {'p99':>7}")
    for model, stages in percentiles.items():
        for stage, values in stages.items():
            print(f"{model + ' ' + stage:30} " + " ".join(f"{v:7.2f}" for v in values))
    print(f"{'all models of a hop':30} " + " ".join(f"{v:7.2f}" for v in whole))
    verdict = "within" if within else "beyond"
    print(f"p99 is {verdict} a tenth of the hop, {limit:g} ms")
    return within


if __name__ == "__main__":
    sys.exit(main())
