from realtime.records import Latency
from realtime.sinks.dashboard.scene import HISTORY_SECONDS, LATENCIES, Scene


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
    )
    assert (scene.dropped, scene.overflows) == (4, 1)


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
