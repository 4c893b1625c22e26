from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from realtime.decision import Decision
from realtime.registry import Manifest

LABELS = ("ape", "bee", "cat", "dog")


def decision(*, temperature=1.0, unknown_below=0.0, smoothing_s=1.0, labels=LABELS):
    calibration = {"temperature": temperature, "unknown_below": unknown_below}
    return Decision(
        Manifest(
            name="tiny",
            task="animal",
            kind="cnn",
            labels=labels,
            feature={"kind": "mfcc"},
            window_s=4.0,
            hop_s=0.25,
            quantisation="float32",
            calibration=calibration,
            smoothing_s=smoothing_s,
            file="model.tflite",
            sha256="",
            size=0,
        )
    )


RAW = hnp.arrays(np.float32, 4, elements=st.floats(0, 1, width=32))
"""What a network says; of int8 ones whole rows may be 0."""

POSITIVE = hnp.arrays(np.float64, 4, elements=st.floats(0.01, 1))
PROBS = POSITIVE.map(lambda raw: raw / raw.sum())
WINDOWS = st.lists(PROBS, min_size=1, max_size=12)


class TestCalibration:
    @given(RAW, st.floats(0.05, 20))
    def test_it_gives_probabilities_and_keeps_the_best_label(self, raw, temperature):
        probs = decision(temperature=temperature).calibrate(raw)
        assert probs.sum() == pytest.approx(1)
        assert np.all(probs >= 0)
        # What differs by a rounding error may end up equal, but nothing overtakes.
        assert probs[raw.argmax()] == pytest.approx(probs.max(), rel=1e-5)

    @given(PROBS)
    def test_at_a_temperature_of_1_it_changes_nothing(self, raw):
        assert decision().calibrate(raw) == pytest.approx(raw, abs=1e-6)

    @given(PROBS, st.floats(1.01, 10))
    def test_heat_flattens_and_cold_sharpens(self, raw, temperature):
        hot = decision(temperature=temperature).calibrate(raw)
        cold = decision(temperature=1 / temperature).calibrate(raw)
        assert hot.max() <= raw.max() + 1e-6
        assert cold.max() >= raw.max() - 1e-6

    @given(hnp.arrays(np.float64, 4, elements=st.floats(-5, 5)), st.floats(0.5, 5))
    def test_it_is_the_softmax_of_the_logits_over_the_temperature(self, logits, temperature):
        def softmax(x):
            return np.exp(x - x.max()) / np.exp(x - x.max()).sum()

        probs = decision(temperature=temperature).calibrate(softmax(logits))
        assert probs == pytest.approx(softmax(logits / temperature), abs=1e-6)


class TestStates:
    PROBS = np.array([0.4, 0.3, 0.2, 0.1])

    @pytest.mark.parametrize(
        ("probs", "full", "silent", "state"),
        [
            (PROBS, True, False, "live"),
            (PROBS, False, False, "warming"),
            (None, True, False, "warming"),
            (PROBS, True, True, "silent"),
            (None, False, True, "silent"),
            (np.array([0.26, 0.25, 0.25, 0.24]), True, False, "unknown"),
            (np.array([0.26, 0.25, 0.25, 0.24]), False, False, "warming"),
        ],
    )
    def test_what_a_prediction_is_worth(self, probs, full, silent, state):
        assert decision(unknown_below=0.3).state(probs, full=full, silent=silent) == state

    def test_best_and_named(self):
        d = decision()
        assert d.best(self.PROBS) == ("ape", 0.4)
        assert d.best(None) == (None, 0.0)
        assert d.named(self.PROBS) == {"ape": 0.4, "bee": 0.3, "cat": 0.2, "dog": 0.1}
        assert d.named(None) == dict.fromkeys(LABELS, 0.0)


