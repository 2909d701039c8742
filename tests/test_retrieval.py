"""Retrieval against BM25 worked out here with scikit-learn's word counts.

Lucene's and Tantivy's index keeps a document's length in one byte: exact up to 39 words, rounded down above. The
documents that scores are compared for are shorter.
"""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from memorization.retrieval import build_index, search

K1, B = 1.2, 0.75
# The stop words of Tantivy's English filter, which are Lucene's.
ENGLISH = """a an and are as at be but by for if in into is it no not of on or such that the their then there these they
this to was will with"""
STOP_WORDS = frozenset(ENGLISH.split())
VOCABULARY = (
    "river bridge whale theatre symphony drought corn harvest robot towel tax ticket train farmer tourist market"
)
WORDS = VOCABULARY.split()
SIGNS = '+ - && || ! ( ) { } [ ] ^ " ~ * ? : \\ / < > ='


def documents(n: int, seed: int = 0) -> list[str]:
    random = np.random.default_rng(seed)
    share = 1 / np.arange(1, len(WORDS) + 1)
    return [
        " ".join(random.choice(WORDS, size=random.integers(3, 39), p=share / share.sum())) + f" of number{i}"
        for i in range(n)
    ]


def words(text: str) -> list[str]:
    return [word for word in re.findall(r"[^\W_]+", text.lower()) if len(word.encode()) < 40]


