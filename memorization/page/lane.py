"""The picture of one rate on its way from floor to ceiling, as SVG.

Places along it are percentages of its width, so that it fits any screen, with texts of their own size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from memorization.report.bounds import upper_bound
from memorization.report.context import Row

NAMES = {
    "verbatim": "word for word",
    "idea": "in far more words",
    "paraphrase": "in other words",
    "paraphrase_high": "in other words (high confidence)",
    "paraphrase_low": "in other words (low confidence)",
}
"""What the categories are called, in the order in which they are stacked."""
ENDS = (0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Ends that an axis may have (fractions)."""


def number(value: float) -> str:
    """A number with at most one digit after the point."""
    return f"{value:z.1f}".removesuffix(".0")


def percent(fraction: float) -> str:
    """A fraction in percent with at most one digit after the point."""
    return f"{number(100 * fraction)}%"


def between(low: float, high: float) -> str:
    """An interval of fractions in percent, without the sign."""
    return f"{number(100 * low)} to {number(100 * high)}"


def interval(row: Row) -> tuple[float, float]:
    """The interval of a rate (fractions); up to the exact bound where the rate is 0."""
    return (row["low"] if row["rate"] else 0.0), upper_bound(row, "rate")


def lane(rows: Mapping[str, Row], base: Row | None, end: float) -> str:
    """The picture of a run's rates by category, beside those before fine-tuning, on an axis from 0 to `end`."""
    total = rows["total"]

    def at(fraction: float) -> str:
        return f"{100 * min(max(fraction / end, 0.0), 1.0):.2f}%"

    floor, ceiling = total["control_rate"], total["ceiling"]
    parts = ['<rect class="track" y="32" width="100%" height="28"/>']
    if ceiling is not None and ceiling > (floor or 0.0):
        start = floor or 0.0
        parts.append(f'<rect class="range" x="{at(start)}" y="32" width="{at(ceiling - start)}" height="28"/>')
    for part, anchor in ((0, "start"), (25, "middle"), (50, "middle"), (75, "middle"), (100, "end")):
        parts.append(f'<line class="grid" x1="{part}%" x2="{part}%" y1="28" y2="64"/>')
        parts.append(f'<text x="{part}%" y="78" text-anchor="{anchor}">{percent(end * part / 100)}</text>')
    parts += _bars(rows, at)
    low, high = interval(total)
    parts.append(
        f'<g class="whisker" data-tip="rate: {percent(total["rate"])}, interval {between(low, high)}%">'
        f'<rect class="reach" x="{at(low)}" y="38" width="{at(high - low)}" height="16"/>'
        f'<line x1="{at(low)}" x2="{at(high)}" y1="46" y2="46"/>'
        + "".join(f'<line x1="{at(end)}" x2="{at(end)}" y1="41" y2="51"/>' for end in (low, high))
        + "</g>"
    )
    if base is not None:
        x, tip = at(base["rate"]), f"before fine-tuning: {percent(base['rate'])}"
        parts.append(f'<line class="base" x1="{x}" x2="{x}" y1="28" y2="64" data-tip="{tip}"/>')
    if floor is not None:
        bound = percent(upper_bound(total, "control_rate", "control_"))
        tip = f"floor: {percent(floor)} of texts that it never saw, at most {bound}"
        parts.append(_sign("floor", at(floor), 22, "M-4.5 -4.5L4.5 4.5M-4.5 4.5L4.5 -4.5", tip))
    if ceiling is not None:
        parts.append(_sign("ceiling", at(ceiling), 7, "M-6 -4L6 -4L0 6Z", f"ceiling: {percent(ceiling)} of true texts"))
    if (published := total["published"]) is not None:
        parts.append(_sign("published", at(published), 22, "M0 -5L5 0L0 5L-5 0Z", f"published: {percent(published)}"))
    spoken = _spoken(rows, base)
    return f'<svg class="lane" width="100%" height="84" role="img" aria-label="{spoken}">{"".join(parts)}</svg>'


def _bars(rows: Mapping[str, Row], at: Callable[[float], str]) -> Iterator[str]:
    """The categories behind one another."""
    start = 0.0
    for category, name in NAMES.items():
        if category in rows and (rate := rows[category]["rate"]):
            yield (
                f'<rect class="{category}" x="{at(start)}" y="36" width="{at(rate)}" height="20" '
                f'data-tip="{name}: {percent(rate)}"/>'
            )
            start += rate


def _sign(name: str, x: str, y: int, path: str, tip: str) -> str:
    """A sign above the lane, in an area that a pointer finds."""
    return (
        f'<svg class="{name}" x="{x}" y="{y}" overflow="visible" data-tip="{tip}">'
        f'<rect class="reach" x="-8" y="-7" width="16" height="14"/><path d="{path}"/></svg>'
    )


def _spoken(rows: Mapping[str, Row], base: Row | None) -> str:
    """The picture in words."""
    total = rows["total"]
    values = {
        "rate": total["rate"],
        "floor": total["control_rate"],
        "ceiling": total["ceiling"],
        "before fine-tuning": base and base["rate"],
        "published": total["published"],
    }
    return ", ".join(f"{name} {percent(value)}" for name, value in values.items() if value is not None)
