"""How much comes back by number of copies: counted by hand, with its clusters."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from leak_files import RUN, match, record, write_probes, write_records, write_run
from scipy.stats import binom
from sheets import STATISTICS, csv_and_parquet, texts

from memorization import storage
from memorization.config.project import Statistics
from memorization.report.context import Context
from memorization.report.sheet import Sheet
from memorization.schemas.copies import CopiesTable
from memorization.studies.audit.copies import copies
from memorization.studies.audit.duplicates import Asked, buckets, by_copies, sheet

LETTERS = ["Dear A, the code of your safe is 4711 today", "Dear B, it rained", "Dear C, all is well here"]
RECORDS = [record(str(number), LETTERS[place], "t") for number, place in enumerate([0, 0, 0, 1, 2])]


def made(folder: Path, states: dict[str, list[list[dict[str, Any]]]]) -> Sheet:
    """The sheet where models in these states have one run for each list of matches."""
    dataset = write_records(folder / "dataset.parquet", RECORDS)
    counted = folder / "copies.parquet"
    storage.write_table(counted, CopiesTable, copies(dataset, "input"), {})
    probes = write_probes(folder / "probes.parquet", RECORDS)
    runs, files = [], []
    for state, lists in states.items():
        for number, matches in enumerate(lists):
            runs.append(RUN | {"state": state, "epoch": int(state != "base"), "decoding": str(number)})
            files.append(write_run(folder / state / str(number), ["x"] * len(RECORDS), matches).matches)
    inputs = {"matches": files, "searched": [probes] * len(runs), "copies": [counted] * len(runs)}
    return sheet(inputs, Context("release", options={"runs": runs}, statistics=STATISTICS.model_dump(mode="json")))


def test_rates_are_counted_by_hand(tmp_path: Path) -> None:
    rows = made(tmp_path, {"base": [[]], "full": [[match(3, 1)], [match(4, 4), match(0, 2, rank=1)]]}).tidy.to_pylist()

    keys = ("state", "copies", "copies_low", "copies_high", "runs", "n", "clusters", "count")
    assert [tuple(row[key] for key in keys) for row in rows] == [
        ("base", "exact", 1, 1, 1, 2, 2, 0),
        ("base", "exact", 3, 4, 1, 3, 1, 0),
        ("base", "near", 1, 1, 1, 2, 2, 0),
        ("base", "near", 3, 4, 1, 3, 1, 0),
        ("full", "exact", 1, 1, 2, 2, 2, 1),
        ("full", "exact", 3, 4, 2, 3, 1, 3),
        ("full", "near", 1, 1, 2, 2, 2, 1),
        ("full", "near", 3, 4, 2, 3, 1, 3),
    ]
    # One cluster tells nothing of others.
    assert (rows[5]["rate"], rows[5]["low"], rows[5]["high"]) == (1.0, 0.0, 1.0)


def test_the_sheet_shows_no_text(tmp_path: Path) -> None:
    made_sheet = made(tmp_path, {"full": [[match(0, 0)]]})

    lines = texts(made_sheet.rows)
    assert list(lines[0]) == ["Dataset", "Model", "Kind", "Copies", "Came back", "n", "Clusters"]
    assert [(line["Kind"], line["Copies"]) for line in lines] == [
        ("exact", "1"),
        ("exact", "3-4"),
        ("exact or near", "1"),
        ("exact or near", "3-4"),
    ]
    assert lines[1]["Came back"] == "100.00% [0.00, 100.00]"
    csv, _ = csv_and_parquet(made_sheet, tmp_path)
    assert not any(text in str(csv) + str(lines) + made_sheet.whole_caption for text in LETTERS)


def test_numbers_are_taken_together_by_doubling() -> None:
    assert list(buckets(5)) == [(1, 1), (2, 2), (3, 4), (5, 8)]
    assert list(buckets(64))[-1] == (33, 64)
    assert list(buckets(0)) == []


@pytest.mark.parametrize("size", [1, 4])
def test_intervals_hold_the_truth_as_often_as_stated(size: int) -> None:
    # Families of so many records, of which all come back or none.
    generator, held, draws, rate = np.random.default_rng(size), 0, 200, 0.3
    settings = Statistics(draws=200)
    keys = [number.to_bytes(16) for number in range(60 * size)]
    table = pa.Table.from_pylist(
        [{"text": key.hex(), "exact": 1, "near": size, "family": number // size} for number, key in enumerate(keys)]
    )
    for _ in range(draws):
        came_back = np.repeat(generator.random(60) < rate, size).tolist()
        asked = Asked({(str(number), key): number for number, key in enumerate(keys)}, list(keys), came_back, 1)
        [row] = [row for row in by_copies(asked, table, settings) if row["copies"] == "near"]
        assert row["clusters"] == 60
        held += row["low"] <= rate <= row["high"]
    # A percentile bootstrap of 60 holds it some 93% of times.
    assert binom.ppf(0.001, draws, 0.91) <= held <= binom.ppf(0.999, draws, 0.97)
