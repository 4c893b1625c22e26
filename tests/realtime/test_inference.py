import sys
import threading
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from realtime import inference
from realtime.errors import UserError
from realtime.inference import Function, InferenceError, Network
from realtime.registry import load, shipped


def test_a_prediction_is_what_the_network_computes(network):
    content, matrix, bias = network((16, 5), 4)
    ready = Network(content)
    assert ready.input_shape == (16, 5)
    assert ready.outputs == 4
    rng = np.random.default_rng(1)
    for _ in range(5):
        window = rng.normal(size=(16, 5)).astype(np.float32)
        logits = matrix @ window.ravel() + bias
        expected = np.exp(logits - logits.max())
        probs = ready.predict(window)
        assert probs.dtype == np.float32
        assert probs == pytest.approx(expected / expected.sum(), abs=1e-6)


def test_predictions_do_not_depend_on_what_came_before_and_stay_the_callers(network):
    ready, other = (Network(network((7, 3), 3)[0], threads=n) for n in (1, 2))
    rng = np.random.default_rng(2)
    windows = rng.normal(size=(6, 7, 3)).astype(np.float32)
    kept = [ready.predict(window) for window in windows]
    for window, probs in reversed(list(zip(windows, kept, strict=True))):
        assert np.array_equal(ready.predict(window), probs)
        assert np.array_equal(other.predict(window), probs)


@pytest.mark.parametrize("folder", shipped(), ids=lambda folder: folder.name)
def test_a_shipped_network_remembers_nothing_of_the_window_before(folder):
    """A fused LSTM keeps its state between two invocations unless it is told to forget it."""
    ready = load(folder).network
    rng = np.random.default_rng(4)
    first, other = rng.normal(size=(2, *ready.input_shape)).astype(np.float32)
    said = ready.predict(first)
    ready.predict(other)
    assert np.array_equal(ready.predict(first), said)


def test_a_window_may_be_any_view(network):
    ready = Network(network((7, 3), 3)[0])
    wide = np.random.default_rng(3).normal(size=(14, 6)).astype(np.float32)
    view = wide[::2, ::2]
    assert np.array_equal(ready.predict(view), ready.predict(view.copy()))


class Runner:
    """A function as the runtime lends it: it doubles what it is given."""

    def __init__(self, kind=np.float32):
        self.said = {"out": {"shape": np.array([1, 3]), "dtype": kind}}

    def get_input_details(self):
        return {"given": {"shape": np.array([1, 3]), "dtype": np.float32}}

    def get_output_details(self):
        return self.said

    def __call__(self, given):
        return {"out": 2 * given}


def test_a_function_is_called_by_names():
    double = Function(Runner(), threading.Lock())
    assert (double.takes, double.gives) == ({"given": (1, 3)}, {"out": (1, 3)})
    out = double(given=np.ones((1, 3), np.float32))
    assert np.array_equal(out["out"], np.full((1, 3), 2))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (np.full((1, 3), np.nan, np.float32), "no finite number"),
        (np.full((1, 3), 3e38, np.float32), "no finite number"),
        (np.ones((2, 3), np.float32), "of another shape"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow")  # what is to be found out
def test_what_a_function_may_not_say_is_no_answer(given, says):
    with pytest.raises(InferenceError, match=says):
        Function(Runner(), threading.Lock())(given=given)


def test_a_function_of_other_numbers_is_refused():
    with pytest.raises(ValueError, match="float32"):
        Function(Runner(np.int32), threading.Lock())


@pytest.fixture
def whole(network):
    return network((16, 5), 4)[0]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda whole: b"",
        lambda whole: b"nothing of the kind" * 50,
        lambda whole: whole[: len(whole) // 2],
        lambda whole: whole[:8],
        lambda whole: b"\0" * len(whole),
        lambda whole: b"\x89HDF\r\n\x1a\n" + bytes(1000),
    ],
    ids=["empty", "text", "half", "head", "zeros", "keras"],
)
def test_what_is_no_model_is_refused_in_one_line(spoil, whole, capfd):
    with pytest.raises(UserError) as caught:
        Network(spoil(whole))
    assert str(caught.value).isprintable()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"kind": "int8"}, "float32"),
        ({"batch": 2}, "one window at a time"),
        ({"keep_batch": False}, "one row of numbers"),
    ],
)
def test_a_network_of_another_shape_is_refused(changes, says, network):
    with pytest.raises(UserError, match=says):
        Network(network((16, 5), 4, **changes)[0])


def test_without_a_runtime_one_line_says_what_to_install(monkeypatch, whole):
    monkeypatch.setattr(inference, "RUNTIMES", ("no_such_runtime.interpreter", "nor_this_one"))
    with pytest.raises(UserError, match="pip install ai-edge-litert") as caught:
        Network(whole)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("error", [ImportError, AttributeError, SystemError])
def test_a_runtime_that_imports_but_does_not_work_gives_way_to_the_next(error, monkeypatch, whole):
    """As tflite-runtime does beside NumPy 2."""

    def broken(**_):
        raise error("_ARRAY_API not found")

    stub = ModuleType("broken_runtime")
    stub.Interpreter = broken
    monkeypatch.setitem(sys.modules, "broken_runtime", stub)
    monkeypatch.setattr(inference, "RUNTIMES", ("broken_runtime", "ai_edge_litert.interpreter"))
    assert Network(whole).outputs == 4
    monkeypatch.setattr(inference, "RUNTIMES", ("broken_runtime",))
    with pytest.raises(UserError, match="_ARRAY_API not found"):
        Network(whole)


def test_the_first_runtime_that_works_is_used(monkeypatch, whole):
    used = []
    real = sys.modules["ai_edge_litert.interpreter"]

    def watched(**arguments):
        used.append(arguments["num_threads"])
        return real.Interpreter(**arguments)

    stub = SimpleNamespace(Interpreter=watched)
    monkeypatch.setitem(sys.modules, "watched_runtime", stub)
    monkeypatch.setattr(inference, "RUNTIMES", ("watched_runtime", "nothing"))
    Network(whole, threads=3)
    assert used == [3]
