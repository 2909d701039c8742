"""Rows of a dataset as models are trained on them: each with its instruction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from memorization import storage
from memorization.errors import UserError


def read_rows(dataset: Path, split: str, columns: Sequence[str], instruction: str | None) -> Iterator[dict[str, Any]]:
    """Yield the rows of a split, in their order: `instruction` and other columns of schema `dataset`.

    `instruction` is what all rows share, None where each has its own. UserError where the file says otherwise.
    """
    for batch in storage.stream(dataset, ["split", "instruction", *columns]):
        for row in batch.filter(pc.equal(batch["split"], split)).to_pylist():
            if (row["instruction"] is None) == (instruction is None):
                found = "a row without an" if instruction is None else "a row with its own"
                raise UserError(
                    f"{dataset}: contains {found} instruction, and was made for another kind of "
                    f"`datasets.{dataset.stem}.instruction`: make it again by `--forcerun dataset`."
                )
            yield row if instruction is None else {**row, "instruction": instruction}
