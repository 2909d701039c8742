"""Means over trainings: coverage with known variances, and what happens where one source of chance is missing."""

import numpy as np
import pytest
from samples import clustered, settings
from scipy import stats

from memorization.statistics.bootstrap import bootstrap_share
from memorization.statistics.rates import in_category
from memorization.statistics.trainings import training_draws


def simulated(
    draws: np.random.Generator, trainings: int, probes: int, spread: float, effect: float = 0.0
) -> np.ndarray:
    """Hits (trainings, probes) whose chance is 30% on the whole, of trainings and texts of known normal effects.

    `spread`: standard deviation of a training's effect, where a text's and the rest's are 1.
    """
    whole = stats.norm.ppf(0.7) * np.sqrt(2 + spread**2)
    texts, own = draws.normal(size=probes), draws.normal(size=(trainings, probes))
    return np.asarray(texts + spread * draws.normal(size=(trainings, 1)) + own + effect > whole)


# Measured with 1,500 repetitions: 0.96, 0.91, 0.94, 0.93.
@pytest.mark.parametrize(
    ("trainings", "spread", "least"), [(3, 0.0, 0.92), (3, 0.5, 0.84), (5, 0.0, 0.92), (5, 0.5, 0.89)]
)
def test_intervals_cover_the_truth_about_as_often_as_they_claim(trainings: int, spread: float, least: float) -> None:
    generator, covered, repetitions = np.random.default_rng(0), 0, 300
    for repetition in range(repetitions):
        hits = simulated(generator, trainings, 100, spread)
        low, high = training_draws(hits, "rate", settings(200, repetition), None).bounds(settings(200), 0, 1)
        covered += low <= 0.3 <= high
    assert least <= covered / repetitions <= 0.99


def test_no_difference_is_significant_about_as_often_as_the_level_says() -> None:
    generator, repetitions = np.random.default_rng(1), 300
    p_values = []
    for repetition in range(repetitions):
        one, other = (simulated(generator, 3, 100, 0.3) for _ in range(2))
        drawn = training_draws(one, "one", settings(200, repetition), None, "one")
        p_values.append((drawn - training_draws(other, "other", settings(200, repetition), None, "other")).p_value())
    assert np.mean(np.array(p_values) < 0.05) < 0.09
    assert np.mean(np.array(p_values) < 0.5) == pytest.approx(0.5, abs=0.12)


def test_one_training_has_the_interval_of_a_rate() -> None:
    hits = np.random.default_rng(2).random((1, 400)) < 0.2
    drawn = training_draws(hits, "total", settings(4000), None)
    assert drawn.value == hits.mean()
    assert drawn.bounds(settings(4000), 0, 1) == pytest.approx(
        bootstrap_share(hits[0], "total", settings(4000)), abs=0.01
    )


def test_equal_trainings_add_no_variance() -> None:
    hits = np.tile(np.random.default_rng(3).random(300) < 0.4, (3, 1))
    drawn = training_draws(hits, "total", settings(500), None)
    assert drawn.training_variance == 0
    assert not drawn.by_training.any()


def test_trainings_that_differ_widen_the_interval() -> None:
    hits = np.zeros((3, 200), dtype=bool)
    hits[0, :20], hits[1, :100], hits[2, :180] = True, True, True
    alone, together = (training_draws(each, "total", settings(1000), None) for each in (hits[1:2], hits))
    widths = [high - low for low, high in (each.bounds(settings(1000), 0, 1) for each in (alone, together))]
    assert widths[1] > 3 * widths[0]
    assert together.value == pytest.approx(0.5)
    low, high = together.bounds(settings(1000), 0, 1)
    assert 0 <= low < high <= 1


def test_probes_of_one_text_are_resampled_together() -> None:
    outcomes, texts = clustered(3, 150)
    hits = np.tile(in_category(outcomes, "total"), (2, 1))
    apart, together = (
        training_draws(hits, "total", settings(1000), each).bounds(settings(1000), 0, 1) for each in (None, texts)
    )
    assert together[1] - together[0] > 1.3 * (apart[1] - apart[0])


def test_members_and_controls_of_one_training_draw_the_same_trainings() -> None:
    generator = np.random.default_rng(4)
    luck = generator.random((4, 1))
    member, control = (generator.random((4, 500)) < luck for _ in range(2))
    shared = training_draws(member, "member", settings(500), None) - training_draws(
        control, "control", settings(500), None
    )
    apart = training_draws(member, "member", settings(500), None, "a") - training_draws(
        control, "control", settings(500), None, "b"
    )
    assert shared.by_training.std() < 0.3 * apart.by_training.std()


def test_nothing_that_varies_is_no_difference_or_a_certain_one() -> None:
    same, other = np.zeros((3, 40), dtype=int), np.ones((3, 40), dtype=int)
    assert training_draws(same, "none", settings(50), None).p_value() == 1
    assert training_draws(other, "all", settings(50), None).p_value() == pytest.approx(2.0**-39)
    assert training_draws(same, "none", settings(50), None).bounds(settings(50), 0, 1) == (0, 0)
