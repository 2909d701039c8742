"""Leaked records in the files that they come from, and the training data without them, in its own format."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from memorization.config.data import Dataset, FilesDataset, HubDataset
from memorization.datasets.files import UserFile
from memorization.datasets.removal import remove_rows
from memorization.datasets.rendering import placed
from memorization.datasets.sources import hub_split, source_rows
from memorization.errors import UserError
from memorization.studies.audit.leaks import Leaks, Row, keys_of
from memorization.studies.audit.texts import Key, key_of, side_text

log = logging.getLogger(__name__)

Removed = Mapping[Path | None, Collection[int]]
"""Numbers of rows by their file, or by None where the source has no files."""

TRAIN = "train"
SAVED = ("state.json", "dataset_info.json")
"""What a saved dataset has beside its Arrow files."""


def find_rows(
    name: str, dataset: Dataset, files: Sequence[Path], rows: Sequence[Row], leaks: Leaks
) -> tuple[list[Row], Removed]:
    """Leaked records with file, row and turn, as they are in the source, and all of its rows that leaked.

    `rows` are those of `leaks.leaked_records`, `files` the local files of the train split (empty for other sources).
    Rows that repeat a leaked text but are left out of training, by `deduplicate` or `limit`, leaked as well: without
    the others they would be trained on. UserError where the source no longer has a record.
    """
    missing: dict[tuple[str, Key], list[Row]] = defaultdict(list)
    for row in rows:
        missing[row["id"], row["text"]].append(row)
    names, removed, found = _names(files), defaultdict[Path | None, set[int]](set), []
    whole = dataset.model_copy(update={"deduplicate": False})
    for source, record in placed(name, whole, source_rows(name, whole, TRAIN, {TRAIN: files}), Counter()):
        number = source.number if source.position is None else source.position
        if any(key in leaks.found for key in keys_of(record)):
            removed[source.file].add(number)
        if same := missing.get((record["id"], key_of(side_text(record, "both")))):
            place = {"file": source.file and names[source.file], "row": number}
            turn = None if dataset.conversation is None else int(record["id"].rpartition(":")[2])
            found.append({**same.pop(0), **place, "turn": turn})
    if lost := sum(map(len, missing.values())):
        raise UserError(
            f"datasets.{name}: {lost} of {len(rows)} leaked records are not in its source, which has changed since "
            f"the dataset was read: start with `--forcerun dataset`."
        )
    return found, removed


def write_remaining(name: str, dataset: Dataset, files: Sequence[Path], removed: Removed, folder: Path) -> None:
    """Write a dataset's training data without the rows in `removed` to a folder: each file under its own name.

    Other sources than files give one Parquet file. A saved dataset has its description beside its files, and can be
    loaded from the folder.
    """
    source = dataset.source
    if isinstance(source, FilesDataset):
        for file, file_name in _names(files).items():
            output, rows = folder / file_name, removed.get(file, ())
            output.parent.mkdir(parents=True, exist_ok=True)
            user_file = UserFile(f"datasets.{name}.source.train", file, source.separator, source.encoding)
            remove_rows(user_file, output, rows)
            if user_file.ending == ".arrow":
                _copy_description(file.parent, output.parent, rows)
            log.info("dataset %s: %d rows left out of a copy of %s", name, len(rows), file_name)
        return
    folder.mkdir(parents=True, exist_ok=True)
    rows = removed.get(None, ())
    output = folder / f"{TRAIN}.parquet"
    if isinstance(source, HubDataset):
        _, split = hub_split(name, source, TRAIN)
        split.select([number for number in range(len(split)) if number not in rows]).to_parquet(output)
    else:
        documents = source_rows(name, dataset, TRAIN, {})
        pq.write_table(pa.Table.from_pylist([dict(row.values) for row in documents if row.number not in rows]), output)
    log.info("dataset %s: %d rows left out of a copy", name, len(rows))


def _names(files: Sequence[Path]) -> dict[Path, str]:
    """What each file is called below the folder that all of them are in."""
    # Not resolved: what a link is called is what its user knows.
    places = {file: os.path.abspath(file) for file in files}  # noqa: PTH100
    common = os.path.commonpath([os.path.dirname(place) for place in places.values()]) if places else ""  # noqa: PTH120
    return {file: Path(place).relative_to(common).as_posix() for file, place in places.items()}


def _copy_description(saved: Path, output: Path, removed: Collection[int]) -> None:
    for name in SAVED:
        if (saved / name).is_file() and not (output / name).exists():
            shutil.copyfile(saved / name, output / name)
    state = output / SAVED[0]
    if state.is_file() and removed:
        # What the library keeps of computations goes by this name of the rows.
        described: dict[str, Any] = json.loads(state.read_text("utf-8"))
        stated = json.dumps([described.get("_fingerprint"), sorted(removed)])
        described["_fingerprint"] = hashlib.blake2b(stated.encode(), digest_size=8).hexdigest()
        state.write_text(json.dumps(described, indent=2), "utf-8")
