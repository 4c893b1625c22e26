from realtime.records import Latency
from realtime.sinks.dashboard.scene import (
    HISTORY_SECONDS,
    LATENCIES,
    TREND_SECONDS,
    TREND_STEP,
    Scene,
)


def scene_of(*records):
    scene = Scene()
    for record in records:
        scene.update(record)
    return scene


def test_models_stand_by_task_in_the_order_of_the_start(make):
    start = make.start(models=("composer-cnn", "instrument-cnn", "composer-lstm", "mine"))
    scene = scene_of(start)
    assert scene.tasks == {
        "composer": ["composer-cnn", "composer-lstm"],
        "instrument": ["instrument-cnn"],
        "mine": ["mine"],
    }
    scene.update(make.prediction("mine", task="sounds", label="a"))
    assert scene.tasks["sounds"] == ["mine"]
    named = scene_of(make.start(models=("mine",), tasks={"mine": "sounds"}))
    assert named.tasks == {"sounds": ["mine"]}


def test_only_the_last_seconds_are_kept(make):
    scene = scene_of(*(make.signal(t / 10) for t in range(1, 400)))
    assert scene.signals[-1].t - scene.signals[0].t <= HISTORY_SECONDS + 1
    assert scene.t == 39.9


def test_each_source_has_its_own_length(make):
    """Known when it is heard: a file is opened only then."""
    scene = scene_of(make.start())
    assert scene.length is None
    scene.update(make.signal(length=12.5))
    assert scene.length == 12.5
    scene.update(make.summary())
    assert scene.length == 12.5
    scene.update(make.signal(0.1))
    assert scene.length is None


def test_only_the_last_latencies_are_kept(make):
    slow = make.prediction(latency=Latency(900.0, 0.0, 0.0, 900.0))
    scene = scene_of(slow, *[make.prediction() for _ in range(LATENCIES)])
    assert {latency.total for latency in scene.latencies} == {3.75}


def test_the_peak_is_of_the_last_seconds(make):
    scene = scene_of(make.signal(1.0, peak=1.5), make.signal(2.0))
    assert scene.peak == 1.5
    scene.update(make.signal(9.0))
    assert scene.peak == 0.5


def test_losses_add_up(make):
    scene = scene_of(
        make.event("dropped", count=3),
        make.event("dropped"),
        make.event("overflow", count=4096),
        make.event("notice"),
        make.event("inference-failed", count=1),
        make.event("recording-gap", count=16_000),  # samples, of a file
        make.event("xrun", count=5),
    )
    assert (scene.dropped, scene.overflows, scene.xruns) == (5, 1, 5)


def test_the_next_file_begins_anew(make):
    scene = scene_of(make.start(), make.signal(5.0), make.prediction(t=5.0))
    assert scene.status == "playing"
    scene.update(make.summary())
    assert scene.status == "finished"
    assert scene.predictions  # what was last heard stays until something new comes
    scene.update(make.signal(0.1))
    assert (scene.t, len(scene.signals), scene.predictions) == (0.1, 1, {})
    scene.update(make.prediction(t=0.2, source="next.wav"))
    assert scene.source == "next.wav"
    assert len(scene.signals) == 1


def test_a_file_that_breaks_off_is_followed_by_the_next(make):
    scene = scene_of(make.start(), make.signal(5.0), make.prediction(t=5.0))
    scene.update(make.signal(0.1))
    assert (scene.t, scene.predictions) == (0.1, {})
    scene.update(make.prediction("instrument-cnn", t=0.1))
    scene.update(make.prediction("instrument-lstm", t=0.2, source="next.wav"))
    assert list(scene.predictions) == ["instrument-lstm"]


def test_a_device_comes_and_goes(make):
    scene = scene_of(make.start(live=True), make.signal(1.0))
    assert scene.status == "listening"
    scene.update(make.event("disconnected"))
    assert scene.status == "disconnected"
    scene.update(make.event("reconnected"))
    assert scene.status == "listening"


def test_one_task_after_another_and_then_all(make):
    scene = scene_of(make.start(models=("instrument-cnn", "composer-cnn")))
    shown = []
    for _ in range(4):
        shown.append(list(scene.tasks))
        scene.next_task()
    assert shown == [["instrument", "composer"], ["instrument"], ["composer"], shown[0]]
    alone = scene_of(make.start(models=("instrument-cnn",)))
    alone.next_task()
    assert alone.focus is None


def test_the_last_minute_is_kept_however_often_models_speak(make):
    scene = scene_of(*(make.prediction(t=step / 100) for step in range(1, 10_001)))
    [history] = scene.history.values()
    assert TREND_SECONDS <= history[-1].t - history[0].t <= TREND_SECONDS + 1.5
    assert len(history) <= (TREND_SECONDS + 1.5) / TREND_STEP


def test_agreement_counts_only_what_both_were_sure_of(make):
    scene = Scene()
    models = ["instrument-cnn", "instrument-lstm"]
    assert scene.agreement(models) is None
    for t, labels, state in [
        (1.0, ("reed", "reed"), "live"),
        (2.0, ("reed", "flute"), "live"),
        (3.0, ("flute", "flute"), "live"),
        (4.0, ("reed", "flute"), "unknown"),
        (5.0, ("reed", "reed"), "live"),
    ]:
        for model, label in zip(models, labels, strict=True):
            scene.update(make.prediction(model, label, t=t, state=state))
    assert scene.agreement(models) == 3 / 4
    assert scene.agreement(models[:1]) is None


def test_a_change_of_device_is_told_until_the_next_one_is_heard(make):
    scene = scene_of(make.start(live=True), make.signal(1.0))
    scene.changing = True
    assert scene.status == "changing device"
    scene.update(make.signal(1.1))
    scene.update(make.summary())
    assert scene.status == "changing device"
    scene.update(make.signal(0.1))
    assert scene.status == "listening"
    scene.update(make.summary())
    assert scene.status == "finished"
