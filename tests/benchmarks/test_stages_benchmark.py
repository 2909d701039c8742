"""The benchmark runs and prints its table; the measured numbers are not tested."""

from pathlib import Path
from types import ModuleType

import programs
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = "The bridge was closed in March, because engineers had found cracks in both of its pillars. "


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    return programs.load("stages")


def test_a_line_for_each_n_of_a_stage(
    benchmark: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(benchmark, "WARM_INPUTS", 5)
    texts = [f"Letter {number}. {TEXT * 8}" for number in range(12)]
    pq.write_table(pa.table({"text": texts}), tmp_path / "texts.parquet")
    options = ["--probes", "6", "12", "--repeats", "1", "--only", "probes", "--against", str(ROOT)]

    benchmark.main([*options, "--parquet", str(tmp_path / "texts.parquet"), "--columns", "text", "text"])

    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("| probes")]
    assert [row[1] for row in rows] == ["6", "12"]
    assert [row[2] for row in rows] == [f"{sum(map(len, texts[:n])):,}" for n in (6, 12)]
    assert {len(row) for row in rows} == {9}


def test_texts_that_are_drawn_are_sentences_and_the_same_again(benchmark: ModuleType) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        one, again = ([text for text, _ in zip(benchmark.drawn(), range(5), strict=False)] for _ in range(2))
    assert one == again
    assert all(len(given) > len(target) > 100 and ". " in given for given, target in one)


def test_generations_are_copies_mixtures_loops_and_phrases(benchmark: ModuleType) -> None:
    suffixes = [" ".join(f"w{number}x{place}" for place in range(200)) for number in range(60)]
    written = list(benchmark.generations(suffixes))
    assert written == list(benchmark.generations(suffixes))
    assert all(len(text.split()) in range(70, 76) for text in written)
    copied = [suffix.startswith(text) for text, suffix in zip(written, suffixes, strict=True)]
    assert 0 < sum(copied) < 30
    assert any(len(set(text.split())) == 6 for text in written)
