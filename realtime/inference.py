"""One TFLite interpreter."""

from __future__ import annotations

import importlib
import threading
from typing import Any

import numpy as np

from realtime.errors import UserError
from realtime.quiet import quiet_stderr
from realtime.text import printable

RUNTIMES = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter")
"""LiteRT first: it is several times faster, and the last tflite-runtime needs NumPy below 2."""


class InferenceError(Exception):
    """The network gave no answer to a window; the message is one line that says why."""


class Network:
    """A TFLite model, ready to run.

    An interpreter must never be used by two threads at once: those who share one take turns.

    Args:
        model: Content of a ``.tflite`` file with one float32 input and one float32 output.
        threads: Threads that one inference may use.

    Attributes:
        functions: Names of the file's functions, if it has several.

    Raises:
        UserError: No TFLite runtime works here, or the content is no model it can run.
    """

    def __init__(self, model: bytes, *, threads: int = 1) -> None:
        # The interpreter reads the model in place for as long as it lives.
        self._model, self._threads = model, threads
        self._turn, self._others_turn = threading.Lock(), threading.Lock()
        self._functions: dict[str, Function] = {}
        self._others: Any = None
        self._interpreter = _interpreter(model, threads)
        names = tuple(self._interpreter.get_signature_list())
        self.functions = names if len(names) > 1 else ()
        # A network that follows a stream may never read a window: memory for one can wait.
        self._ready = not self.functions
        try:
            if self._ready:
                _allocate(self._interpreter)
            (self._input,) = self._interpreter.get_input_details()
            (self._output,) = self._interpreter.get_output_details()
        except (RuntimeError, ValueError) as error:
            raise UserError(f"not a network this TFLite runtime can run ({told(error)})") from error
        if self._input["dtype"] != np.float32 or self._output["dtype"] != np.float32:
            raise UserError("its input and output must be float32")
        if self._input["shape"][:1].tolist() != [1] or self._output["shape"][:-1].tolist() != [1]:
            raise UserError("it must turn one window at a time into one row of numbers")

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one window, without the batch axis."""
        return tuple(int(n) for n in self._input["shape"][1:])

    def function(self, name: str) -> Function | None:
        """One of several functions of the same file; None if it has none of that name.

        Raises:
            UserError: It cannot be run, or takes or gives other numbers than float32.
        """
        if name not in self.functions:
            return None
        with self._others_turn:
            if self._others is None:  # what lends out functions can no longer predict
                self._others = _interpreter(self._model, self._threads)
            if name not in self._functions:
                try:
                    with quiet_stderr():
                        runner = self._others.get_signature_runner(name)
                    self._functions[name] = Function(runner, self._others_turn)
                except (RuntimeError, ValueError) as error:
                    raise UserError(f"its function {name!r} cannot run ({told(error)})") from error
            return self._functions[name]

    @property
    def outputs(self) -> int:
        """How many numbers come out."""
        return int(self._output["shape"][-1])

    def predict(self, window: np.ndarray) -> np.ndarray:
        """Run the network on one window.

        Args:
            window: float32, of ``input_shape``.

        Returns:
            float32 (outputs,): what its softmax says.

        Raises:
            InferenceError: The runtime failed, or what came out are no finite numbers.
        """
        with self._turn:
            try:
                if not self._ready:
                    _allocate(self._interpreter)
                    self._ready = True
                # A fused LSTM keeps its state between invocations; each window stands alone.
                self._interpreter.reset_all_variables()
                self._interpreter.set_tensor(self._input["index"], window[None])
                self._interpreter.invoke()
                result: np.ndarray = self._interpreter.get_tensor(self._output["index"])[0]
            except (RuntimeError, ValueError) as error:
                raise InferenceError(told(error)) from error
        if not np.isfinite(result).all():
            raise InferenceError("its answer is no finite number")
        return result


class Function:
    """One of several functions of a TFLite model; those who share it take turns.

    Args:
        runner: Of the runtime.
        turn: Held while it runs; one for all functions of the same interpreter.

    Attributes:
        takes: Shape of each input by name.
        gives: Shape of each output by name.

    Raises:
        ValueError: It takes or gives other numbers than float32.
    """

    def __init__(self, runner: Any, turn: threading.Lock) -> None:
        self._runner, self._turn = runner, turn
        both = runner.get_input_details(), runner.get_output_details()
        if any(d["dtype"] != np.float32 for details in both for d in details.values()):
            raise ValueError("its inputs and outputs must be float32")
        self.takes, self.gives = (
            {name: tuple(detail["shape"].tolist()) for name, detail in details.items()}
            for details in both
        )

    def __call__(self, **arrays: np.ndarray) -> dict[str, np.ndarray]:
        """Call it with arrays by name, float32 as ``takes`` says; returns arrays of the caller's.

        Raises:
            InferenceError: The runtime failed, or what came out are no finite numbers.
        """
        with self._turn:
            try:
                out: dict[str, np.ndarray] = self._runner(**arrays)
            except (RuntimeError, ValueError) as error:
                raise InferenceError(told(error)) from error
        if not all(np.isfinite(x).all() for x in out.values()):
            raise InferenceError("its answer is no finite number")
        if any(x.shape != self.gives[name] for name, x in out.items()):
            raise InferenceError("its answer is of another shape than it says")
        return out


def _interpreter(model: bytes, threads: int) -> Any:
    """Construct an interpreter: importing a runtime does not yet show that it works."""
    reasons = []
    for name in RUNTIMES:
        try:
            runtime = importlib.import_module(name)
        except (ImportError, AttributeError) as error:
            reasons.append(told(error))
            continue
        try:
            with quiet_stderr():
                return runtime.Interpreter(model_content=model, num_threads=threads)
        except (ValueError, RuntimeError) as error:
            raise UserError(f"not a TFLite model it can run ({told(error)})") from error
        except (ImportError, AttributeError, SystemError) as error:
            reasons.append(told(error))
    raise UserError(
        f"no TFLite runtime works here ({'; '.join(reasons)}): pip install ai-edge-litert"
    )


def _allocate(interpreter: Any) -> None:
    with quiet_stderr():
        interpreter.allocate_tensors()


def told(error: Exception) -> str:
    """The first line of what a runtime says, fit for a terminal."""
    return printable((str(error).strip().splitlines() or [type(error).__name__])[0])
