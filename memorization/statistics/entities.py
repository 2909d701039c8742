"""Leaked entities: how many a probe leaks on average, and differences of that between runs, with intervals and tests.

A rate of matches cannot tell a customer's record from the boilerplate around it, of which any text of the kind has
some; entities can. They are counted per probe and not bounded above, so the intervals are those of means over trainings
(`trainings`), which hold Student's t, also where there is one training.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from memorization.config.project import Statistics
from memorization.statistics.rates import RunOutcomes
from memorization.statistics.significance import Comparison
from memorization.statistics.trainings import TrainingDraws, training_draws

ENTITIES = "entities"
"""The category of comparisons of leaked entities."""


def mean_entities(trained: Sequence[RunOutcomes], settings: Statistics) -> dict[str, float | None]:
    """Entities that a probe leaks on average, with their interval, as columns of the table `rates`.

    `trained` is one run, or those of several trainings on the same probes; null where no entities are looked for.
    """
    values = _leaked(trained)
    if values is None:
        return dict.fromkeys(("entities", "entities_low", "entities_high"))
    drawn = training_draws(values, ENTITIES, settings, trained[0].clusters)
    low, high = drawn.bounds(settings, 0, math.inf)
    return {"entities": drawn.value, "entities_low": low, "entities_high": high}


def compare_entities(
    trained: Sequence[RunOutcomes], base: RunOutcomes | None, controls: Sequence[RunOutcomes], settings: Statistics
) -> Iterator[Comparison]:
    """Entities that a probe leaks on average minus those before fine-tuning, and minus those of the controls.

    `trained` and `controls` are one run, or those of several trainings, with the same ones in both. Without `base` or
    `controls`, or where no entities are looked for, there is no such comparison. Intervals are paired by probe for the
    base model; p-values are those of Student's t over clusters and trainings.
    """
    values = _leaked(trained)
    if values is None:
        return
    n, clusters = values.shape[1], trained[0].clusters
    before = _leaked([base]) if base is not None else None
    if before is not None:
        drawn = training_draws(values - before[0], f"difference {ENTITIES}", settings, clusters)
        yield _comparison("base", n, n, drawn, settings)
    control = _leaked(controls)
    if control is not None:
        purpose = f"over control {ENTITIES}"
        drawn = training_draws(values, f"{purpose} member", settings, clusters)
        drawn -= training_draws(control, f"{purpose} control", settings, controls[0].clusters)
        yield _comparison("control", n, control.shape[1], drawn, settings)


def _comparison(versus: str, n: int, n_versus: int, drawn: TrainingDraws, settings: Statistics) -> Comparison:
    low, high = drawn.bounds(settings, -math.inf, math.inf)
    return Comparison(versus, ENTITIES, n, n_versus, drawn.value, low, high, drawn.p_value())


def _leaked(trained: Sequence[RunOutcomes]) -> np.ndarray | None:
    """Leaked entities (trainings, n), or None where there is no run or none are looked for in one of them."""
    counts = [run.entities for run in trained]
    return None if not counts or None in counts else np.array(counts)
