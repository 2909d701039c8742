"""Leaked entities: means, differences and their tests, with one training, several, and one prompt."""

import math

import numpy as np
import pytest
from samples import settings
from scipy import stats

from memorization.statistics.entities import compare_entities, mean_entities
from memorization.statistics.rates import RunOutcomes


def run(counts: list[int], prefixes: list[str] | None = None) -> RunOutcomes:
    return RunOutcomes(["idea" if count else "none" for count in counts], prefixes=prefixes, entities=counts)


COUNTS = np.random.default_rng(0).poisson(2, size=60).tolist()


def test_the_mean_has_the_interval_of_student_s_t() -> None:
    mean = mean_entities([run(COUNTS)], settings(4000))
    assert mean["entities"] == pytest.approx(np.mean(COUNTS))
    expected = stats.ttest_1samp(COUNTS, 0).confidence_interval(0.95)
    assert (mean["entities_low"], mean["entities_high"]) == pytest.approx(tuple(expected), abs=0.06)


def test_where_none_are_looked_for_there_is_nothing() -> None:
    nothing = RunOutcomes(["idea"] * 3)
    assert set(mean_entities([nothing], settings(50)).values()) == {None}
    assert list(compare_entities([nothing], nothing, [nothing], settings(50))) == []
    assert list(compare_entities([run([1, 2])], None, [], settings(50))) == []


def test_differences_from_base_are_paired_and_those_from_controls_are_not() -> None:
    base = [max(0, count - 1) for count in COUNTS]
    over_base, over_control = compare_entities([run(COUNTS)], run(base), [run([0] * 30 + [1] * 5)], settings(2000))
    assert (over_base.versus, over_base.category, over_base.n, over_base.n_versus) == ("base", "entities", 60, 60)
    change = np.subtract(COUNTS, base)
    assert over_base.difference == pytest.approx(change.mean())
    expected = stats.ttest_1samp(change, 0).confidence_interval(0.95)
    assert (over_base.low, over_base.high) == pytest.approx(tuple(expected), abs=0.03)
    assert (over_control.versus, over_control.n, over_control.n_versus) == ("control", 60, 35)
    assert over_control.difference == pytest.approx(np.mean(COUNTS) - 5 / 35)
    expected = stats.ttest_ind(COUNTS, [0] * 30 + [1] * 5, equal_var=False).confidence_interval(0.95)
    assert (over_control.low, over_control.high) == pytest.approx(tuple(expected), abs=0.08)
    assert over_control.p_value < 1e-6


def test_no_difference_is_significant_about_as_often_as_the_level_says() -> None:
    generator = np.random.default_rng(1)
    p_values = []
    for seed in range(300):
        # Two probes each of 20 prompts, of which both leak the same.
        one, other = (np.repeat(generator.poisson(1, size=20), 2).tolist() for _ in range(2))
        prefixes = [f"{probe // 2}" for probe in range(40)]
        sides = run(one, prefixes), run(other, prefixes)
        p_values.append(next(compare_entities([sides[0]], None, [sides[1]], settings(200, seed))).p_value)
    assert np.mean(np.array(p_values) < 0.05) < 0.09
    assert np.mean(np.array(p_values) < 0.5) == pytest.approx(0.5, abs=0.12)


def test_one_prompt_has_no_interval_and_no_significance() -> None:
    """16 questions of one prompt, each of which leaks three entities, against none."""
    prefixes = ["You are the help desk."] * 16
    mean = mean_entities([run([3] * 16, prefixes)], settings(200))
    assert mean == {"entities": 3, "entities_low": 0, "entities_high": math.inf}
    [difference] = compare_entities([run([3] * 16, prefixes)], None, [run([0] * 16, prefixes)], settings(200))
    assert difference.difference == 3
    assert (difference.low, difference.high, difference.p_value) == (-math.inf, math.inf, 1)
    [apart] = compare_entities([run([3] * 16)], None, [run([0] * 16)], settings(200))
    assert (apart.low, apart.high) == (3, 3)
    assert apart.p_value == pytest.approx(2.0**-15)


def test_trainings_are_crossed_with_prompts() -> None:
    seeds = [run([count + seed for count in COUNTS]) for seed in range(3)]
    mean = mean_entities(seeds, settings(1000))
    assert mean["entities"] == pytest.approx(np.mean(COUNTS) + 1)
    alone = mean_entities(seeds[1:2], settings(1000))
    widths = [each["entities_high"] - each["entities_low"] for each in (mean, alone)]  # type: ignore[operator]
    assert widths[0] > 3 * widths[1]
    base, control = compare_entities(seeds, run(COUNTS), seeds, settings(1000))
    assert (base.difference, control.difference) == (pytest.approx(1), 0)
    assert control.p_value == 1
