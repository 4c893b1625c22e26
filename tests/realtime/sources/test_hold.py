import threading
import time

import pytest

from realtime.engine import Engine
from realtime.records import AudioBlock, Event, Pause, Prediction
from realtime.sources.hold import Hold, Holdable


def test_it_holds_until_it_is_over():
    hold = Hold()
    assert hold.wait() == 0.0
    hold.toggle()
    assert hold.on
    threading.Timer(0.2, hold.toggle).start()
    begun = time.perf_counter()
    assert 0.1 < hold.wait() <= time.perf_counter() - begun
    assert not hold.on


def test_a_stop_is_told_once_and_not_counted_in_a_pause():
    hold = Hold()
    hold.stood(30.0)
    assert hold.wait() == 30.0
    assert hold.wait() == 0.0
    hold.toggle()
    threading.Timer(0.2, lambda: (hold.stood(30.0), hold.toggle())).start()
    assert 0.1 < hold.wait() < 20
    assert hold.wait() == 0.0


def test_a_live_source_goes_on_unheard(stub):
    hold = Hold()
    blocks = stub.blocks(stub.noise(3.0))

    def toggled(block):
        def item():
            hold.toggle()
            return block

        return item

    items = [*blocks[:10], toggled(blocks[10]), stub.event("notice"), *blocks[11:20]]
    items += [toggled(blocks[20]), *blocks[21:]]
    source = stub.source(items, live=True)
    with Holdable(source, hold) as it:
        assert (it.name, it.live, it.stream, it.length) == ("stub", True, "audio", None)
        heard = list(it)
    assert (source.opened, source.closed) == (1, 1)
    events = [item for item in heard if isinstance(item, Event)]
    assert [(e.kind, e.t, e.count) for e in events] == [("notice", 0.0, 0), ("paused", 2.0, 16_000)]
    meanwhile = [item.position for item in heard if isinstance(item, Pause)]
    assert meanwhile == [b.position for b in blocks[10:20]]
    positions = [item.position for item in heard if isinstance(item, AudioBlock)]
    assert positions == [b.position for b in (*blocks[:10], *blocks[20:])]


def test_windows_begin_anew_after_a_pause(stub):
    blocks = stub.blocks(stub.noise(1.0)) + stub.blocks(stub.noise(1.0, 2), position=48_000)
    source = Holdable(stub.source(blocks), Hold())
    heard = [r for r in Engine(source, [stub.model()]).run() if isinstance(r, Prediction)]
    assert heard[-1].window[0] >= 3.0
    assert heard[-1].t == pytest.approx(4.0)
