"""The upper end of a value's interval, as tables and figures show it.

The columns of an interval are `low`, `high` and `exact_high`, all behind one prefix, which is empty for a row's main
value.
"""

from __future__ import annotations

from memorization.report.context import Row


def is_zero_share(row: Row, value: str, prefix: str = "") -> bool:
    """Whether the column `value` contains a share (a value with an exact bound) that is 0."""
    return row.get(f"{prefix}exact_high") is not None and row[value] == 0


def upper_bound(row: Row, value: str, prefix: str = "") -> float:
    """The upper end of the interval of the column `value`, in its unit: the exact bound where a share is 0.

    There the bootstrap interval is [0, 0], because no resample contains what no probe has.
    """
    bound: float = row[f"{prefix}exact_high" if is_zero_share(row, value, prefix) else f"{prefix}high"]
    return bound
