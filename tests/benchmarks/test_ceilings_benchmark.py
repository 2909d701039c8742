"""The benchmark of ceilings runs on made-up texts, and finds copies but nothing that is not there."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from memorization.datasets.synthetic.corpora import documents
from memorization.models.scratch import train_tokenizer

ROOT = Path(__file__).resolve().parents[2]


def test_ceilings_are_of_copies_and_floors_of_other_texts(tmp_path: Path) -> None:
    texts = [document.input for document in documents("news", 0, 24, seed=5)]
    rows = [{"id": str(n), "split": "train" if n < 12 else "test", "input": text} for n, text in enumerate(texts)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "news.parquet")
    train_tokenizer(texts, 600).save_pretrained(tmp_path / "tokenizer")
    script = [sys.executable, str(ROOT / "benchmarks/ceilings.py"), "--data", str(tmp_path), "--n", "12"]
    run = subprocess.run(
        [*script, "--tokenizer", str(tmp_path / "tokenizer"), "--probes", "news=20"],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in run.stdout.splitlines()[2:]]
    assert [line[4] for line in lines] == ["zeng2024", "pan2015", "collection"]
    assert {line[0] for line in lines} == {"news"}
    ceilings, floors = ([float(line[column].split(" ")[0]) for line in lines] for column in (5, 6))
    assert ceilings[0] == ceilings[2] == 100
    assert all(floor < 50 for floor in floors)
