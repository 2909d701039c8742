"""Figures of all kinds: everything that is drawn is seen whole, also where the second panel is far above the first."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from attack_files import attacks_file, membership_context
from evidence_files import canaries_context, canaries_sheet
from fits import fits, sparse_coding_context
from inside import cut
from matplotlib.figure import Figure
from rate_files import memorization_context, memorization_sheet
from recall_files import CELLS, recall_context, recall_sheet
from score_files import quality_context, quality_sheet
from share_files import likelihood_context, shares
from sheets import context, sql, write_parts
from trade_off_files import rate, score, sheet_of, trade_off_context

from memorization import storage
from memorization.report import drawing
from memorization.schemas.attention_maps import AttentionMapsTable
from memorization.schemas.extraction import ExtractionTable
from memorization.schemas.sparse_coding_fits import SparseCodingFitsTable
from memorization.studies.attention import figure as attention_figure
from memorization.studies.canaries import figure as canaries_figure
from memorization.studies.kinds import KINDS
from memorization.studies.likelihood import figure as likelihood_figure
from memorization.studies.likelihood import table as likelihood_table
from memorization.studies.membership import figure as membership_figure
from memorization.studies.memorization import figure as memorization_figure
from memorization.studies.quality import figure as quality_figure
from memorization.studies.recall import figure as recall_figure
from memorization.studies.sparse_coding import figure as sparse_coding_figure
from memorization.studies.sparse_coding import table as sparse_coding_table
from memorization.studies.trade_off import figure as trade_off_figure

CONTROL = {"control_rate": 0.0, "control_low": 0.0, "control_high": 0.0, "control_exact_high": 0.04}
CEILINGS = {
    f"{name}{bound}": value
    for name in ("ceiling", "limit_ceiling")
    for bound, value in (("", 0.9), ("_low", 0.8), ("_high", 1.0), ("_exact_high", 1.0))
}


def rising(rows: list[dict[str, Any]], dataset: str, **values: Any) -> list[dict[str, Any]]:
    """Rows in which those of one dataset are changed to these values."""
    return [row | values if row["dataset"] == dataset else row for row in rows]


def memorized(folder: Path, x: str) -> Any:
    """Rates of 0 to 5% in the first panel, of 100% in the second; a control and a published value of 0."""
    outcomes = {("base", "member"): ["none"] * 20, ("full", "member"): ["none"] * 19 + ["idea"]}
    study = memorization_context(["news", "chat"], ["t5", "gpt"])
    rows = memorization_sheet(folder, outcomes, study).tidy.to_pylist()
    rows = [row | CONTROL | {"published": 0.0} for row in rows]
    high = {"rate": 1.0, "low": 1.0, "high": 1.0, "exact_high": 1.0} | CEILINGS
    second = "model" if x == "dataset" else "dataset"
    last = rows[-1][second]
    nothing = {"rate": 0.0, "low": 0.0, "high": 0.0}
    rows = [
        row | (high if row["category"] in ("total", "verbatim") else nothing) if row[second] == last else row
        for row in rows
    ]
    options = {"x": x, "paraphrase": None}
    return memorization_figure.draw(rows, memorization_context(["news", "chat"], ["t5", "gpt"], options=options))


def many_lines(folder: Path) -> Any:
    """Runs of twelve recipes at places side by side."""
    outcomes = {("base", "member"): ["none"] * 20, ("full", "member"): ["none"] * 19 + ["idea"]}
    rows = memorization_sheet(folder, outcomes).tidy.to_pylist()
    several = [
        row | {"decoding": decoding, "state": f"recipe-{number}"}
        for number in range(12)
        for decoding in ("greedy", "top_k")
        for row in rows
        if row["state"] == "full"
    ]
    options = {"x": "decoding", "paraphrase": None}
    return memorization_figure.draw(several, memorization_context(options=options))


def scored(folder: Path) -> Any:
    rows = quality_sheet(folder).tidy.to_pylist()
    return quality_figure.draw(rising(rows, "news", value=0.0, low=0.0, high=0.0), quality_context())


def traded(folder: Path) -> Any:
    rates = [
        rate(dataset, state, population, value if population == "member" else 0.0)
        for dataset, value in (("news", 0.0), ("chat", 0.95))
        for state in ("base", "full")
        for population in ("member", "control")
    ]
    scores = [
        score(dataset, state, "rougeL", value)
        for dataset, value in (("news", 0.0), ("chat", 0.9))
        for state in ("base", "full")
    ]
    return trade_off_figure.draw(sheet_of(folder, rates, scores).tidy.to_pylist(), trade_off_context())


def likely(folder: Path) -> Any:
    parts = [shares("news", "full", "member", 0.0001, 0), shares("news", "base", "member", 0.99, 20)]
    files = {"query": [sql("likelihood")], "rates": write_parts(folder, ExtractionTable, parts)}
    rows = likelihood_table.sheet(files, likelihood_context()).tidy.to_pylist()
    # The first decoding's panel by draws is at the bottom, the last panel by length at the top.
    return likelihood_figure.draw(rows, likelihood_context())


def told_apart(folder: Path) -> Any:
    """A model that gives all its members away, and one that tells nothing."""
    files = [attacks_file(folder, "news", "full", shift=9.0), attacks_file(folder, "chat", "base", shift=0.0)]
    return membership_figure.figure({"attacks": files}, membership_context())


def recalled(folder: Path) -> Any:
    cells = [cell for cell in CELLS if cell["profile"] == "zeng2024"]
    rows = recall_sheet(folder, cells=cells).tidy.to_pylist()
    nothing = {"value": 0.0, "count": 0, "low": 0.0, "high": 0.0}
    rows = [row | nothing if row["change"] == "dropped" else row for row in rows]
    return recall_figure.draw(rows, recall_context(cells=cells))


def attended(folder: Path) -> Any:
    maps = [np.full((3, 5), 0.2, dtype=np.float32), np.eye(8, dtype=np.float32)]
    rows = [
        {"sample": sample, "probe": sample, "id": "p", "layer": 1, "weights": weights.ravel()}
        | {"output_tokens": weights.shape[0], "input_tokens": weights.shape[1]}
        | {"output_texts": ["o"] * weights.shape[0], "input_texts": ["i"] * weights.shape[1]}
        for sample, weights in enumerate(maps)
    ]
    table = pa.Table.from_pylist(rows, schema=AttentionMapsTable.arrow())
    storage.write_table(folder / "maps.parquet", AttentionMapsTable, table, {})
    cell = {"model": "t5", "state": "base", "epoch": 0, "dataset": "news"}
    options = {"shows": "samples", "cells": [cell], "scale": "linear"}
    return attention_figure.figure({"maps": [folder / "maps.parquet"]}, context(options=options))


def sparse(folder: Path) -> Any:
    """Attention over more tokens than b' has nonzeros, and a loss above that of a constant."""
    rows = [row | {"feature_mean": mean} for mean in (0.0, 1.0) for row in fits()]
    for row in rows:
        if row["feature_mean"] == 1.0 and row["nonzeros"] is not None:
            row |= {"test_loss": 3.0} | ({} if row["solver"] == "linear" else {"attention_effective_tokens": 60.0})
    table = pa.Table.from_pylist(rows, schema=SparseCodingFitsTable.arrow())
    files = {"query": [sql("sparse_coding")], "fits": write_parts(folder, SparseCodingFitsTable, [table])}
    return sparse_coding_figure.draw(
        sparse_coding_table.sheet(files, sparse_coding_context()).tidy.to_pylist(), sparse_coding_context()
    )


