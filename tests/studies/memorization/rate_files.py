"""Rates and comparisons of runs in files, for the tests of the tables of memorization."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
from sheets import STATISTICS, context, run, sql, write_parts

from memorization.report.context import Context
from memorization.report.sheet import Sheet
from memorization.schemas.comparisons import ComparisonsTable
from memorization.schemas.means import MeansTable
from memorization.schemas.rates import RatesTable
from memorization.statistics.rates import RunOutcomes, rates
from memorization.studies.memorization import table
from memorization.studies.memorization.comparisons import compare, key, means

Outcomes = Mapping[tuple[str, str], Sequence[str]]

BASE = ["none"] * 95 + ["idea"] * 5
FINE_TUNED = ["none"] * 80 + ["verbatim"] * 12 + ["paraphrase"] * 3 + ["idea"] * 5
CONTROL = ["none"] * 49 + ["idea"]
OUTCOMES: Outcomes = {("base", "member"): BASE, ("full", "member"): FINE_TUNED}
WITH_CONTROLS: Outcomes = {**OUTCOMES, ("base", "control"): CONTROL, ("full", "control"): CONTROL}
"""Outcomes by state and population."""

CEILINGS = {
    "ceiling": lambda n: ["verbatim"] * (n // 2) + ["none"] * (n - n // 2),
    "limit_ceiling": lambda n: ["verbatim"] * n,
}
"""Outcomes of positive controls: half of the probes at the length of the generations, all at the decoding's limit."""

PUBLISHED = """table,dataset,model,state,epoch,decoding,prefix_tokens,category,value,low,high,note
Table 2,news,t5,base,,greedy,,total,0.14,0.13,0.15,
Table 2,news,t5,full,3,,,total,0.20,,,"a, b"
Table 2,news,t5,full,9,,,verbatim,0.5,,,another epoch
Table 2,news,t5,difference,,,50,total,0.5,0.4,0.6,
Table 2,news,gpt,full,,,,total,0.9,,,
"""
"""A file of published numbers, some of runs that the study does not have."""


def rates_of(outcomes: Sequence[str], coordinates: Mapping[str, Any]) -> pa.Table:
    """The table `rates` of a run with these outcomes."""
    counts = {
        "input_texts": len(outcomes),
        "prefixes": len(outcomes),
        "generated_tokens": 20.5,
        "own_matches": 2,
        "matched_suffixes": 1234,
        "condensing": 0,
    }
    ceilings = CEILINGS if coordinates["population"] == "member" else {}
    run = RunOutcomes(outcomes, ceilings={name: found(len(outcomes)) for name, found in ceilings.items()})
    rows = [{**coordinates, **counts, **asdict(rate)} for rate in rates(run, STATISTICS)]
    return pa.Table.from_pylist(rows, schema=RatesTable.arrow())


def memorization_context(
    datasets: Sequence[str] = ("news",), models: Sequence[str] = ("t5",), **changed: Any
) -> Context:
    """The context of the table of a study with these datasets and models."""
    study = {"datasets": list(datasets), "models": list(models), "states": ["base", "full"], "decodings": ["greedy"]}
    study |= {"promptings": ["bare"], "sides": ["input"], "profiles": None}
    fields = {"study": "disparity", "options": {"study": study, "paraphrase": None}, **changed}
    return context({"news": "Multi-news"}, {"t5": "T5-base"}, **fields)


def memorization_sheet(
    folder: Path,
    outcomes: Outcomes,
    study: Context | None = None,
    published: str = "",
    training: Sequence[Path] = (),
) -> Sheet:
    """The sheet of a study whose runs all have these outcomes; the files are in another order than the study's."""
    study = study or memorization_context()
    axes = study.options["study"]
    runs = [
        run(dataset, model, state, population, "summarization")
        for model in axes["models"]
        for dataset in axes["datasets"]
        for state, population in outcomes
    ][::-1]
    own = {key(each): outcomes[each["state"], each["population"]] for each in runs}
    by_run = {identity: RunOutcomes(values, range(len(values))) for identity, values in own.items()}
    compared = compare(runs, by_run, classified=False, settings=STATISTICS)
    rates_by_run = [rates_of(own[key(each)], each) for each in runs]
    rows = [row for part in rates_by_run for row in part.to_pylist()]
    averaged = means(runs, by_run, rows, classified=False, settings=STATISTICS)
    files = {
        "query": [sql("memorization")],
        "rates": write_parts(folder / "rates", RatesTable, rates_by_run),
        "means": write_parts(folder / "means", MeansTable, [averaged]),
        "comparisons": write_parts(folder / "comparisons", ComparisonsTable, [compared]),
        "training": list(training),
    }
    if published:
        file = folder / "published.csv"
        file.write_text(published, encoding="utf-8")
        files["published"] = [file]
    return table.sheet(files, study)
