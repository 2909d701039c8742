"""Shares of suffixes that can be extracted: one row per run and decoding, one column per number n of draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from memorization.report import cells
from memorization.report.cells import Cell
from memorization.report.context import Context, Files, Row
from memorization.report.query import query
from memorization.report.sheet import Sheet
from memorization.report.words import VARYING, in_state, intervals, prompts, varying
from memorization.schemas.extraction import ExtractionTable
from memorization.schemas.schema import StudyTable
from memorization.studies.likelihood.headings import shown_probability

PACKAGES = ("duckdb",)
"""What a sheet is computed by, for its manifest."""

POPULATIONS = {"member": "training", "control": "test"}


def sheet(files: Files, context: Context) -> Sheet:
    """The sheet of a study; files: `query`, `rates` (schema `extraction`)."""
    study = context.options["study"]
    axes = ("datasets", "models", "states", "decodings", "draws", "probability", "tokens")
    tidy = query(
        files["query"][0], {"rates": files["rates"]}, study=context.study, **{axis: study[axis] for axis in axes}
    )
    rows = tidy.to_pylist()
    return Sheet(LikelihoodTable, tidy, layout(rows, context), context.heading, caption(rows, context), context.label)


def layout(rows: Sequence[Row], context: Context) -> list[dict[str, Cell]]:
    """One row per run: discoverable shares by n side by side, and the expected share at the largest n.

    Coordinates that do not vary are left out, except the decoding.
    """
    keys = ("model", "dataset", "prefix_tokens", "decoding", "state", "epoch", "population")
    runs: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        if row["draws"] is not None:
            runs.setdefault(tuple(row[key] for key in keys), []).append(row)
    shown = shown_probability(rows)
    largest = max(row["draws"] for row in rows if row["draws"] is not None)
    coordinates = [name for name in varying(rows) if name != "decoding"]
    several = len({row["population"] for row in rows}) > 1
    lines = []
    for run in runs.values():
        first = run[0]
        discoverable = [row for row in run if row["probability"] == shown]
        expected = next(row for row in run if row["measure"] == "expected" and row["draws"] == largest)
        lines.append(
            {
                "Dataset": cells.text(context.dataset(first["dataset"])),
                "Model": cells.text(in_state(context.model(first["model"]), first["state"], rows)),
                **{VARYING[name]: cells.text(first[name]) for name in coordinates},
                **({"Inputs": cells.text(POPULATIONS[first["population"]])} if several else {}),
                "Decoding": cells.text(first["decoding"]),
                **{f"n = {row['draws']:,}": share(row) for row in discoverable},
                f"Expected, n = {largest:,}": share(expected),
                "Probes": cells.probes(first["n"], first["prefixes"]),
            }
        )
    return lines


def share(row: Row) -> Cell:
    """A share with its interval in percent; `-` where no probe is comparable."""
    return cells.text("-") if row["value"] is None else cells.rate(row, "value")


def caption(rows: Sequence[Row], context: Context) -> str:
    """What the numbers are, in one paragraph."""
    length = max(row["length"] for row in rows)
    return (
        f"Suffixes that n drawn texts give back, computed from the likelihood of their first {length} tokens without "
        f"drawing any, in percent of the probes whose suffix has so many tokens, with {intervals(context.statistics)}. "
        "q is the probability that one text begins with those tokens. Columns n: (n, p)-discoverable suffixes, "
        f"1 - (1 - q)^n >= p with p = {shown_probability(rows):g} (Hayes et al., 2024); other p are in the .parquet "
        "and .csv files. Expected: the mean of 1 - (1 - q)^n. Greedy decoding writes one text, whatever n. Where no "
        "suffix counts, the exact (Clopper-Pearson) upper bound is in parentheses."
        + (
            " Inputs: training, or test inputs that no model was trained on."
            if len({row["population"] for row in rows}) > 1
            else ""
        )
        + f" {prompts(rows)}"
    ).strip()


class LikelihoodTable(StudyTable, ExtractionTable):
    """A study's shares: one row per run, measure, length, number of draws and probability."""

    name = "likelihood_table"
