"""The answer first: per dataset, how much came back, between its floor and its ceiling, and what fine-tuning added."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memorization import storage
from memorization.config.base import BARE
from memorization.page.context import PageContext
from memorization.page.lane import ENDS, NAMES, between, interval, lane, percent
from memorization.page.section import Section, escaped
from memorization.page.verdict import beyond_chance, details, is_hidden, sentence
from memorization.report.bounds import upper_bound
from memorization.report.cells import prompted
from memorization.report.context import Files, Row
from memorization.report.words import SIDES, task_heading

FEW = 100
"""Prompts below which a rate is labelled: its interval is some ten points wide."""
RATES = {"memorization": "table", "audit": "rates"}
"""Kinds of studies that measure rates, each with the exhibit that shows them."""
RULE = (
    "Shown is, for each dataset, the first study of rates that has it, and there the first model after fine-tuning "
    "(its first recipe, last epoch, mean of its trainings) with the first decoding, prompting and prefix length, and "
    "suffixes of inputs before targets; every other row is in the tables below."
)


@dataclass(frozen=True)
class Answer:
    """What is shown of one dataset: its study, the run's rows by category, and the same run's before fine-tuning; and
    the totals of the same run where something else than suffixes is searched for.
    """

    study: Mapping[str, Any]
    rows: Mapping[str, Row]
    base: Row | None
    others: Sequence[Row] = ()

    @property
    def total(self) -> Row:
        """The row of all categories together."""
        return self.rows["total"]

    @property
    def fine_tuned(self) -> bool:
        """Whether the model is shown after fine-tuning."""
        return bool(self.total["state"] != "base")


def section(files: Files, context: PageContext) -> Section | None:
    """One picture and one sentence per dataset; None where no study measures rates."""
    found = answers(context)
    if not found:
        return None
    most = _axis(found)
    cards = "\n".join(_card(place, answer, most, context) for place, answer in enumerate(found))
    shown = [name for name in NAMES if any(name in answer.rows for answer in found)]
    html = (
        f'{_lead(found)}\n{_legend(found, shown)}\n<div class="answers">\n{cards}\n</div>\n<p class="small">{RULE}</p>'
    )
    return Section("answer", "The answer", html)


def answers(context: PageContext) -> list[Answer]:
    """What is shown of each dataset, in the order of the studies and of their tables (see `RULE`)."""
    found: dict[str, Answer] = {}
    studies = [study for study in context.studies if study["kind"] in RATES]
    for study in studies:
        place = next(exhibit["place"] for exhibit in study["exhibits"] if exhibit["name"] == RATES[study["kind"]])
        rows = storage.rows(context.results / f"{place}.parquet")
        for dataset in dict.fromkeys(row["dataset"] for row in rows):
            here = [row for row in rows if row["dataset"] == dataset]
            suffixes = any(row["side"] == "input" for row in here)
            if dataset not in found or (suffixes and found[dataset].total["side"] != "input"):
                found[dataset] = chosen(study, here)
    return list(found.values())


def chosen(study: Mapping[str, Any], rows: Sequence[Row]) -> Answer:
    """The run of one dataset that is shown (see `RULE`); the rows are in the table's order."""
    of_suffixes = [row for row in rows if row["side"] == "input"] or list(rows)
    trained = [row for row in of_suffixes if row["state"] != "base"] or of_suffixes
    fixed = ("model", "prefix_tokens", "decoding", "prompting", "side", "profile", "state")
    same = [row for row in trained if all(row[name] == trained[0][name] for name in fixed)]
    last = max(row["epoch"] for row in same)
    seeds = [row["seed"] for row in same if row["epoch"] == last]
    seed = None if None in seeds else seeds[0]
    shown = {row["category"]: row for row in same if row["epoch"] == last and row["seed"] == seed}
    if "paraphrase_high" in shown:
        # Both confidences together.
        del shown["paraphrase"]
    before = [
        row
        for row in rows
        if row["state"] == "base"
        and row["category"] == "total"
        and all(row[name] == shown["total"][name] for name in fixed[:-1])
    ]
    others = [
        row
        for row in rows
        if row["category"] == "total"
        and row["side"] != shown["total"]["side"]
        and all(row[name] == shown["total"][name] for name in (*fixed, "epoch", "seed") if name != "side")
    ]
    return Answer(study, shown, before[0] if before and shown["total"]["state"] != "base" else None, others)


def _axis(found: Sequence[Answer]) -> float:
    """The end of the pictures' common axis (fraction): the first of some round ones that holds everything shown."""
    names = ("ceiling", "limit_ceiling", "control_high", "control_exact_high", "high", "published")
    highest = max(
        value
        for answer in found
        for row in (answer.total, answer.base or answer.total)
        for value in [upper_bound(row, "rate"), *(row[name] for name in names if row[name] is not None)]
    )
    return next((end for end in ENDS if highest <= end), 1.0)


