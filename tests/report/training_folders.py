"""Folders of training runs, for tests of tables that show losses."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from memorization import storage
from memorization.schemas.training import TrainingTable


def training(folder: Path, recipe: str, dataset: str, losses: Sequence[float | None], kept: int) -> Path:
    """A folder of checkpoints of T5 with the table of its training: validation losses by epoch, and the kept epoch.

    The training loss of an epoch is its reciprocal; the recipe would end with epoch 3.
    """
    rows = [
        {
            "epoch": epoch,
            "step": epoch,
            "loss": 1.0 / epoch,
            "learning_rate": 0.1,
            "validation_loss": loss,
            "kept": epoch == kept,
        }
        for epoch, loss in enumerate(losses, 1)
    ]
    manifest = {
        "coordinates": {"model": "t5", "recipe": recipe, "seed": "0", "dataset": dataset},
        "settings": {"recipe": {"epochs": 3}},
    }
    checkpoints = folder / f"{recipe}-{dataset}"
    table = pa.Table.from_pylist(rows, schema=TrainingTable.arrow())
    storage.write_table(checkpoints / "training.parquet", TrainingTable, table, manifest)
    return checkpoints
