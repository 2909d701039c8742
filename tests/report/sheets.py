"""What tests of tables and figures share: runs, contexts, input files, printed lines, and bytes of files."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from memorization import storage
from memorization.config.project import Statistics
from memorization.report import drawing, formats
from memorization.report.cells import Cell, Excerpt
from memorization.report.context import Context
from memorization.report.sheet import Sheet
from memorization.schemas.schema import Schema

ROOT = Path(__file__).resolve().parents[2]
LABEL = "Demonstration: 100% made up"
STATISTICS = Statistics(draws=200)


def sql(kind: str, name: str = "table") -> Path:
    """The query of a kind's table."""
    return ROOT / "memorization/studies" / kind / f"{name}.sql"


def run(
    dataset: str = "news", model: str = "t5", state: str = "full", population: str = "member", task: str = "qa"
) -> dict[str, Any]:
    """Coordinates of a run with the task of its dataset."""
    return {
        "dataset": dataset,
        "task": task,
        "model": model,
        "state": state,
        "epoch": 0 if state == "base" else 3,
        "seed": 0,
        "population": population,
        "prefix_tokens": 50,
        "decoding": "greedy",
        "prompting": "bare",
        "side": "input",
        "profile": "zeng2024",
    }


def context(
    datasets: Mapping[str, str] | None = None, models: Mapping[str, str] | None = None, **fields: Any
) -> Context:
    """A context with these shown names, the label and the statistics of the tests, and other fields as given."""
    titles = {"datasets": datasets or {}, "models": models or {}}
    return Context(
        **{"study": "study", "label": LABEL, "statistics": STATISTICS.model_dump(), "titles": titles, **fields}
    )


def write_parts(folder: Path, schema: type[Schema], parts: Sequence[pa.Table | Mapping[str, Any]]) -> list[Path]:
    """Files of that schema, one for each table or single row."""
    files = [folder / f"part={number}" / f"{schema.name}.parquet" for number in range(len(parts))]
    for file, part in zip(files, parts, strict=True):
        table = part if isinstance(part, pa.Table) else pa.Table.from_pylist([dict(part)], schema=schema.arrow())
        storage.write_table(file, schema, table, {})
    return files


def written(sheet: Sheet, output: Path, ending: str) -> str:
    """The text of the file with that ending, after the sheet is written."""
    formats.write(sheet, output)
    return output.with_name(output.name + ending).read_text(encoding="utf-8")


def texts(lines: Iterable[Mapping[str, Cell | Excerpt]]) -> list[dict[str, str]]:
    """Texts of the cells of a sheet's rows, by heading."""
    shown = []
    for line in lines:
        assert all(isinstance(cell, Cell) for cell in line.values())
        shown.append({heading: cell.text for heading, cell in line.items() if isinstance(cell, Cell)})
    return shown


def markdown_lines(markdown: str) -> list[list[str]]:
    """Cells of a Markdown table by line, split at the bars that are not escaped; the first line is the heading."""
    lines = [line for line in markdown.splitlines() if line.startswith("|") and not set(line) <= set("|-: ")]
    return [[part.strip() for part in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def figure_bytes(figure: Any, output: Path) -> list[bytes]:
    """The bytes of the files of a figure, in the order of `drawing.FORMATS`."""
    drawing.write(figure, output)
    return [output.with_name(f"{output.name}.{ending}").read_bytes() for ending in drawing.FORMATS]


def csv_and_parquet(sheet: Sheet, output: Path) -> tuple[list[dict[str, str]], pa.Table]:
    """Rows of the CSV file, and the Parquet file, which has the columns of the sheet's schema."""
    formats.write(sheet, output)
    with output.with_name(f"{output.name}.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return rows, storage.read(output.with_name(f"{output.name}.parquet"), sheet.schema)
