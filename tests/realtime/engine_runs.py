"""What tests of the engine do: run it over made-up blocks and take what comes of it."""

from __future__ import annotations

import time

from realtime.engine import Engine
from realtime.errors import UserError


def outcome(engine):
    """What a run yields and the error that ends it, if any."""
    records = []
    try:
        for record in engine.run():
            records.append(record)  # noqa: PERF402  what came before an error counts
    except (UserError, KeyboardInterrupt) as error:
        return records, error
    return records, None


def of(kind, records):
    return [r for r in records if isinstance(r, kind)]


def hear(stub, blocks, models=("mfcc", "spectrogram"), **options):
    source = stub.source(blocks)
    records, error = outcome(Engine(source, [stub.model(kind) for kind in models], **options))
    assert error is None
    assert (source.opened, source.closed) == (1, 1)
    return stub.predictions(records)


def read(stub, blocks, models=("notes", "chords"), **options):
    source = stub.source(blocks, stream="midi")
    records, error = outcome(Engine(source, [stub.model(kind) for kind in models], **options))
    assert error is None
    return stub.predictions(records)


def slowly(predict, seconds):
    """The same answers, so much later."""

    def late(window):
        time.sleep(seconds)
        return predict(window)

    return late