def _lead(found: Sequence[Answer]) -> str:
    """One sentence on all datasets: where the most came back, and of how many it is more than chance."""
    most = max(found, key=lambda answer: answer.total["rate"])
    title = most.study["titles"]["datasets"][most.total["dataset"]]
    if not most.total["rate"]:
        return '<p class="lead">Nothing came back that the detector recognizes. What it could have seen is below.</p>'
    compared = [answer for answer in found if answer.total["over_control"] is not None]
    beyond = [answer for answer in compared if beyond_chance(answer.total, "over_control") > 0]
    more = f" More than chance came back of {len(beyond)} of {len(compared)} datasets." if compared else ""
    return f'<p class="lead">Most came back of {escaped(title)}: {percent(most.total["rate"])}.{more}</p>'


def _card(place: int, answer: Answer, most: float, context: PageContext) -> str:
    """One dataset: headings, labels, picture, sentences, counts."""
    row, name = answer.total, f"answer-{place}"
    dataset = escaped(answer.study["titles"]["datasets"][row["dataset"]])
    labels = "".join(f"<li>{escaped(label)}</li>" for label in _labels(answer, context))
    bounds = _bounds(row)
    others = "".join(f'<p class="sentence">{_other(other)}</p>\n' for other in answer.others)
    return (
        f'<article class="card" aria-labelledby="{name}">\n'
        f'<h3 id="{name}">{escaped(task_heading(row["task"]))} <span class="dataset">{dataset}</span></h3>\n'
        f'<p class="rate"><strong>{percent(row["rate"])}</strong> <span>{bounds}</span></p>\n'
        f'<ul class="labels" aria-label="Labels">{labels}</ul>\n'
        f'{lane(answer.rows, answer.base, most)}\n<p class="sentence">{sentence(row, answer.base)}</p>\n{others}'
        f'<p class="small">{" ".join(details(row, answer.base, context.statistics))}</p>\n'
        f'<p class="small">{escaped(_counts(answer))}</p>\n</article>'
    )


def _bounds(row: Row) -> str:
    """The interval of a rate, or what it is at most where nothing came back."""
    return f"{between(*interval(row))}%" if row["rate"] else f"at most {percent(row['exact_high'])}"


def _other(row: Row) -> str:
    """What came back of the other side of the same run, with its floor and ceiling."""
    searched = {"input": "suffixes of inputs", "target": "targets", "both": "suffixes and targets together"}
    beside = [
        f"{name} {percent(row[column])}"
        for name, column in (("floor", "control_rate"), ("ceiling", "ceiling"))
        if row[column] is not None
    ]
    return f"Searched for {searched[row['side']]}: {percent(row['rate'])} ({', '.join([_bounds(row), *beside])})."


def _labels(answer: Answer, context: PageContext) -> Iterator[str]:
    """What a reader must know beside the number."""
    row = answer.total
    if context.label:
        yield "demonstration" if "demonstration" in context.label.lower() else context.label
    if row["prefixes"] < FEW:
        yield f"small n: {row['prefixes']} prompts"
    if row["control_rate"] is None:
        yield "no control"
    if is_hidden(row):
        yield f"low ceiling: {percent(row['ceiling'])}"
    if answer.fine_tuned and row["seed"] is not None:
        yield "one training"
    if not answer.fine_tuned:
        yield "not fine-tuned"


def _counts(answer: Answer) -> str:
    """What the number is of, in the words of the tables."""
    row, titles = answer.total, answer.study["titles"]
    state = f"{row['state']}, epoch {row['epoch']}" if answer.fine_tuned and row["epoch"] else row["state"]
    suffixes = f"{row['matched_suffixes']:,} different suffix{'es' * (row['matched_suffixes'] != 1)} matched"
    parts = [
        f"n = {prompted(row['n'], row['prefixes'])}",
        f"control n = {row['control_n']:,}" if row["control_n"] is not None else "no control",
        suffixes,
        f"{titles['models'][row['model']]} ({state})",
        f"{row['decoding']} decoding",
        *([f"prompting {row['prompting']}"] if row["prompting"] != BARE else []),
        *([f"searched for {SIDES[row['side']]}"] if answer.others or row["side"] != "input" else []),
        f"detector {row['profile']}",
        f"study {answer.study['name']}",
    ]
    return "; ".join(parts)


def _legend(found: Sequence[Answer], categories: Sequence[str]) -> str:
    """What the marks are; those that no picture has are left out."""
    keys = [f'<li><i class="key {name}"></i>{NAMES[name]}</li>' for name in categories]
    rows = [answer.total for answer in found]
    shown = {name: any(row[name] is not None for row in rows) for name in ("control_rate", "ceiling", "published")}
    marks = {
        '<i class="key interval"></i>interval': True,
        '<i class="key base"></i>before fine-tuning': any(answer.base is not None for answer in found),
        '<i class="key floor">×</i>floor: the same of texts it never saw': shown["control_rate"],
        '<i class="key range"></i>between floor and ceiling': shown["ceiling"],
        '<i class="key ceiling">▼</i>ceiling: had it given back everything': shown["ceiling"],
        '<i class="key published">◇</i>published': shown["published"],
    }
    keys += [f"<li>{mark}</li>" for mark, is_drawn in marks.items() if is_drawn]
    return f'<ul class="legend" aria-label="Marks of the pictures">{"".join(keys)}</ul>'
