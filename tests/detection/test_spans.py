from pathlib import Path

import pyarrow as pa

from memorization import storage
from memorization.detection.spans import by_probe, match_key, read_texts
from memorization.schemas.generations import GenerationsTable
from memorization.schemas.probes import ProbesTable


def test_texts_are_read_by_the_numbers_of_their_probes(tmp_path: Path) -> None:
    sizes = {"prefix_characters": 0, "suffix_characters": 0}
    probes = [
        {"probe": number, "id": "", "prefix": f"p{number}", "suffix": f"suffix {number}", "input_text": 0, **sizes}
        for number in (7, 8, 9)
    ]
    generation = {"probe": 8, "generation": "written text", "generated_tokens": 2, "at_limit": False}
    for name, schema, rows in (("probes", ProbesTable, probes), ("generations", GenerationsTable, [generation])):
        table = pa.Table.from_pylist(rows, schema=schema.arrow())
        storage.write_table(tmp_path / f"{name}.parquet", schema, table, {})

    texts = read_texts(tmp_path / "generations.parquet", tmp_path / "probes.parquet")

    assert texts.generations == {8: "written text"}
    assert texts.prefixes == {7: "p7", 8: "p8", 9: "p9"}
    match = {"probe": 8, "rank": 3, "document": 9, "span": 1}
    places = {"generation_start": 1, "generation_length": 6, "suffix_start": 7, "suffix_length": 1}
    assert texts.passages(match | places) == ("ritten", "9")
    assert match_key(match) == (8, 3, 1)


def test_a_column_is_looked_up_by_probe() -> None:
    assert by_probe(pa.table({"probe": [5, 2], "rank": [None, 1]}), "rank") == {5: None, 2: 1}
