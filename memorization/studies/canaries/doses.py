"""What is known of the canaries of each form by their number of copies, with intervals: the dose-response."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from memorization.config.project import Statistics
from memorization.statistics.bootstrap import bootstrap_mean, clopper_pearson
from memorization.studies.canaries.exposure import epsilon_bound, uniform_mean

Row = dict[str, Any]
"""A row of table `canaries`."""


@dataclass(frozen=True)
class Dose:
    """Columns of the table `canaries_table` without those of the model in its state."""

    form: str
    copies: int
    space: float
    candidates: int
    n: int
    exposure: float
    exposure_low: float | None
    exposure_high: float | None
    uniform_exposure: float
    rank_one: float
    rank_one_low: float
    rank_one_high: float
    extracted: float
    extracted_low: float
    extracted_high: float
    guesses: int | None = None
    right_guesses: int | None = None
    epsilon: float | None = None
    epsilon_reason: str | None = None


def doses(canaries: pa.Table, settings: Statistics) -> list[Dose]:
    """Of each form in the table `canaries`, what was held out (copies 0), then each number of copies.

    Numbers of copies of which the coins left no canary in are left out.
    """
    rows = canaries.to_pylist()
    found = []
    for form in dict.fromkeys(row["form"] for row in rows):
        of_form = [row for row in rows if row["form"] == form]
        for copies in [0, *sorted({row["copies"] for row in of_form})]:
            drawn = [row for row in of_form if copies in (0, row["copies"])]
            own = [row for row in drawn if row["held_out"] == (copies == 0)]
            if own:
                found.append(_dose(form, copies, own, drawn, settings))
    return found


def _dose(form: str, copies: int, own: Sequence[Row], drawn: Sequence[Row], settings: Statistics) -> Dose:
    """One row: of the canaries `own`, which are in with so many copies, or out; `drawn` are those with their coins."""
    exposures, n = np.array([row["exposure"] for row in own]), len(own)
    space, candidates = own[0]["space"], own[0]["candidates"]
    mean: tuple[float | None, float | None] = (None, None)
    # One canary tells nothing of others.
    if n > 1:
        mean = bootstrap_mean(exposures, f"exposure {form} {copies}", settings)
    bounds: dict[str, Any] = {}
    for name, count in (
        ("rank_one", sum(row["rank"] == 1 for row in own)),
        ("extracted", sum(row["extracted"] for row in own)),
    ):
        low, high = clopper_pearson(count, n, settings)
        bounds |= {name: count / n, f"{name}_low": low, f"{name}_high": high}
    proof: dict[str, Any] = {}
    if copies:
        all_exposures, out = [row["exposure"] for row in drawn], [row["held_out"] for row in drawn]
        bound = epsilon_bound(all_exposures, out, own[0]["held_out_share"], candidates)
        proof = {
            "guesses": bound.guesses,
            "right_guesses": bound.right,
            "epsilon": bound.epsilon,
            "epsilon_reason": bound.reason or None,
        }
    return Dose(
        form=form,
        copies=copies,
        space=space,
        candidates=candidates,
        n=n,
        exposure=float(exposures.mean()),
        exposure_low=mean[0],
        exposure_high=mean[1],
        uniform_exposure=uniform_mean(candidates),
        **bounds,
        **proof,
    )
