"""Cells of a printed table: their text, and the number behind it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from memorization.report.bounds import is_zero_share
from memorization.report.context import Row


@dataclass(frozen=True)
class Cell:
    """A cell: its text, and where it is a number the value, its interval and their unit ("" where it has none)."""

    text: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""


@dataclass(frozen=True)
class Excerpt:
    """A cell with a part of a text: a passage that every format marks, and the text before and after it."""

    before: str
    passage: str
    after: str


def fixed(value: float, digits: int = 2) -> str:
    """A number with that many digits after the point; what rounds to 0 has no sign, and what is unknown is ∞."""
    return f"{value:z.{digits}f}".replace("inf", "∞")


def signed(value: float, digits: int = 2) -> str:
    """The same with its sign, + or -."""
    shown = fixed(value, digits)
    return shown if shown.startswith("-") or not float(shown.replace("∞", "inf")) else f"+{shown}"


def text(value: object) -> Cell:
    """A text, or a coordinate, which is shown unchanged; nothing for None."""
    return Cell("" if value is None else str(value))


def count(value: int, unit: str) -> Cell:
    """A whole number of things."""
    return Cell(f"{value:,}", value, unit=unit)


def probes(n: int, prefixes: int) -> Cell:
    """A number of probes, with that of their different prefixes in parentheses where these are fewer."""
    return Cell(prompted(n, prefixes), n, unit="probes")


def prompted(n: int, prefixes: int) -> str:
    """The text of `probes`."""
    return f"{n:,}" if prefixes == n else f"{n:,} ({prefixes:,} prompt{'s' * (prefixes != 1)})"


def number(value: float | None, digits: int, unit: str = "") -> Cell:
    """A number with that many digits after the point; nothing for None."""
    return Cell() if value is None else Cell(fixed(value, digits), value, unit=unit)


def percent(fraction: float | None, sign: str = "%", digits: int = 2) -> Cell:
    """A fraction in percent; nothing for None."""
    return Cell() if fraction is None else Cell(f"{fixed(100 * fraction, digits)}{sign}", fraction, unit="fraction")


def interval(value: float, low: float | None, high: float | None, digits: int = 2) -> Cell:
    """A number with its interval, if it has one."""
    bounds = "" if low is None or high is None else f" [{fixed(low, digits)}, {fixed(high, digits)}]"
    return Cell(f"{fixed(value, digits)}{bounds}", value, low, high)


def percent_interval(row: Row, keys: tuple[str, str, str], sign: str = "%", digits: int = 2) -> Cell:
    """A fraction with its interval in percent; `keys` are the columns of value, low and high, which may be null."""
    value, low, high = (row[key] for key in keys)
    bounds = "" if low is None or high is None else f" [{fixed(100 * low, digits)}, {fixed(100 * high, digits)}]"
    return Cell(f"{fixed(100 * value, digits)}{sign}{bounds}", value, low, high, "fraction")


def rate(row: Row, value: str = "rate", prefix: str = "", sign: str = "%") -> Cell:
    """A value of a row with its interval in percent; a share of 0 with its exact upper bound in parentheses.

    The row has the columns `value`, and with that prefix `low`, `high` and `exact_high` (null where the value is no
    share).
    """
    if is_zero_share(row, value, prefix):
        bound = row[f"{prefix}exact_high"]
        return Cell(f"0.00{sign} (≤ {100 * bound:.2f}{sign})", 0.0, 0.0, bound, "fraction")
    return percent_interval(row, (value, f"{prefix}low", f"{prefix}high"), sign)


def control(row: Row) -> Cell:
    """The control's rate, as `rate` shows it; nothing where there is no control."""
    return Cell() if row["control_rate"] is None else rate(row, "control_rate", "control_")


def arrow(difference: float | None) -> Cell:
    """A difference in percentage points with an arrow; nothing for None."""
    if difference is None:
        return Cell()
    return Cell(f"{_arrow(100 * difference)}%", difference, unit="fraction")


def _arrow(change: float) -> str:
    return f"{'↑' if change > 0 else '↓' if change < 0 else ''}{abs(change):.2f}"


def difference(row: Row, name: str) -> Cell:
    """A difference in percentage points with an arrow, stars and its interval; `-` where nothing changed.

    One star is p < 0.05 after Holm's correction, two p < 0.01, three p < 0.001. The row has the columns `name` and,
    behind that name and an underscore, `low`, `high` and `p_holm`.
    """
    return _change(row, name, "fraction")


def entities(row: Row, prefix: str = "") -> Cell:
    """Leaked entities per probe with their interval, without one where all probes are alike and tell nothing of it.

    Nothing where none are looked for. The row has the columns `entities`, `entities_low` and `entities_high`, all
    behind that prefix.
    """
    value, low, high = (row[f"{prefix}entities{part}"] for part in ("", "_low", "_high"))
    if value is None:
        return Cell()
    if low == high:
        return Cell(f"{value:.2f}", value, low, high, "entities")
    return replace(interval(value, low, high), unit="entities")


def entity_difference(row: Row, name: str) -> Cell:
    """A difference in leaked entities per probe, as `difference` shows one in percentage points."""
    return _change(row, name, "entities")


def _change(row: Row, name: str, unit: str) -> Cell:
    value, low, high, p = (row[f"{name}{part}"] for part in ("", "_low", "_high", "_p_holm"))
    if value is None:
        return Cell()
    if value == low == high == 0:
        return Cell("-", 0.0, 0.0, 0.0, unit)
    stars = "*" * sum(p < bound for bound in (0.05, 0.01, 0.001))
    factor, sign = (100, "%") if unit == "fraction" else (1, "")
    bounds = f"[{signed(factor * low)}, {signed(factor * high)}]"
    return Cell(f"{_arrow(factor * value)}{sign}{stars} {bounds}", value, low, high, unit)


def points(fraction: float, low: float, high: float) -> Cell:
    """A difference in percentage points with its interval, with signs."""
    shown = f"{signed(100 * fraction)} [{signed(100 * low)}, {signed(100 * high)}]"
    return Cell(shown, fraction, low, high, "fraction")


def yes(value: bool) -> Cell:
    """Yes or no."""
    return Cell("yes" if value else "no", float(value))
