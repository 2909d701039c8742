"""Queries over Parquet files and published numbers."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from memorization.report.query import PUBLISHED_COLUMNS, query


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"model={name}" / "part.parquet" for name in ("a", "b")]
    for number, path in enumerate(paths):
        path.parent.mkdir()
        pq.write_table(pa.table({"model": [f"m{number}"], "value": [number / 2]}), path)
    return paths


def sql(folder: Path, text: str) -> Path:
    file = folder / "table.sql"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_view_has_the_rows_of_all_its_files_and_no_column_of_their_folders(tmp_path: Path, files: list[Path]) -> None:
    statement = sql(tmp_path, "SELECT $study AS study, * FROM parts WHERE value > $least ORDER BY value")
    table = query(statement, {"parts": files}, study="small", least=0.1)
    assert table.to_pylist() == [{"study": "small", "model": "m1", "value": 0.5}]


def test_published_numbers_are_typed_and_their_other_columns_left_out(tmp_path: Path) -> None:
    published = tmp_path / "published.csv"
    published.write_text(f"table,{','.join(PUBLISHED_COLUMNS)},note\nTable 2,news,t5,full,3,,,total,0.2,,,a\n")
    assert query(sql(tmp_path, "FROM published"), {}, published).to_pylist() == [
        dict.fromkeys(PUBLISHED_COLUMNS)
        | {"dataset": "news", "model": "t5", "state": "full", "epoch": 3, "category": "total", "value": 0.2}
    ]


def test_there_are_no_published_numbers_without_a_file(tmp_path: Path) -> None:
    table = query(sql(tmp_path, "FROM published"), {})
    assert (table.column_names, table.num_rows) == (list(PUBLISHED_COLUMNS), 0)
