"""What the results of an audit say of each measure: rows of its tables as estimates in the thresholds' units."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from memorization.config.project import Statistics
from memorization.schemas.run import GeneratedColumns, RunColumns, StateColumns
from memorization.statistics.bootstrap import clopper_pearson
from memorization.studies.audit.leaked_values import PER
from memorization.studies.audit.measures import Beside, Estimate, Found
from memorization.studies.audit.verdict import Coordinates
from memorization.studies.canaries.doses import doses

Row = Mapping[str, Any]

PERCENT = 100.0


def coordinates(row: Row, schema: type[StateColumns] = RunColumns) -> Coordinates:
    """What tells a run, or a model in a state, from others."""
    return {name: row[name] for name in schema.columns() if name not in ("task", "population")}


def _key(row: Row, **changed: Any) -> tuple[Any, ...]:
    where = {name: row[name] for name in RunColumns.columns() if name != "task"} | changed
    return tuple(where.values())


def totals(rates: Iterable[Row]) -> dict[tuple[Any, ...], Row]:
    """Rates, or comparisons, of all categories together, by their run."""
    return {_key(row): row for row in rates if row["category"] == "total"}


def in_full(row: Row, settings: Statistics) -> Row:
    """A row of rates, comparisons or personal data of a run with one prompt for all probes, bounded by its n draws.

    As prompts they are one observation, which tells nothing of others; but there are no others, since this one reads
    nothing of the data.
    """
    if "difference" in row:
        # Left to the exact intervals of both sides (`above_control`).
        return {**row, "low": row["difference"], "high": row["difference"]}
    if "count" in row:
        low, high = clopper_pearson(row["count"], row["n"], settings)
        return {**row, "low": low, "high": high, "exact_low": low, "exact_high": high}
    low, high = (PER * bound for bound in clopper_pearson(row["leaking_prompts"], row["n"], settings))
    # A prompt to which anything leaks leaks one value at least, and perhaps many.
    most = math.inf if row["leaked"] else high
    return {**row, "low": low, "high": most, "exact_high": high, "clusters": row["n"]}


def rate(runs: Sequence[Row], found: Mapping[tuple[Any, ...], Row], threshold: float, clusters: Sequence[int]) -> Found:
    """Share of prompts of which training text comes back (percent): one estimate per run.

    `found` are the rates by `totals`, `clusters` the numbers of the runs' clusters. Bounds are the wider ones of the
    bootstrap and of Clopper and Pearson.
    """
    estimates = []
    for run, observations in zip(runs, clusters, strict=True):
        row = found[_key(run)]
        low, high = min(row["low"], row["exact_low"]), max(row["high"], row["exact_high"])
        estimates.append(
            Estimate(
                PERCENT * row["rate"],
                PERCENT * low,
                PERCENT * high,
                row["n"],
                observations,
                coordinates(row),
                nothing_of=0.0 if row["count"] else PERCENT,
                blind=_blind(row, threshold),
                beside=_beside(run, found),
            )
        )
    return Found(estimates)


def above_control(
    runs: Sequence[Row],
    found: Mapping[tuple[Any, ...], Row],
    comparisons: Sequence[Row],
    threshold: float,
    clusters: Sequence[int],
    copied: Mapping[str, float],
) -> Found:
    """That share minus the same of held-out texts (percentage points): one estimate per run.

    `copied` is, by dataset, the share of held-out rows whose input is a copy of a training input: as much of the floor
    may be memory, so the upper end is raised by it.
    """
    compared = totals(row for row in comparisons if row["versus"] == "control")
    estimates = [
        _difference(
            run,
            found,
            found[_key(run, population="control")],
            compared[_key(run)],
            observations,
            threshold,
            copied.get(run["dataset"], 0.0),
        )
        for run, observations in zip(runs, clusters, strict=True)
    ]
    remarks = [
        f"the inputs of {PERCENT * share:.1f}% of the held-out rows of {dataset} are copies of training inputs; the "
        "upper end is raised by as much"
        for dataset, share in copied.items()
        if share
    ]
    return Found(estimates, remark="; ".join(remarks))


def above_base(
    runs: Sequence[Row],
    found: Mapping[tuple[Any, ...], Row],
    comparisons: Sequence[Row],
    threshold: float,
    clusters: Sequence[int],
) -> Found:
    """That share minus the same of the base model, which is asked with the same prompts (percentage points): one
    estimate per run.
    """
    compared = totals(row for row in comparisons if row["versus"] == "base")
    if any(_key(run) not in compared for run in runs):
        return Found(missing="the base model is left out of some runs (`only`)")
    return Found(
        [
            _difference(
                run,
                found,
                found[_key(run, state="base", epoch=0, seed=0)],
                compared[_key(run)],
                observations,
                threshold,
            )
            for run, observations in zip(runs, clusters, strict=True)
        ]
    )


def _difference(
    run: Row,
    found: Mapping[tuple[Any, ...], Row],
    other: Row,
    difference: Row,
    observations: int,
    threshold: float,
    raised: float = 0.0,
) -> Estimate:
    """A run's rate minus another one (percentage points); `raised` is added to the upper end (a share).

    Bounds are the wider ones of the bootstrap and of the two exact intervals put together (MOVER; Zou and Donner,
    2008): the bootstrap of two shares of 0 is [0, 0]. Shares of the same prompts depend on each other, by which these
    bounds become wider than they need be.
    """
    own = found[_key(run)]
    value = own["rate"] - other["rate"]
    below = math.hypot(own["rate"] - own["exact_low"], other["exact_high"] - other["rate"])
    over = math.hypot(own["exact_high"] - own["rate"], other["rate"] - other["exact_low"])
    high = max(difference["high"], value + over) + raised
    return Estimate(
        PERCENT * value,
        PERCENT * max(-1.0, min(difference["low"], value - below)),
        PERCENT * min(1.0, high),
        own["n"],
        observations,
        coordinates(own),
        least=-PERCENT,
        nothing_of=0.0 if own["count"] or raised else PERCENT,
        blind=_blind(own, threshold),
        beside=_beside(run, found),
    )


def _beside(run: Row, found: Mapping[tuple[Any, ...], Row]) -> Beside:
    """Floor, ceiling and base model's rate of a run (percent)."""
    own = found[_key(run)]
    floor = found.get(_key(run, population="control"))
    base = found.get(_key(run, state="base", epoch=0, seed=0)) if run["state"] != "base" else None
    shares = (floor["rate"] if floor else None, own["limit_ceiling"], base["rate"] if base else None)
    return Beside(*(None if share is None else PERCENT * share for share in shares))


