"""Rates and scores of runs in files, for the tests of the table and the figure of trade-off studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sheets import context, run, sql, write_parts

from memorization.report.context import Context
from memorization.report.sheet import Sheet
from memorization.schemas.quality import QualityScoresTable
from memorization.schemas.rates import RatesTable
from memorization.schemas.run import AnswerColumns
from memorization.studies.trade_off import table

STATES = ("base", "full", "lora")
RATES = {"base": 0.0, "full": 0.4, "lora": 0.1}
SCORES = {"base": 0.1, "full": 0.3, "lora": 0.25}
TASKS = {"news": "summarization", "chat": "dialog", "film": "sentiment"}

CEILINGS = {
    f"{name}{bound}": value + difference
    for name, value in (("ceiling", 0.5), ("limit_ceiling", 0.9))
    for bound, difference in (("", 0.0), ("_low", -0.05), ("_high", 0.05), ("_exact_high", 0.06))
}

Rows = Sequence[Mapping[str, Any]]


def rate(dataset: str, state: str, population: str, value: float, category: str = "total") -> dict[str, Any]:
    """A row of the table `rates`; intervals are 5 percentage points wide on both sides, the exact bound 4 above."""
    return {
        **run(dataset, state=state, population=population, task=TASKS[dataset]),
        "n": 100,
        "input_texts": 100,
        "generated_tokens": 20.0,
        "own_matches": 1,
        "matched_suffixes": 2,
        "condensing": 0,
        "prefixes": 100,
        "category": category,
        "count": round(100 * value),
        "rate": value,
        "low": max(0.0, value - 0.05),
        "high": value + 0.05 if value else 0.0,
        "exact_low": 0.0,
        "exact_high": value + 0.04,
        "once_count": round(100 * value),
        "once_rate": value,
        "once_low": max(0.0, value - 0.05),
        "once_high": value + 0.05 if value else 0.0,
        "once_exact_high": value + 0.04,
        **({} if population == "control" else CEILINGS),
    }


def score(dataset: str, state: str, metric: str, value: float) -> dict[str, Any]:
    """A row of the table `quality`; intervals are 2 percentage points wide on both sides, the exact bound 7 above."""
    share = metric == "accuracy"
    coordinates = run(dataset, state=state, task=TASKS[dataset]) | {"decoding": "short"}
    return {
        **{name: coordinates[name] for name in AnswerColumns.columns()},
        "metric": metric,
        "unit": "fraction",
        "n": 50,
        "count": round(50 * value) if share else None,
        "value": value,
        "low": max(0.0, value - 0.02),
        "high": value + 0.02 if value else 0.0,
        "exact_low": 0.0 if share else None,
        "exact_high": value + 0.07 if share else None,
    }


def trade_off_context(datasets: Sequence[str] = ("news", "chat"), **fields: Any) -> Context:
    """The context of a study with these datasets."""
    study = {"datasets": list(datasets), "models": ["t5"], "states": list(STATES), "decodings": ["greedy"]}
    study |= {"promptings": ["bare"], "sides": ["input"], "profiles": None}
    plain = {"study": "recipes", "title": "Recipes", "label": "Made up.", "options": {"study": study, "goldfish": {}}}
    return context({"news": "Multi-news", "chat": "ChatDoctor"}, {"t5": "T5-base"}, **plain | fields)


def sheet_of(
    folder: Path, rates: Rows, scores: Rows, study: Context | None = None, training: Sequence[Path] = ()
) -> Sheet:
    """The sheet of a study over these rows, each in a file of its own."""
    files = {
        "query": [sql("trade_off")],
        "rates": write_parts(folder / "rates", RatesTable, rates),
        "quality": write_parts(folder / "quality", QualityScoresTable, scores),
        "training": list(training),
    }
    return table.sheet(files, study or trade_off_context())


def trade_off_sheet(folder: Path, control: bool = True, training: Sequence[Path] = ()) -> Sheet:
    """The sheet of a study with all states of two datasets, given in another order than the study's."""
    populations = ("member", "control") if control else ("member",)
    states = [(dataset, state) for dataset in ("chat", "news") for state in reversed(STATES)]
    rates = [
        rate(dataset, state, population, RATES[state] if population == "member" else 0.02, category)
        for dataset, state in states
        for population in populations
        for category in ("total", "verbatim")
    ]
    scores = [
        score(dataset, state, metric, SCORES[state]) for dataset, state in states for metric in ("rouge1", "rougeL")
    ]
    return sheet_of(folder, rates, scores, training=training)