def known(folder: Path) -> Any:
    """Nothing known of the second dataset's canaries, and all of the first's."""
    rows = canaries_sheet(folder).tidy.to_pylist()
    low = {"exposure": 0.0, "exposure_low": 0.0, "exposure_high": 0.0}
    return canaries_figure.draw([*rows, *(row | low | {"dataset": "chat"} for row in rows)], canaries_context())


FIGURES: dict[str, list[Callable[[Path], Any]]] = {
    "memorization": [
        lambda folder: memorized(folder, "dataset"),
        lambda folder: memorized(folder, "model"),
        many_lines,
    ],
    "quality": [scored],
    "trade_off": [traded],
    "likelihood": [likely],
    "membership": [told_apart],
    "recall": [recalled],
    "canaries": [known],
    "attention": [attended],
    "sparse_coding": [sparse],
}


def test_every_kind_with_a_figure_is_looked_at() -> None:
    drawn = {kind.kind_name() for kind in KINDS if any(exhibit.format == "figure" for exhibit in kind.EXHIBITS)}
    assert drawn == set(FIGURES)


@pytest.mark.parametrize(
    "figure",
    [pytest.param(each, id=f"{kind}-{n}") for kind, all_of in FIGURES.items() for n, each in enumerate(all_of)],
)
def test_all_that_is_drawn_is_inside_its_axes(figure: Callable[[Path], Any], tmp_path: Path) -> None:
    assert cut(figure(tmp_path)) == []


def test_what_is_cut_is_noticed() -> None:
    figure = Figure()
    first, second = figure.subplots(1, 2, sharey=True)
    for panel, height in ((first, 21), (second, 100)):
        panel.bar([0], [height])
        # A limit before the last panel is drawn ends autoscaling of both.
        panel.set_ylim(bottom=0)
    assert [each.split(":")[1].split()[0] for each in cut(figure)] == ["bar"]
    whole, half = Figure(), Figure()
    for each, clip in ((whole, False), (half, True)):
        panel = each.subplots()
        panel.plot([0, 1], [0, 5], marker="x", clip_on=clip, label="cross")
        drawing.begin_at_zero([panel])
    assert cut(whole) == []
    assert [each.split(":")[1].split()[0] for each in cut(half)] == ["cross"]
