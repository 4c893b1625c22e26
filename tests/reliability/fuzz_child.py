"""Gives generated input to targets, in a process of its own: ``fuzz_child.py FACTS ENGINE N SEED
TARGET…``.

What came of it is written to the file FACTS, as JSON by target. The case at hand always lies in
``FACTS.case``, so a process that dies or hangs leaves it behind.
"""

from __future__ import annotations

import faulthandler
import json
import random
import sys
import tempfile
from pathlib import Path

LONGEST = 30  # seconds for a case; then the process ends with a traceback
PART = 300  # cases after which hypothesis begins anew: it remembers each, large networks too

facts, engine, cases, seed, *names = sys.argv[1:]
folder = Path(facts).parent
case_path = Path(f"{facts}.case")
faulthandler.enable()
tempfile.tempdir = str(folder)  # targets leave what they make there

if engine == "atheris":
    import atheris

    with atheris.instrument_imports(include=["realtime", "training"]):
        import fuzz_targets
else:
    import fuzz_targets

from memory import peak  # noqa: E402 - after the instrumentation

from realtime.errors import UserError  # noqa: E402 - after the instrumentation


class Tally:
    """Counts what came of the cases of one target."""

    def __init__(self, name: str) -> None:
        self.name, self.run = name, fuzz_targets.TARGETS[name]
        self.right = self.refused = 0
        self.start = peak()

    def __call__(self, data: bytes) -> None:
        case_path.write_bytes(data)
        faulthandler.dump_traceback_later(LONGEST, exit=True)
        try:
            self.run(data)
            self.right += 1
        except UserError as error:
            text = str(error)
            assert text.strip(), "an error without a word"
            assert len(text.splitlines()) == 1, f"more than a line: {text!r}"
            assert len(text) < 2000, f"too long: {text!r}"
            self.refused += 1
        faulthandler.cancel_dump_traceback_later()
        if (self.right + self.refused) % 50 == 0:
            self.save()

    def save(self) -> None:
        known = json.loads(Path(facts).read_text("utf-8")) if Path(facts).exists() else {}
        known[self.name] = {
            "right": self.right,
            "refused": self.refused,
            "start_mb": self.start,
            "peak_mb": peak(),
        }
        Path(facts).write_text(json.dumps(known), "utf-8")


def with_hypothesis(name: str, n: int) -> None:
    from generated import strategy
    from hypothesis import HealthCheck, given, settings
    from hypothesis import seed as seeded

    tally = Tally(name)

    for part, done in enumerate(range(0, n, PART)):

        @settings(
            max_examples=min(PART, n - done),
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            derandomize=False,
        )
        @seeded(int(seed) + 1000 * part)
        @given(strategy(name))
        def try_all(data: bytes) -> None:
            tally(data)

        try_all()
    tally.save()


def with_atheris(name: str, n: int) -> None:
    """Coverage-guided; libFuzzer ends the process when it is done, hence one target a process."""
    tally = Tally(name)
    corpus = folder / f"corpus-{name}"
    corpus.mkdir()
    for i, data in enumerate(fuzz_targets.seeds(name)):
        (corpus / str(i)).write_bytes(data)
    options = [f"-runs={n}", f"-seed={seed}", "-rss_limit_mb=500", f"-timeout={LONGEST}"]
    options += [f"-artifact_prefix={folder}/", "-max_len=20000", str(corpus)]
    atheris.Setup([sys.argv[0], *options], tally)
    atheris.Fuzz()


random.seed(int(seed))
for name in names:
    (with_atheris if engine == "atheris" else with_hypothesis)(name, int(cases))
