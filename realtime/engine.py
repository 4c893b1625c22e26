"""The one loop: blocks in, predictions out."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Literal

from realtime.decision import Decision
from realtime.errors import UserError
from realtime.inference import InferenceError
from realtime.lanes import AudioLane, NoteLane, View
from realtime.latency import Percentiles, Stopwatch
from realtime.meter import QUIETEST, Reading
from realtime.records import (
    HOPS,
    LONGEST,
    STREAM_RATE,
    AudioBlock,
    Event,
    Latency,
    MidiBlock,
    ModelSummary,
    Pause,
    Prediction,
    Record,
    Signal,
    Summary,
)
from realtime.registry import Model
from realtime.sources import Item, Replayable, Source
from realtime.sources.hold import Hold
from realtime.sources.pace import held, paced
from realtime.synth import Synth, SynthMissing

LATE = 1.0
"""Seconds behind a live source after which windows are skipped to catch up."""

FAILURES = 10
"""Windows in a row that a network may leave without an answer before it is asked no more."""


class Engine:
    """Listens to one source with several models.

    Every ``hop`` seconds of stream time each model is shown its newest window. What it then says
    depends on the stream up to that instant alone: not on how the source cuts it into blocks, nor
    on how fast they come.

    Sound goes to the models that listen. Notes go to the models that read notes and, through a
    synthesizer, to those that listen.

    An engine runs once, like the source that it listens to.

    Args:
        source: What to listen to; opened and closed by ``run``.
        models: Loaded models. Their interpreters are used in the caller's thread only.
        hop: Seconds of stream time between predictions.
        soundfont: SoundFont for MIDI; the embedded default otherwise.
        duration: Stop after so many seconds of stream time, also while a device is away.
        pace: ``real`` replays a file as it was played, ``fast`` as fast as possible.
        signals: Also yield a ``Signal`` every tenth of a second.
        hold: When a replay waits; a live source minds its own, see ``Holdable``.

    Raises:
        UserError: No model can hear this source, or ``hop`` or ``duration`` is out of range.
    """

    def __init__(
        self,
        source: Source,
        models: Sequence[Model],
        *,
        hop: float = 0.25,
        soundfont: str | None = None,
        duration: float | None = None,
        pace: Literal["real", "fast"] = "fast",
        signals: bool = False,
        hold: Hold | None = None,
    ) -> None:
        shortest, longest = HOPS
        if not shortest <= hop <= longest:
            raise UserError(
                f"a hop of {hop:g} s is out of range; choose {shortest:g} to {longest:g} s"
            )
        if duration is not None and not 0 < duration <= LONGEST:
            raise UserError(
                f"a duration of {duration:g} s is out of range; leave it out for no end"
            )
        self._source, self._signals, self._soundfont = source, signals, soundfont
        self._paced = pace == "real" and not source.live
        self._models = [m for m in models if source.stream == "midi" or m.stream == "audio"]
        if not self._models:
            names = ", ".join(m.manifest.name for m in models) or "none"
            raise UserError(
                f"{source.name}: no model for {source.stream} among {names}; choose another, or "
                "give MIDI to those that read it"
            )
        self._hop = round(hop * STREAM_RATE)
        # Of less than a sample there is nothing to say.
        self._end = math.inf if duration is None else max(1, round(duration * STREAM_RATE))
        self._position = self._origin = 0
        self._due = self._hop
        self._last_due = 0
        self._dropped = self._overflows = self._xruns = 0
        self._memory = source if isinstance(source, Replayable) else None
        self._busy = self._interrupted = self._ran = self._forgets = False
        self._hold = hold or Hold()
        self._watch = Stopwatch()
        self._synth: Synth | None = None

    def run(self) -> Generator[Record, None, None]:
        """Yield signals, predictions and events as they come, and a summary at the end.

        Closing the generator early closes the source and the synthesizer.

        Raises:
            UserError: The source cannot be opened or read on, or no network answers any more. What
                came until then has been predicted and summed up.
            KeyboardInterrupt: Ctrl-C; likewise after the summary.
            RuntimeError: The engine ran before.
        """
        if self._ran:
            raise RuntimeError("an engine runs once; make another one")
        self._ran = True
        with ExitStack() as stack:
            stack.enter_context(self._source)
            yield from self._prepare(stack)
            started = time.perf_counter()
            failure: BaseException | None = None
            try:
                for item in self._items():
                    if isinstance(item, Pause):
                        if item.position >= self._end:
                            break
                        continue
                    self._busy = True
                    yield from self._take(item)
                    self._busy = False
                    if not self._models:
                        raise UserError("no network answers any more; export them with rt-train")
                    if self._interrupted:
                        raise KeyboardInterrupt
                    if self._position >= self._end:
                        break
            except (UserError, KeyboardInterrupt) as error:
                failure = error
            finally:
                left = self._memory.ended(self._position) if self._memory else ()
            yield from left
            if self._models and self._position > self._last_due:
                yield from self._predict(self._position, time.perf_counter())
            if self._position > 0:
                yield self._summary(time.perf_counter() - started)
            if failure:
                raise failure

    def interrupt(self) -> bool:
        """Ask for the end after what is being worked on, so that no instant is half predicted.

        Returns:
            False if nothing is, or if it was asked for before: then raise ``KeyboardInterrupt``.
        """
        held = self._busy and not self._interrupted
        self._interrupted = True
        return held

    def reset_evidence(self) -> None:
        """Begin the evidence anew with the next window; any thread may ask."""
        self._forgets = True

    def _items(self) -> Iterable[Item]:
        if self._source.live:
            return self._source
        return (paced if self._paced else held)(self._source, self._hold.wait)

    def _prepare(self, stack: ExitStack) -> Iterator[Event]:
        """Set up what the models need; without a synthesizer those that listen stay out."""
        if self._source.stream == "midi" and any(m.stream == "audio" for m in self._models):
            try:
                self._synth = stack.enter_context(Synth(self._soundfont))
            except SynthMissing as error:
                self._models = [m for m in self._models if m.stream == "midi"]
                if not self._models:
                    raise
                yield Event("notice", 0.0, str(error), self._source.name)
        listening = [m.manifest for m in self._models if m.stream == "audio"]
        following = {m.manifest.name: m.network for m in self._models if m.manifest.streaming}
        self._audio = AudioLane(listening, networks=following)
        self._notes = NoteLane([m.manifest for m in self._models if m.stream == "midi"])
        self._decisions = {m.manifest.name: Decision(m.manifest) for m in self._models}
        self._latencies = {m.manifest.name: Percentiles() for m in self._models}
        self._windows = dict.fromkeys(self._decisions, 0)
        self._warming = set(self._decisions)
        self._failures = dict.fromkeys(self._decisions, 0)

    def _take(self, item: AudioBlock | MidiBlock | Event) -> Iterator[Record]:
        if isinstance(item, Event):
            self._overflows += item.kind == "overflow"
            self._xruns += item.count if item.kind == "xrun" else 0
            yield item
            return
        if item.position != self._position:
            self._skip_to(item.position)
        end = int(min(item.end, self._end))
        while self._position < end:
            stop = min(self._due, end)
            if self._signals:  # one each tenth of a second, also of a longer block
                stop = min(stop, self._next_tenth())
            if isinstance(item, AudioBlock):
                yield from self._hear(item, stop)
            else:
                yield from self._read(item, stop)
            self._position = stop
            if stop == self._due:
                yield from self._predict(stop, self._arrival(item, stop))
                self._due += self._hop

    def _arrival(self, item: AudioBlock | MidiBlock, stop: int) -> float:
        """When all up to ``stop`` was there to be worked on.

        Sound comes as the device delivers it, a whole block at once. MIDI's stretches grow by the
        clock: of one that was not read for a while the first windows are older than its end, and
        are to be told and skipped as such.
        """
        grows = self._source.live and isinstance(item, MidiBlock)
        return item.captured - (item.end - stop) / STREAM_RATE if grows else item.captured

    def _hear(self, block: AudioBlock, stop: int) -> Iterator[Signal]:
        samples = block.samples[self._position - block.position : stop - block.position]
        with self._watch:
            readings = self._audio.push(samples)
        yield from self._signal(readings)

    def _read(self, block: MidiBlock, stop: int) -> Iterator[Signal]:
        messages = [m for m in block.messages if self._position <= m.position < stop]
        with self._watch:
            self._notes.push(messages, stop)
            if self._synth is not None:
                readings = self._audio.push(self._synth.render(messages, stop))
            elif stop == self._next_tenth():  # where a meter would have read
                readings = [Reading(stop - self._origin, QUIETEST, 0.0)]
            else:
                readings = []
        yield from self._signal(readings)

    def _next_tenth(self) -> int:
        """Where the meter reads next: tenths of a second count from the last gap on."""
        tenth = STREAM_RATE // 10
        return self._origin + ((self._position - self._origin) // tenth + 1) * tenth

    def _signal(self, readings: list[Reading]) -> Iterator[Signal]:
        """What a meter shows; pushed no further than the next tenth, it has read once at most."""
        if not self._signals or not readings:
            return
        midi = self._source.stream == "midi"
        bands = None if midi else self._audio.meter.spectrum()
        notes = self._notes.sounding if midi else None
        (read,) = readings
        t = (self._origin + read.end) / STREAM_RATE
        yield Signal(t, read.level, read.peak, bands, notes, self._source.length)

    def _predict(self, due: int, captured: float) -> Iterator[Record]:
        started = time.perf_counter()
        elapsed = (due - self._last_due) / STREAM_RATE
        # What was computed while the window's earlier sound came in is no part of the latency.
        shared = min(self._watch.take(), max(0.0, started - captured))
        if skipped := self._skip(due, started - captured):
            self._dropped += skipped.count
            yield skipped
            return
        self._last_due = due
        if self._forgets:
            self._forgets = False
            for decision in self._decisions.values():
                decision.forget()
        for model in tuple(self._models):
            try:
                record: Record = self._ask(model, due, elapsed, captured, shared)
                self._failures[model.manifest.name] = 0
            except InferenceError as error:
                record = self._failed(model, due, error)
            yield record

    def _skip(self, due: int, behind: float) -> Event | None:
        """Whether to leave out a window: live to catch up, and in a replay as it was then."""
        memory = self._memory
        if memory is not None and due in memory.skips:
            event = replace(memory.skips[due], source=self._source.name)
        elif self._source.live and behind > LATE:
            text = f"{behind:.1f} s behind: a window of each model skipped to catch up"
            count = len(self._models)
            event = Event("dropped", due / STREAM_RATE, text, self._source.name, count)
        else:
            return None
        if memory is not None:
            memory.skipped(due, event)
        return event

    def _ask(
        self, model: Model, due: int, elapsed: float, captured: float, shared: float
    ) -> Prediction:
        manifest = model.manifest
        decision = self._decisions[manifest.name]
        lane = self._audio if model.stream == "audio" else self._notes
        before = time.perf_counter()
        view: View = lane.view(manifest)
        ready = time.perf_counter()
        probs = None
        if view.window is not None:
            asked = self._audio.followers.get(manifest.name, model.network)
            probs = decision.calibrate(asked.predict(view.window))
        done = time.perf_counter()
        state = decision.state(probs, full=view.full, silent=view.silent)
        label, p = decision.best(probs)
        if probs is not None and view.fresh:
            decision.weigh(probs, full=view.full)
        smoothed = decision.smooth(None if view.silent else probs, elapsed)
        evidence = decision.evidence
        # Whatever was waited for, other models too, lies between arrival and work.
        stages = (
            max(0.0, before - captured - shared) * 1e3,
            (shared + ready - before) * 1e3,
            (done - ready) * 1e3,
        )
        latency = Latency(
            *stages, total=sum(stages), device=getattr(self._source, "latency", 0.0) * 1e3
        )
        if probs is not None:  # in silence there is nothing to classify, nor to time
            self._latencies[manifest.name].add(latency)
            self._windows[manifest.name] += 1
            if view.full:
                self._warming.discard(manifest.name)
        return Prediction(
            model=manifest.name,
            task=manifest.task,
            t=due / STREAM_RATE,
            window=(view.start / STREAM_RATE, view.end / STREAM_RATE),
            state=state,
            label=label,
            p=p,
            probs=decision.named(probs),
            smoothed=decision.named(smoothed),
            latency=latency,
            source=self._source.name,
            evidence={} if evidence is None else decision.named(evidence),
        )

    def _failed(self, model: Model, due: int, error: InferenceError) -> Event:
        """Count a window that a network left without an answer; give up on one that always does."""
        name = model.manifest.name
        self._dropped += 1
        self._failures[name] += 1
        text = f"{name} gave no answer ({error})"
        if self._failures[name] == FAILURES:
            self._models.remove(model)
            self._audio.leave_out(name)
            text += f", {FAILURES} times in a row: it is asked no more"
        return Event("inference-failed", due / STREAM_RATE, text, self._source.name, 1)

    def _skip_to(self, position: int) -> None:
        """Go on after a gap: nothing is made up to fill it, so every window starts anew."""
        self._position = self._origin = position
        self._due = (position // self._hop + 1) * self._hop
        self._last_due = position
        self._audio.reset(position)
        self._notes.reset(position)
        if self._synth is not None:
            self._synth.reset(position)
        for decision in self._decisions.values():
            decision.reset()

    def _summary(self, wall: float) -> Summary:
        models = {}
        for name, decision in self._decisions.items():
            evidence = decision.evidence
            models[name] = ModelSummary(
                label=None if evidence is None else decision.labels[int(evidence.argmax())],
                probs={} if evidence is None else decision.named(evidence),
                windows=self._windows[name],
                latency=self._latencies[name].summary(),
                warming=evidence is not None and name in self._warming,
            )
        seconds = self._position / STREAM_RATE
        factor = seconds / wall if wall > 0 else 0.0
        return Summary(
            source=self._source.name,
            models=models,
            seconds=seconds,
            dropped=self._dropped,
            overflows=self._overflows,
            realtime_factor=factor,
            xruns=self._xruns,
        )