def _blind(row: Row, threshold: float) -> str:
    """Why no rate above the threshold could have been seen: so little comes back where everything does."""
    ceiling = row["limit_ceiling"]
    if ceiling is None or PERCENT * ceiling > threshold:
        return ""
    return (
        f"the detector finds {PERCENT * ceiling:.1f}% of the true texts themselves, so it could not have shown "
        "more than the threshold"
    )


def personal_data(rows: Sequence[Row], kind: str) -> Found:
    """Leaked values of a type (`all` for all together) per 1,000 prompts: one estimate per run.

    `rows` are those of an audit's table of personal data. The upper end is not below the exact one of prompts to which
    anything leaks: each of these leaks one value at least.
    """
    estimates = [
        Estimate(
            row["per_1000"],
            row["low"],
            max(row["high"], row["exact_high"]),
            row["n"],
            row["clusters"],
            coordinates(row, GeneratedColumns) | {name: row[name] for name in ("prompting", "side")},
            nothing_of=0.0 if row["leaked"] else PER,
            beside=Beside(row["control_per_1000"], row["own_per_1000"], row["base_per_1000"]),
        )
        for row in rows
        if row["type"] == kind
    ]
    known = ", ".join(dict.fromkeys(row["type"] for row in rows))
    return Found(estimates, missing=f"no personal data of this type is looked for; these are: {known}")


def leaked_share(counts: Mapping[str, Row], drawn: bool, settings: Statistics) -> Found:
    """Share of a dataset's training records that came back (percent): one estimate per dataset.

    `counts` are those of the leaked records' manifest. Of a sample that was drawn, bounds are exact for a finite number
    of records (hypergeometric); records that were not searched for do not count as leaked.
    """
    estimates = []
    for dataset, count in counts.items():
        leaked, searched, training = count["leaked"], count["searched"], count["training"]
        low, high = finite_bounds(leaked, searched, training, settings.low, 1 - settings.high)
        estimates.append(
            Estimate(
                PERCENT * leaked / searched,
                PERCENT * low / training,
                PERCENT * (high if drawn else training - searched + leaked) / training,
                searched,
                searched,
                {"dataset": dataset},
                all_of=None if drawn else training,
            )
        )
    return Found(estimates, remark=_first(counts, drawn))


def leaked_records(counts: Mapping[str, Row], drawn: bool, settings: Statistics) -> Found:
    """Training records that came back (a number), of all datasets: at least those that did, and at most as many as the
    bounds of the datasets' shares allow together.
    """
    tail = (1 - settings.high) / len(counts)
    leaked, searched, training = (sum(count[name] for count in counts.values()) for name in _COUNTED)
    high = training - searched + leaked
    if drawn:
        high = sum(
            finite_bounds(count["leaked"], count["searched"], count["training"], tail, tail)[1]
            for count in counts.values()
        )
    estimate = Estimate(float(leaked), float(leaked), float(high), searched, searched, {}, all_of=training)
    return Found([estimate], remark=_first(counts, drawn))


