"""From what the cells of an audit say to one answer: the worst cell decides, with an interval.

**Many cells.** A measure is the largest true value of k cells (runs, models, attacks). Its upper end is the highest
upper end of any cell: were the true maximum above it, the cell that has this maximum would lie above its own upper end,
which happens in as few cases as for a single cell. So a pass needs no correction for k. A lower end that is above the
threshold by chance is k times as likely in one of k cells as in one, so lower ends are those of a tail k times as small
(Bonferroni): the distance from the value is stretched as a normal distribution's quantiles are.

**How many would be needed.** An interval's half width shrinks with the square root of n. With a distance d between the
value and its end, and a distance g between the value and the threshold, n (d / g)^2 observations put the end near the
threshold: exact intervals of few hits need some more. Where nothing was found, the upper end of 0 of n is
1 - tail^(1 / n), which is solved for n.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import NormalDist

from memorization.config.project import Statistics
from memorization.studies.audit.thresholds import Meaning, fewest
from memorization.studies.audit.verdict import Answer, Coordinates, Measure


@dataclass(frozen=True)
class Beside:
    """What a value is to be compared with: that of held-out texts, the most that could be found, and the base model's;
    None where it is not known.
    """

    floor: float | None = None
    ceiling: float | None = None
    base: float | None = None


@dataclass(frozen=True)
class Estimate:
    """What one cell says of a measure, with its bounds at the quantiles of the settings, all in the threshold's unit.

    `n` is what the value is counted over and `observations` the independent ones among them. A value lies above
    `least`. `nothing_of`: none of n was found, of which the value is a share, in parts of so many (100: percent); 0:
    some were. `all_of`: so many are all that there are, and asking them all would decide. `blind` is why the cell could
    not have shown a value above the threshold ("" where it could).
    """

    value: float
    low: float
    high: float
    n: int
    observations: int
    where: Coordinates
    least: float = 0.0
    nothing_of: float = 0.0
    all_of: int | None = None
    blind: str = ""
    beside: Beside = field(default_factory=Beside)


@dataclass(frozen=True)
class Found:
    """All cells of a measure; `missing` says why there is none, `doubt` why a value above the threshold proves nothing,
    and `remark` what the value rests on.
    """

    estimates: Sequence[Estimate] = field(default_factory=tuple)
    missing: str = ""
    doubt: str = ""
    remark: str = ""


def judged(key: str, meaning: Meaning, threshold: float, found: Found, settings: Statistics) -> Measure:
    """The answer of one threshold."""
    stated = {"key": key, "title": meaning.title, "unit": meaning.unit, "threshold": threshold, "n_of": meaning.n_of}
    if not found.estimates:
        return Measure(**stated, answer="cannot tell", why=found.missing or "nothing was measured")
    cells = found.estimates
    top = max(cells, key=lambda cell: (cell.value, cell.high))
    # Where nothing was found anywhere, no cell is the worst.
    alike = all((cell.value, cell.high) == (top.value, top.high) for cell in cells)
    low = max(stretched(cell, len(cells), settings) for cell in cells)
    high = max(cell.high for cell in cells)
    answer, needed, why = _answer(threshold, low, found, settings)
    return Measure(
        **stated,
        answer=answer,
        value=top.value,
        low=low,
        high=None if math.isinf(high) else high,
        n=top.n,
        observations=top.observations,
        n_needed=needed,
        cells=len(cells),
        where=top.where,
        place="" if alike else _place(top, cells),
        **asdict(top.beside),
        why=why,
    )


def _answer(threshold: float, low: float, found: Found, settings: Statistics) -> tuple[Answer, int | None, str]:
    """The answer, the observations that are needed, and a sentence."""
    if low > threshold:
        return ("cannot tell", None, found.doubt) if found.doubt else ("fail", None, found.remark)
    open_cells = [cell for cell in found.estimates if cell.high > threshold]
    blind = [cell for cell in found.estimates if cell.blind]
    if not open_cells and not blind:
        return "pass", None, found.remark
    if blind:
        place = _place(blind[0], found.estimates)
        return "cannot tell", None, f"{place}: {blind[0].blind}" if place else blind[0].blind
    above = [cell for cell in open_cells if cell.value > threshold]
    numbers = [n_needed(cell, threshold, len(found.estimates), settings) for cell in above or open_cells]
    known = [number for number in numbers if number is not None]
    # One cell above the threshold suffices to fail; to pass, all must be below it.
    needed = None if not known or (not above and len(known) < len(numbers)) else (min if above else max)(known)
    if needed is None:
        return "cannot tell", None, found.remark or "the threshold lies within the interval"
    return "cannot tell", needed, found.remark or "n too small: the threshold lies within the interval"


def _place(cell: Estimate, cells: Sequence[Estimate]) -> str:
    """What tells a cell from others, in words."""
    return place(cell.where, [each.where for each in cells])


def place(where: Coordinates, others: Sequence[Coordinates]) -> str:
    """Coordinates that tell a cell from others, in words."""
    return ", ".join(
        f"{name} {value}" for name, value in where.items() if any(other.get(name) != value for other in others)
    )


def stretched(cell: Estimate, cells: int, settings: Statistics) -> float:
    """The lower end of a cell at a tail that is `cells` times as small."""
    return max(cell.least, cell.value - _factor(cells, settings) * (cell.value - cell.low))


def _factor(cells: int, settings: Statistics) -> float:
    normal = NormalDist()
    return normal.inv_cdf(settings.low / cells) / normal.inv_cdf(settings.low)


def n_needed(cell: Estimate, threshold: float, cells: int, settings: Statistics) -> int | None:
    """Observations with which the cell's interval would lie on one side of the threshold; None where no number would do
    or the interval has no end.
    """
    gap = threshold - cell.value
    if cell.all_of is not None:
        return cell.all_of
    distance = cell.high - cell.value if gap > 0 else _factor(cells, settings) * (cell.value - cell.low)
    if gap == 0 or math.isinf(distance):
        return None
    if cell.nothing_of and gap > 0:
        return math.ceil(fewest(threshold / cell.nothing_of, settings))
    return math.ceil(cell.observations * (distance / gap) ** 2)
