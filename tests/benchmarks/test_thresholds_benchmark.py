"""The benchmark chooses thresholds and prints its tables; the measured numbers are not tested."""

from pathlib import Path
from types import ModuleType

import numpy as np
import programs
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from memorization.datasets.synthetic.corpora import CORPORA, document
from memorization.detection.text import sentence_model


@pytest.fixture
def benchmark() -> ModuleType:
    return programs.load("thresholds")


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    texts = [document(corpus, number, 0).input for number in range(20) for corpus in CORPORA]
    pq.write_table(pa.table({"split": ["train"] * len(texts), "input": texts}), tmp_path / "squad.parquet")
    first = [text[:150] for text in texts[:20]]
    labels = [number % 2 for number in range(20)]
    second = [first[number - 1 + label] for number, label in enumerate(labels)]
    pq.write_table(pa.table({"text1": first, "text2": second, "label": labels}), tmp_path / "pairs.parquet")
    tokenizer = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    files = ["--data", str(tmp_path), "--pairs", str(tmp_path / "pairs.parquet"), "--tokenizer", str(tmp_path)]
    return [*files, "--datasets", "squad", "--sizes", "20", "30", "--texts", "6", "--sentences", "punkt_corpus"]


def test_the_tables_show_every_collection_and_disguise(
    benchmark: ModuleType, arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    grid = {"seed_cosine": (0.6,), "seed_dice": (0.6, 0.7), "validation_cosine": (0.6,)}
    monkeypatch.setattr(benchmark, "GRID", grid)

    benchmark.main([*arguments, "--limit", "1", "--threads", "1"])

    printed = capsys.readouterr().out
    assert printed.startswith("The thresholds are `seed_cosine` 0.6, `seed_dice` 0.")
    names = [row.split("|")[1].strip() for row in printed.splitlines() if row.startswith("| ")]
    assert names[:4] == ["collection", "squad, 20", "squad, 30", "pairs, 20"]
    assert names[4:17] == ["disguise", *(disguise.name for disguise in benchmark.DISGUISES)]
    copies = next(row for row in printed.splitlines() if row.startswith("| copy |"))
    assert copies.split("|")[6].strip() == "6"
    assert copies.split("|")[9].strip() == "100.0%"


def test_a_text_is_in_one_half_and_never_beside_itself(benchmark: ModuleType, arguments: list[str]) -> None:
    parts = list(benchmark.collections(benchmark.parsed(arguments)))
    assert [len(part.collection) for part in parts] == [20, 30]
    for part in parts:
        halves = [{pair.text for pair in part.half(chooses, 0).pairs} for chooses in (True, False)]
        assert [len(half) for half in halves] == [3, 3]
        assert not halves[0] & halves[1]
        unrelated = [pair for pair in part.pairs if pair.kind == benchmark.UNRELATED]
        assert unrelated
        assert all(not pair.suffix.startswith(pair.generation) for pair in unrelated)


def test_false_alarms_are_counted_by_text(benchmark: ModuleType) -> None:
    part = benchmark.Part("name", [], sentence_model("punkt_corpus", ["A text."]), [])
    kinds = ("copy", "unrelated", "unrelated")
    rows = [(part, benchmark.Pair("", "", kind, text)) for text in range(4) for kind in kinds]
    found = np.zeros(12, bool)
    found[[0, 1, 2, 5]] = True

    rates = benchmark.measured(rows, found)

    assert (rates.pairs, rates.recall) == (4, 0.25)
    assert (rates.texts, rates.false_alarms) == (4, 0.5)
