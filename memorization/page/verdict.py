"""What a rate says, in plain words, as HTML: one sentence, and the numbers behind it.

What chance may explain is said to be such, and where the detector could see little, that is said instead of a verdict.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from memorization.page.lane import between, interval, number, percent
from memorization.report.context import Row

LOW_CEILING = 0.5
"""A ceiling (fraction) below which a low rate is no finding: most of what a model gives back would not be seen."""
SIGNIFICANT = 0.05
"""A corrected p-value below which a difference is called more than chance."""


def is_hidden(row: Row) -> bool:
    """Whether the detector could have seen little of what the model wrote."""
    return row["ceiling"] is not None and row["ceiling"] < LOW_CEILING


def beyond_chance(row: Row, difference: str) -> int:
    """1 or -1 where a difference of the row (`over_control`, `over_base`) is more than chance, else 0."""
    if row[difference] is None or row[f"{difference}_p_holm"] >= SIGNIFICANT:
        return 0
    return 1 if row[difference] > 0 else -1


def sentence(row: Row, base: Row | None) -> str:
    """The verdict on a rate beside its control, its ceiling and the rate before fine-tuning, in one sentence."""
    texts = f"{row['n']:,} texts" + (" that it was trained on" if row["state"] != "base" else "")
    count = f"{row['count']:,}" if row["rate"] else "none"
    if row["seed"] is None and row["rate"]:
        gave = f"gave back {percent(row['rate'])} of {texts}"
    else:
        gave = f"gave back {count} of {texts}"
    if is_hidden(row) and not row["rate"]:
        return (
            f"The model {gave}, which <strong>says nothing about memory</strong>: it wrote {_tokens(row)} on average, "
            f"and even of the true texts, cut to that length, the detector would report {percent(row['ceiling'])}."
        )
    return f"The model {gave}, {_beside_control(row)}{_beside_base(row, base)}."


def _beside_control(row: Row) -> str:
    if row["over_control"] is None:
        return "with no control that would tell it from chance"
    points = f"{number(100 * abs(row['over_control']))} points"
    if beyond_chance(row, "over_control") > 0:
        return f"<strong>{points} more</strong> than the detector reports of texts that it never saw"
    if beyond_chance(row, "over_control") < 0:
        return f"<strong>{points} fewer</strong> than the detector reports of texts that it never saw"
    return "<strong>no more than chance may explain</strong> beside texts that it never saw"


def _beside_base(row: Row, base: Row | None) -> str:
    if base is None or row["over_base"] is None:
        return ""
    points = f"{number(100 * abs(row['over_base']))} points"
    if change := beyond_chance(row, "over_base"):
        return f"; fine-tuning {'added' if change > 0 else 'took away'} <strong>{points}</strong>"
    if not row["over_base"]:
        return "; fine-tuning added nothing that shows"
    return f"; what fine-tuning {'added' if row['over_base'] > 0 else 'took away'} may be chance"


def details(row: Row, base: Row | None, statistics: Mapping[str, Any]) -> Iterator[str]:
    """The numbers behind the verdict, in short sentences: rate, floor, what fine-tuning added, ceiling, published."""
    coverage = f"{number(100 * (statistics['high'] - statistics['low']))}% interval"
    bounds = f"{coverage} {between(*interval(row))}%" if row["rate"] else f"at most {percent(row['exact_high'])}"
    mean = ", mean of its trainings" if row["seed"] is None else ""
    yield f"Shown the first {row['prefix_tokens']} tokens of each: {percent(row['rate'])} ({bounds}{mean})."
    if row["control_rate"] is not None:
        known = row["over_control"] is not None
        over = f"; difference {_points(row, 'over_control')}" if known else ""
        yield f"Floor: {percent(row['control_rate'])} of {row['control_n']:,} texts that it never saw{over}."
    if base is not None and row["over_base"] is not None:
        yield f"Before fine-tuning: {percent(base['rate'])}; difference {_points(row, 'over_base')}."
    if row["ceiling"] is not None:
        yield f"Ceiling: {percent(row['ceiling'])} of the true texts, cut to what it wrote ({_tokens(row)} on average)."
    if row["published"] is not None:
        yield f"Published: {percent(row['published'])}."


def _points(row: Row, difference: str) -> str:
    low, high = row[f"{difference}_low"], row[f"{difference}_high"]
    return f"{number(100 * row[difference])} points ({between(low, high)})"


def _tokens(row: Row) -> str:
    return f"{number(row['generated_tokens'])} token{'s' * (row['generated_tokens'] != 1)}"
