"""What tables of runs share: the training behind a run, and the suffixes that its generations match."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from memorization import storage
from memorization.report import cells
from memorization.report.cells import Cell
from memorization.report.context import Row
from memorization.schemas.training import TrainingTable

Trained = Mapping[tuple[str, str, str, int], Row]
"""Rows of training runs' tables (schema `training`) by (model, recipe, dataset, epoch)."""

MATCHES_MEANING = (
    "Own suffix: probes that match their own suffix. Suffixes: different suffixes that are matched; few of them under "
    "a high rate are a model that writes the same text whatever it is asked."
)
"""What the columns of `match_cells` mean, for captions."""


def training_rows(folders: Sequence[Path]) -> Trained:
    """Rows of training runs' tables, from the folders of the runs.

    A run on several datasets is listed under each of them. A checkpoint of early stopping has the number of the
    recipe's last epoch, but the weights of an earlier one, and is listed with the row of that earlier epoch.
    """
    rows: dict[tuple[str, str, str, int], Row] = {}
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
                rows[coordinates["model"], coordinates["recipe"], dataset, epoch] = row
    return rows


def match_cells(row: Row) -> dict[str, Cell]:
    """How many generations match their own suffix, and how many suffixes are matched (see `MATCHES_MEANING`)."""
    return {
        "Own suffix": cells.percent(row["own_matches"] / row["n"]),
        "Suffixes": cells.count(row["matched_suffixes"], "suffixes"),
    }
