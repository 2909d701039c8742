"""The benchmark runs and prints its table; the measured numbers are not tested."""

from collections import Counter
from types import ModuleType

import programs
import pytest


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    return programs.load("retrieval")


def test_both_programs_are_in_the_table(
    benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("bm25s")
    # Compilation takes longer than all the rest.
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")

    benchmark.main(["--documents", "30", "--words", "50", "90", "--queries", "5", "--repeats", "1", "--threads", "2"])

    printed = capsys.readouterr().out
    assert printed.startswith("30 documents of ")
    rows = [line for line in printed.splitlines() if line.startswith("| ")]
    assert [row.split()[1] for row in rows] == ["program", "memorization", "bm25s"]
    assert len({row.count("|") for row in rows}) == 1
    assert "The 10 documents of a query are the same to " in printed


def test_another_checkout_is_measured_beside_this_one(
    benchmark: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    small = ["--documents", "30", "--words", "50", "90", "--queries", "5", "--repeats", "1"]

    benchmark.main([*small, "--only", "memorization", "before", "--against", str(benchmark.ROOT)])

    printed = capsys.readouterr().out
    rows = [line for line in printed.splitlines() if line.startswith("| ")]
    assert [row.split()[1] for row in rows] == ["program", "memorization", "before"]
    assert "are the same to 100.0% in before, the first one to 100.0%." in printed


def test_documents_are_drawn_by_their_seed_with_the_frequencies_of_english(benchmark: ModuleType) -> None:
    texts = list(benchmark.drawn(2_500, 60, 100))

    assert texts == list(benchmark.drawn(2_500, 60, 100))
    assert texts != list(benchmark.drawn(2_500, 60, 100, seed=1))
    assert {len(text.split()) for text in texts} == set(range(60, 101))
    counts = Counter(word for text in texts for word in text.split())
    assert [word for word, _ in counts.most_common(4)] == ["the", "of", "and", "to"]
    assert counts["the"] / counts["of"] == pytest.approx(2, rel=0.1)


def test_every_word_of_the_vocabulary_is_another(benchmark: ModuleType) -> None:
    words = {*map(benchmark.word, range(20_000)), *benchmark.STOP_WORDS}

    assert len(words) == 20_000 + len(benchmark.STOP_WORDS) == 20_033


def test_queries_are_passages_of_documents(benchmark: ModuleType) -> None:
    texts = list(benchmark.drawn(20, 400, 400))
    everywhere = set(" ".join(texts).split())

    queries = benchmark.passages(texts, 10)

    assert queries == benchmark.passages(texts, 10)
    assert all(60 <= len(query.split()) <= 100 and set(query.split()) <= everywhere for query in queries)
