"""What the search for candidates misses: one row per run, its rate by candidates beside its rate by every suffix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from memorization import storage
from memorization.config.project import Statistics
from memorization.report import cells
from memorization.report.cells import Cell
from memorization.report.context import Context, Files, Row
from memorization.report.sheet import Sheet
from memorization.report.words import VARYING, coordinate, in_state, intervals, prompts, searched, sources, varying
from memorization.schemas.all_pairs import TYPES, AllPairsTable
from memorization.schemas.run import RunColumns
from memorization.schemas.schema import FLOAT64, INT64, Column, Nullable, StudyTable
from memorization.statistics.clusters import read_clusters
from memorization.statistics.measurements import share

PACKAGES = ("numpy", "pyarrow", "scipy")
"""What a sheet is computed by, for its manifest."""


def sheet(files: Files, context: Context) -> Sheet:
    """The sheet of a study; files: `all_pairs` and `probes` (of the runs in the option `runs`)."""
    settings = Statistics.model_validate(context.statistics)
    rows = []
    for run, compared, probes in zip(context.options["runs"], files["all_pairs"], files["probes"], strict=True):
        table = storage.read(compared, AllPairsTable)
        numbers = read_clusters(probes)
        clusters = [numbers[probe] for probe in table["probe"].to_pylist()]
        rows.append({"study": context.study, **run, **measured(table, clusters, settings)})
    tidy = pa.Table.from_pylist(rows, schema=MemorizationSearchTable.unlabelled())
    heading, lines = f"{context.heading}: the search for candidates", layout(rows, context)
    return Sheet(MemorizationSearchTable, tidy, lines, heading, caption(rows, context), context.label)


def measured(table: pa.Table, clusters: Sequence[int], settings: Statistics) -> dict[str, Any]:
    """What a run's table `all_pairs` shows, by column of `memorization_search`; `clusters` (n,) are its probes'."""
    found, missed, matching, found_suffixes = (
        table[name].to_numpy() for name in ("found", "missed", "matching_suffixes", "found_suffixes")
    )
    strength, found_strength = (
        pc.index_in(table[name], value_set=pa.array(TYPES)).to_numpy() for name in ("type", "found_type")
    )
    row: dict[str, Any] = {"n": len(table), "prefixes": len(set(clusters))}
    row["pairs"] = int(pc.sum(table["pairs"]).as_py())
    for name, hits in {
        "candidates": found,
        "all_pairs": found | missed,
        "missed": missed,
        "weaker": found & (strength < found_strength),
    }.items():
        estimate = asdict(share(hits, name, settings, clusters))
        row[f"{name}_rate"] = estimate["value"]
        row |= {f"{name}_{key}": estimate[key] for key in ("count", "low", "high", "exact_high")}
    memorized = matching > 0
    row |= {"matching_suffixes": int(matching.sum()), "found_suffixes": int(found_suffixes.sum())}
    row |= {name: int(pc.sum(table[name]).as_py()) for name in ("own_matches", "own_found")}
    row["found_share"] = float(found_suffixes.sum() / matching.sum()) if memorized.any() else None
    row["mean_found_share"] = (
        float(np.mean(found_suffixes[memorized] / matching[memorized])) if memorized.any() else None
    )
    return row


def layout(rows: Sequence[Row], context: Context) -> list[dict[str, Cell]]:
    """One row per run."""
    populations = len({row["population"] for row in rows}) > 1
    return [
        {
            "Dataset": cells.text(context.dataset(row["dataset"])),
            "Model": cells.text(in_state(context.model(row["model"]), row["state"], rows)),
            **{VARYING[name]: cells.text(coordinate(row, name)) for name in varying(rows)},
            **({"Population": cells.text(row["population"])} if populations else {}),
            "By candidates": cells.rate(row, "candidates_rate", "candidates_"),
            "By all pairs": cells.rate(row, "all_pairs_rate", "all_pairs_"),
            "Missed": cells.rate(row, "missed_rate", "missed_"),
            "Weaker type": cells.rate(row, "weaker_rate", "weaker_"),
            "Suffixes found (mean)": _share(row["mean_found_share"]),
            "Suffixes found (all)": _share(row["found_share"]),
            "Own suffix found": _share(row["own_found"] / row["own_matches"] if row["own_matches"] else None),
            "n": cells.probes(row["n"], row["prefixes"]),
            "Pairs": cells.count(row["pairs"], "pairs"),
        }
        for row in rows
    ]


def _share(value: float | None) -> Cell:
    return cells.text("-") if value is None else cells.percent(value)


def caption(rows: Sequence[Row], context: Context) -> str:
    """What was compared and what the numbers are, in one paragraph."""
    return (
        f"The detector compares a generation with the {context.options['candidates']} suffixes that the search ranks "
        f"highest for it. Here the generations of n probes ({sources(rows)}), a draw, are compared with every suffix. "
        "By candidates, by all pairs: percent of the n probes with a match among the candidates, or with any suffix. "
        "Missed: those with a match, but none among the candidates. Weaker type: those whose candidates have a match, "
        "but of a weaker type than another suffix has (verbatim, then paraphrase, then idea). These with "
        f"{intervals(context.statistics)}; where no probe counts, the exact (Clopper-Pearson) upper bound stands in "
        "parentheses. Suffixes found: of the suffixes that match, the percentage that the candidates contain, as the "
        "mean over probes that have one, and of all of them together: a generation that more suffixes match than there "
        "are candidates cannot have all. Own suffix found: the same of probes whose own suffix matches. A match that "
        f"the search misses may be chance as well as memory: controls, if shown, and own suffixes tell. "
        f"{searched(rows)}{prompts(rows)}"
    ).strip()


class MemorizationSearchTable(StudyTable, RunColumns):
    """What the search for candidates misses: one row per run."""

    name = "memorization_search"

    n = Column(INT64, "probes")
    """probes whose generations are compared with every suffix"""
    prefixes = Column(INT64, "prefixes")
    """different prefixes among them, each a prompt"""
    pairs = Column(INT64, "pairs")
    """pairs of a generation and a suffix that are compared"""
    candidates_rate = Column(FLOAT64, "fraction")
    """probes with a match among their candidates, of n"""
    candidates_count = Column(INT64, "probes")
    """their number"""
    candidates_low = Column(FLOAT64, "fraction")
    """lower bound of the bootstrap interval"""
    candidates_high = Column(FLOAT64, "fraction")
    """upper bound of the bootstrap interval"""
    candidates_exact_high = Column(FLOAT64, "fraction")
    """upper Clopper-Pearson bound"""
    all_pairs_rate = Column(FLOAT64, "fraction")
    """probes with a match with any suffix, of n"""
    all_pairs_count = Column(INT64, "probes")
    """their number"""
    all_pairs_low = Column(FLOAT64, "fraction")
    """lower bound of the bootstrap interval"""
    all_pairs_high = Column(FLOAT64, "fraction")
    """upper bound of the bootstrap interval"""
    all_pairs_exact_high = Column(FLOAT64, "fraction")
    """upper Clopper-Pearson bound"""
    missed_rate = Column(FLOAT64, "fraction")
    """probes with a match, but none among their candidates, of n"""
    missed_count = Column(INT64, "probes")
    """their number"""
    missed_low = Column(FLOAT64, "fraction")
    """lower bound of the bootstrap interval"""
    missed_high = Column(FLOAT64, "fraction")
    """upper bound of the bootstrap interval"""
    missed_exact_high = Column(FLOAT64, "fraction")
    """upper Clopper-Pearson bound"""
    weaker_rate = Column(FLOAT64, "fraction")
    """probes whose candidates have a match, but of a weaker type than another suffix has, of n"""
    weaker_count = Column(INT64, "probes")
    """their number"""
    weaker_low = Column(FLOAT64, "fraction")
    """lower bound of the bootstrap interval"""
    weaker_high = Column(FLOAT64, "fraction")
    """upper bound of the bootstrap interval"""
    weaker_exact_high = Column(FLOAT64, "fraction")
    """upper Clopper-Pearson bound"""
    matching_suffixes = Column(INT64, "suffixes")
    """suffixes with a match, summed over probes"""
    found_suffixes = Column(INT64, "suffixes")
    """those of them that are among the candidates, summed over probes"""
    own_matches = Column(INT64, "probes")
    """probes whose own suffix has a match"""
    own_found = Column(INT64, "probes")
    """those of them whose own suffix is among the candidates"""
    found_share = Nullable(FLOAT64, "fraction")
    """found_suffixes / matching_suffixes; null without a match"""
    mean_found_share = Nullable(FLOAT64, "fraction")
    """mean of the same over probes with a match; null without one"""