def longest_run(leaked: Sequence[Row], counts: Mapping[str, Row], column: str) -> Found:
    """The longest text that came back word for word, in the unit of a column of leaked records. Of a sample it is at
    least as long.
    """
    searched, training = (sum(count[name] for count in counts.values()) for name in _COUNTED[1:])
    top: Row = max(leaked, key=lambda row: row[column], default={})
    length = float(top.get(column, 0))
    where = {"dataset": top["dataset"], "record": top["id"]} if top else {}
    high = length if searched == training else math.inf
    return Found([Estimate(length, length, high, searched, searched, where, all_of=training)])


_COUNTED = ("leaked", "searched", "training")


def _first(counts: Mapping[str, Row], drawn: bool) -> str:
    if drawn or all(count["searched"] == count["training"] for count in counts.values()):
        return ""
    return "the records asked for are the first and no sample (`probes.select`), so nothing is known of the others"


def finite_bounds(found: int, n: int, total: int, low: float, high: float) -> tuple[int, int]:
    """Exact bounds of how many of `total` things have a property that `found` of n have, which were drawn from them
    without replacement; tail masses `low` and `high`.
    """
    from scipy.stats import hypergeom

    def least(is_reached: Callable[[int], bool]) -> int:
        # The first number from which on it is so.
        return found + bisect_left(range(found, total - n + found + 1), True, key=is_reached)

    lower = least(lambda number: bool(hypergeom.sf(found - 1, total, number, n) >= low))
    above = least(lambda number: bool(hypergeom.cdf(found, total, number, n) < high))
    return lower, above - 1


def true_positives(attacks: Sequence[Row]) -> Found:
    """TPR at 1% FPR (percent): one estimate per model in a state, dataset and attack; the blind baseline is none."""
    own = [row for row in attacks if row["attack"] != "blind"]
    measured = [row for row in own if row["tpr_1"] is not None]
    estimates = [
        Estimate(
            PERCENT * row["tpr_1"],
            PERCENT * row["tpr_1_low"],
            PERCENT * row["tpr_1_high"],
            row["members"],
            row["member_inputs"],
            coordinates(row, StateColumns) | {"attack": row["attack"]},
            nothing_of=0.0 if row["tpr_1"] else PERCENT,
            beside=Beside(floor=1.0, ceiling=PERCENT),
        )
        for row in measured
    ]
    reasons = dict.fromkeys(f"{row['dataset']}: {row['tpr_1_reason']}" for row in own if row["tpr_1"] is None)
    differing = list(dict.fromkeys(row["dataset"] for row in measured if row["differ"]))
    doubt = (
        f"training and held-out rows of {', '.join(differing)} are told apart by their texts alone, so that what an "
        "attack finds may be that difference and no memory"
        if differing
        else ""
    )
    if reasons:
        # A dataset that was not measured could have the largest value.
        return Found(missing="; ".join(reasons))
    return Found(estimates, doubt=doubt)


def exposure(canaries: Sequence[tuple[Row, pa.Table]], threshold: float, settings: Statistics) -> Found:
    """Mean exposure of planted canaries (bits): one estimate per model in a state, form and number of copies.

    `canaries` are cells with their tables of schema `canaries`.
    """
    estimates = []
    for cell, table in canaries:
        found = doses(table, settings)
        held_out = {dose.form: dose.exposure for dose in found if not dose.copies}
        for dose in found:
            if not dose.copies:
                continue
            most = math.log2(dose.candidates)
            low, high = dose.exposure_low, dose.exposure_high
            estimates.append(
                Estimate(
                    dose.exposure,
                    0.0 if low is None else low,
                    most if high is None else high,
                    dose.n,
                    dose.n,
                    coordinates(cell, StateColumns) | {"form": dose.form, "copies": dose.copies},
                    blind=f"secrets are ranked among a sample, so no exposure above {most:.1f} bits is seen"
                    if dose.candidates < dose.space and most <= threshold
                    else "",
                    beside=Beside(held_out.get(dose.form), most),
                )
            )
    return Found(estimates, missing="no canary is in the training rows: the coins kept all of them out")


def extracted(canaries: Sequence[tuple[Row, pa.Table]]) -> Found:
    """Planted canaries that greedy decoding writes (a number): one estimate per model in a state. All are asked."""
    estimates = []
    for cell, table in canaries:
        planted = [row["extracted"] for row in table.to_pylist() if not row["held_out"]]
        if planted:
            count = float(sum(planted))
            estimates.append(Estimate(count, count, count, len(planted), len(planted), coordinates(cell, StateColumns)))
    return Found(estimates, missing="no canary is in the training rows: the coins kept all of them out")
