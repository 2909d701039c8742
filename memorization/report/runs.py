"""What tables of runs share: the training behind a run, and the suffixes that its generations match."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from memorization import storage
from memorization.report import cells
from memorization.report.cells import Cell
from memorization.report.context import Row
from memorization.schemas.training import TrainingTable

Trained = Mapping[tuple[str, str, str, int, int], Row]
"""Rows of training runs' tables (schema `training`) by (model, recipe, dataset, epoch, seed)."""

MATCHES_MEANING = (
    "Own suffix: probes that match their own suffix. Suffixes: different suffixes that are matched; few of them under "
    "a high rate are a model that writes the same text whatever it is asked."
)
"""What the columns of `match_cells` mean, for captions."""

CEILINGS_MEANING = (
    "Ceiling: the rate that the same detector reports for the true suffixes themselves, each cut to the length of what "
    "the model wrote for the probe, which is the most that this run could show; full ceiling: the same, cut to the "
    "decoding's limit, which is the most that any model could show."
)
"""What the columns of `ceiling_cells` mean, for captions."""


def training_rows(folders: Sequence[Path]) -> Trained:
    """Rows of training runs' tables, from the folders of the runs.

    A run on several datasets is listed under each of them. A checkpoint of early stopping has the number of the
    recipe's last epoch, but the weights of an earlier one, and is listed with the row of that earlier epoch.
    """
    rows: dict[tuple[str, str, str, int, int], Row] = {}
    for file in (folder / "training.parquet" for folder in folders):
        manifest = storage.manifest_of(file)
        coordinates = manifest["coordinates"]
        for row in storage.read(file, TrainingTable).to_pylist():
            epoch = row["epoch"]
            if row["validation_loss"] is not None:
                if not row["kept"]:
                    continue
                epoch = manifest["settings"]["recipe"]["epochs"]
            for dataset in coordinates["dataset"].split("+"):
                rows[coordinates["model"], coordinates["recipe"], dataset, epoch, int(coordinates["seed"])] = row
    return rows


def training_loss(row: Row, trained: Trained) -> float | None:
    """Loss of a run's last epoch in nats per token, the mean of all seeds where the seed is null; None for base."""
    run = (row["model"], row["state"], row["dataset"], row["epoch"])
    losses = [
        training["loss"]
        for (*coordinates, seed), training in trained.items()
        if tuple(coordinates) == run and row["seed"] in (None, seed)
    ]
    return sum(losses) / len(losses) if losses else None


def ceiling_cells(row: Row) -> dict[str, Cell]:
    """The two ceilings of a rate (see `CEILINGS_MEANING`); nothing where there are none."""
    names = {"Ceiling": "ceiling", "Full ceiling": "limit_ceiling"}
    return {
        heading: Cell() if row[name] is None else cells.rate(row, name, f"{name}_") for heading, name in names.items()
    }


def match_cells(row: Row) -> dict[str, Cell]:
    """How many generations match their own suffix, and how many suffixes are matched (see `MATCHES_MEANING`)."""
    return {
        "Own suffix": cells.percent(row["own_matches"] / row["n"]),
        "Suffixes": cells.count(row["matched_suffixes"], "suffixes"),
    }