def bm25(texts: list[str], query: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Scores (documents,) of one query."""
    vectorizer = CountVectorizer(analyzer=words)
    counts = vectorizer.fit_transform(texts).toarray()
    lengths = counts.sum(axis=1)
    holding = (counts > 0).sum(axis=0)
    idf = np.log(1 + (len(texts) - holding + 0.5) / (holding + 0.5))
    weights = idf * counts * (K1 + 1) / (counts + K1 * (1 - B + B * lengths / lengths.mean())[:, None])
    asked = CountVectorizer(analyzer=lambda text: [word for word in words(text) if word not in STOP_WORDS])
    asked.vocabulary = vectorizer.vocabulary_
    scores: np.ndarray[Any, np.dtype[np.float64]] = weights @ asked.transform([query]).toarray()[0]
    return scores


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], Path]:
    texts = documents(300)
    index = tmp_path_factory.mktemp("indexed") / "index"
    build_index(texts, index)
    return texts, index


def hits(table: pa.Table, query: int = 0) -> list[tuple[int, float]]:
    return [(row["document"], row["score"]) for row in table.to_pylist() if row["query"] == query]


QUERIES = [
    "the whale under the bridge",
    "Symphony, symphony! SYMPHONY? a drought",
    "market market market ticket",
    "number7 towel and robots",
    " ".join(WORDS * 3),
]


@pytest.mark.parametrize("query", QUERIES)
def test_scores_and_order_are_those_of_bm25(indexed: tuple[list[str], Path], query: str) -> None:
    texts, index = indexed
    expected = bm25(texts, query)
    found = hits(search(index, [query], k=len(texts)))
    assert {row for row, _ in found} == set(np.flatnonzero(expected).tolist())
    for row, score in found:
        assert score == pytest.approx(expected[row], rel=1e-5)
    for (row, score), (following, less) in pairwise(found):
        assert (-score, row) < (-less, following)
        assert expected[row] >= expected[following] - 1e-4


@pytest.mark.parametrize("k", [1, 3, 10])
def test_the_best_are_the_first_of_all(indexed: tuple[list[str], Path], k: int) -> None:
    texts, index = indexed
    everything, best = search(index, QUERIES, k=len(texts)), search(index, QUERIES, k=k)
    for query in range(len(QUERIES)):
        assert hits(best, query) == hits(everything, query)[:k]
        ranks = [row["rank"] for row in best.to_pylist() if row["query"] == query]
        assert ranks == list(range(1, len(ranks) + 1))


def test_a_repeated_word_counts_as_often_as_it_stands_in_the_query(indexed: tuple[list[str], Path]) -> None:
    _, index = indexed
    table = search(index, ["whale", "whale whale whale"], k=5)
    once, thrice = hits(table, 0), hits(table, 1)
    assert [row for row, _ in once] == [row for row, _ in thrice]
    assert [3 * score for _, score in once] == pytest.approx([score for _, score in thrice], rel=1e-6)


def test_queries_do_not_depend_on_their_neighbours(indexed: tuple[list[str], Path]) -> None:
    _, index = indexed
    together = search(index, QUERIES, k=5)
    for number, query in enumerate(QUERIES):
        assert hits(together, number) == hits(search(index, [query], k=5))


def test_equal_scores_are_ordered_by_row(tmp_path: Path) -> None:
    build_index(["same words here"] * 50 + ["other"] * 5, tmp_path / "index")
    assert [row for row, _ in hits(search(tmp_path / "index", ["words"], k=10))] == list(range(10))
    build_index(["words and words", *["same words here"] * 50], tmp_path / "index")
    assert [row for row, _ in hits(search(tmp_path / "index", ["same words"], k=3))] == [1, 2, 3]


@pytest.mark.parametrize("sign", SIGNS.split(" "))
def test_what_a_query_language_would_read_is_text(indexed: tuple[list[str], Path], sign: str) -> None:
    _, index = indexed
    table = search(index, ["whale drought", f"{sign}whale {sign} drought{sign}"])
    assert hits(table, 0)
    assert hits(table, 1) == hits(table, 0)


@pytest.mark.parametrize("word", ["AND", "OR", "NOT", "IN", "TO"])
def test_words_of_a_query_language_are_stop_words(indexed: tuple[list[str], Path], word: str) -> None:
    _, index = indexed
    table = search(index, ["whale drought", f"{word} whale {word} drought {word}"])
    assert hits(table, 1) == hits(table, 0)


def test_unbalanced_and_control_characters_change_nothing(indexed: tuple[list[str], Path]) -> None:
    _, index = indexed
    control = "".join(map(chr, range(32))) + "\x7f\u200b\u2028"
    queries = ["whale drought", f'(("whale{control}drought:[', "whale\x00drought", "text:whale^2 drought~"]
    table = search(index, queries)
    assert hits(table, 0) == hits(table, 1) == hits(table, 2)
    assert hits(table, 3)


@pytest.mark.parametrize("query", ["", " ", "\n\t", "...", "?!()[]{}", "the and of", "unheard", "w" * 50, "\x00", "😀"])
def test_a_query_without_a_word_of_the_index_has_no_candidate(indexed: tuple[list[str], Path], query: str) -> None:
    _, index = indexed
    table = search(index, [query, "whale"])
    assert hits(table, 0) == []
    assert hits(table, 1)


def test_no_query_gives_an_empty_table(indexed: tuple[list[str], Path]) -> None:
    assert search(indexed[1], []).num_rows == 0


def test_a_very_long_query_is_answered(indexed: tuple[list[str], Path]) -> None:
    texts, index = indexed
    query = " ".join([f"unheard{number}" for number in range(9_000)] + WORDS * 63)
    found = hits(search(index, [query], k=3))
    expected = bm25(texts, " ".join(WORDS * 63))
    assert [score for _, score in found] == pytest.approx(sorted(expected, reverse=True)[:3], rel=1e-4)


def test_empty_documents_keep_their_row(tmp_path: Path) -> None:
    build_index(["", "whale", "...", "drought whale"], tmp_path / "index")
    assert sorted(row for row, _ in hits(search(tmp_path / "index", ["whale drought"]))) == [1, 3]


def test_an_index_of_nothing_finds_nothing(tmp_path: Path) -> None:
    build_index([], tmp_path / "index")
    assert search(tmp_path / "index", ["whale"]).num_rows == 0


def test_words_are_told_apart_as_the_index_does(tmp_path: Path) -> None:
    build_index(["Straße café_naïve", "don't", "3,88", "日本語"], tmp_path / "index")
    table = search(tmp_path / "index", ["STRASSE straße", "Naïve", "don", "88", "日本語", "日本"])
    assert [[row for row, _ in hits(table, query)] for query in range(6)] == [[0], [0], [1], [2], [3], []]


def test_a_folder_without_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"does not exist|open"):
        search(tmp_path, ["whale"])


def test_an_index_is_replaced(tmp_path: Path) -> None:
    for text in ("whale", "drought"):
        build_index([text], tmp_path / "index")
    table = search(tmp_path / "index", ["whale", "drought"])
    assert (hits(table, 0), len(hits(table, 1))) == ([], 1)
    assert [path.name for path in tmp_path.iterdir()] == ["index"]