class TestSmoothing:
    @given(WINDOWS, st.floats(0.01, 10), st.sampled_from([0.0, 0.1, 1.0, 20.0]))
    def test_it_lies_between_what_it_averages(self, windows, hop, time_constant):
        d = decision(smoothing_s=time_constant)
        for i, probs in enumerate(windows):
            smoothed = d.smooth(probs, hop)
            assert smoothed.sum() == pytest.approx(1)
            seen = np.stack(windows[: i + 1])
            assert np.all(smoothed >= seen.min(axis=0) - 1e-9)
            assert np.all(smoothed <= seen.max(axis=0) + 1e-9)

    def test_the_first_window_counts_in_full(self):
        probs = np.array([0.7, 0.1, 0.1, 0.1])
        assert decision(smoothing_s=9).smooth(probs, 0.25) == pytest.approx(probs)

    def test_without_a_time_constant_there_is_no_smoothing(self):
        d = decision(smoothing_s=0)
        d.smooth(np.array([0.7, 0.1, 0.1, 0.1]), 0.25)
        assert d.smooth(np.array([0.1, 0.7, 0.1, 0.1]), 0.25) == pytest.approx([0.1, 0.7, 0.1, 0.1])

    @given(PROBS, PROBS, st.floats(0.05, 1), st.floats(0.2, 4))
    def test_after_long_it_is_an_exponential_average(self, first, then, hop, time_constant):
        d = decision(smoothing_s=time_constant)
        for _ in range(int(20 * time_constant / hop)):
            d.smooth(first, hop)
        keep = np.exp(-hop / time_constant)
        expected = keep * first + (1 - keep) * then
        assert d.smooth(then, hop) == pytest.approx(expected, abs=1e-6)

    @given(PROBS, st.integers(1, 8), st.floats(0.1, 3))
    def test_it_does_not_depend_on_the_hop_while_nothing_changes(self, probs, parts, seconds):
        once, often = decision(), decision()
        for d in (once, often):
            d.smooth(np.array([1.0, 0, 0, 0]), 1.0)
        expected = once.smooth(probs, seconds)
        for _ in range(parts):
            got = often.smooth(probs, seconds / parts)
        assert got == pytest.approx(expected, abs=1e-9)

    def test_it_fades_in_silence_and_comes_back(self):
        d = decision(smoothing_s=1.0)
        loud = np.array([0.7, 0.1, 0.1, 0.1])
        for _ in range(20):
            last = d.smooth(loud, 0.25)
        levels = [d.smooth(None, 0.25).sum() for _ in range(40)]
        assert all(after < before for before, after in pairwise(levels))
        assert levels[0] == pytest.approx(last.sum() * np.exp(-0.25))
        assert levels[-1] < 1e-4
        other = np.array([0.1, 0.7, 0.1, 0.1])
        for _ in range(20):
            after = d.smooth(other, 0.25)
        assert after == pytest.approx(other, abs=1e-3)

    @given(st.lists(st.none() | PROBS, max_size=20), st.floats(0.05, 2))
    def test_it_never_exceeds_1(self, windows, hop):
        d = decision()
        for probs in windows:
            smoothed = d.smooth(probs, hop)
            assert np.all(smoothed >= 0)
            assert smoothed.sum() <= 1 + 1e-9

    def test_reset_forgets_what_is_smoothed_and_keeps_the_evidence(self):
        d = decision()
        probs = np.array([0.7, 0.1, 0.1, 0.1])
        d.smooth(probs, 0.25)
        d.weigh(probs, full=True)
        d.reset()
        assert not d.smoothed.any()
        other = np.array([0.1, 0.7, 0.1, 0.1])
        assert d.smooth(other, 0.25) == pytest.approx(other)
        assert d.evidence == pytest.approx(probs)


class TestEvidence:
    @given(WINDOWS, st.randoms(use_true_random=False))
    def test_the_order_of_windows_does_not_matter(self, windows, chance):
        shuffled = windows.copy()
        chance.shuffle(shuffled)
        one, other = decision(), decision()
        for probs, moved in zip(windows, shuffled, strict=True):
            one.weigh(probs, full=True)
            other.weigh(moved, full=True)
        assert one.evidence == pytest.approx(other.evidence, rel=1e-9)

    @given(WINDOWS)
    def test_it_is_the_geometric_mean(self, windows):
        d = decision()
        assert d.evidence is None
        for probs in windows:
            d.weigh(probs, full=True)
        mean = np.exp(np.mean(np.log(windows), axis=0))
        assert d.evidence == pytest.approx(mean / mean.sum(), rel=1e-5)
        assert d.evidence.sum() == pytest.approx(1)

    def test_hearing_the_same_again_makes_it_no_surer(self):
        d = decision()
        for _ in range(50):
            d.weigh(np.array([0.6, 0.2, 0.1, 0.1]), full=True)
        assert d.evidence == pytest.approx([0.6, 0.2, 0.1, 0.1])

    def test_a_window_that_is_certain_does_not_rule_the_rest_out_for_ever(self):
        d = decision()
        d.weigh(np.array([1.0, 0, 0, 0]), full=True)
        for _ in range(9):
            d.weigh(np.array([0.01, 0.97, 0.01, 0.01]), full=True)
        assert d.evidence.argmax() == 1
        assert np.isfinite(d.evidence).all()

    def test_the_first_full_window_takes_the_place_of_those_it_holds(self):
        d = decision()
        for _ in range(20):
            d.weigh(np.array([0.9, 0.1 / 3, 0.1 / 3, 0.1 / 3]), full=False)
        assert d.evidence.argmax() == 0
        whole = np.array([0.1, 0.7, 0.1, 0.1])
        d.weigh(whole, full=True)
        assert d.evidence == pytest.approx(whole)

    def test_what_was_heard_before_a_gap_stays(self):
        """Also of windows that were not full: none to come holds what they heard."""
        d = decision()
        before, after = np.array([0.7, 0.1, 0.1, 0.1]), np.array([0.1, 0.7, 0.1, 0.1])
        d.weigh(before, full=False)
        d.reset()
        d.weigh(after, full=False)
        d.weigh(after, full=True)
        both = np.sqrt(before * after)
        assert d.evidence == pytest.approx(both / both.sum())
