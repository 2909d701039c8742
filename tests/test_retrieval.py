"""Retrieval against BM25 computed here in double precision, with scikit-learn's word counts."""

import itertools
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import tantivy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from memorization import retrieval, storage
from memorization.config.detection import Retrieval
from memorization.errors import UserError
from memorization.retrieval import build_index, search
from memorization.schemas.generations import GenerationsTable
from memorization.schemas.probes import ProbesTable

K1, B = 1.2, 0.75
VOCABULARY = (
    "river bridge whale theatre symphony drought corn harvest robot towel tax ticket train farmer tourist market"
)
WORDS = VOCABULARY.split()
SIGNS = '+ - && || ! ( ) { } [ ] ^ " ~ * ? : \\ / < > ='


def documents(n: int, seed: int = 0, longest: int = 38) -> list[str]:
    random = np.random.default_rng(seed)
    share = 1 / np.arange(1, len(WORDS) + 1)
    return [
        " ".join(random.choice(WORDS, size=random.integers(3, longest + 1), p=share / share.sum())) + f" of number{i}"
        for i in range(n)
    ]


def words(text: str) -> list[str]:
    return [word for word in re.findall(r"[^\W_]+", text.lower()) if len(word.encode()) < 40]


def kept_length(words: int) -> int:
    """What Lucene's index keeps of a document's length, in one byte (SmallFloat.intToByte4 and back).

    Exact below 40; above, a floating-point number of four bits whose first is written out.
    """
    exact = 24
    if words < exact:
        return words
    shift = max((words - exact).bit_length() - 4, 0)
    return exact + (words - exact >> shift << shift)


def bm25(texts: list[str], query: str, stop_words: str = "nltk") -> np.ndarray[Any, np.dtype[np.float64]]:
    """Scores (documents,) of one query."""
    vectorizer = CountVectorizer(analyzer=words)
    counts = vectorizer.fit_transform(texts).toarray()
    lengths = counts.sum(axis=1)
    holding = (counts > 0).sum(axis=0)
    idf = np.log(1 + (len(texts) - holding + 0.5) / (holding + 0.5))
    kept = np.array([kept_length(int(length)) for length in lengths])
    weights = idf * counts * (K1 + 1) / (counts + K1 * (1 - B + B * kept / lengths.mean())[:, None])
    left_out = retrieval.STOP_WORDS[stop_words]
    query_words = CountVectorizer(analyzer=lambda text: [word for word in words(text) if word not in left_out])
    query_words.vocabulary = vectorizer.vocabulary_
    scores: np.ndarray[Any, np.dtype[np.float64]] = weights @ query_words.transform([query]).toarray()[0]
    return scores


def ranked(scores: np.ndarray[Any, np.dtype[np.float64]], k: int) -> list[int]:
    """The k best rows that score at all; scores equal but for rounding are ordered by row."""
    scored = sorted(np.flatnonzero(scores > 0).tolist(), key=lambda row: -scores[row])
    tied: list[list[int]] = []
    for row in scored:
        if tied and scores[tied[-1][-1]] - scores[row] < retrieval.TIE * scores[row]:
            tied[-1].append(row)
        else:
            tied.append([row])
    return [row for rows in tied for row in sorted(rows)][:k]


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


def agrees(best: list[tuple[int, float]], expected: np.ndarray[Any, np.dtype[np.float64]], k: int) -> None:
    """The k best and no others, with their scores, falling, ties by row."""
    assert len(best) == min(k, np.count_nonzero(expected))
    rows = [row for row, _ in best]
    assert [score for _, score in best] == pytest.approx(expected[rows], rel=1e-5)
    assert [score for _, score in best] == pytest.approx(sorted(expected, reverse=True)[: len(best)], rel=1e-5)
    for (row, score), (following, less) in pairwise(best):
        assert (-score, row) < (-less, following)
        if expected[row] == pytest.approx(expected[following], rel=1e-9):
            assert (score, row) == (less, min(row, following))


@pytest.mark.parametrize("longest", [38, 400])
@pytest.mark.parametrize("query", QUERIES)
def test_scores_and_order_are_those_of_bm25(tmp_path: Path, query: str, longest: int) -> None:
    texts = documents(300, seed=1, longest=longest)
    build_index(texts, tmp_path / "index")
    expected = bm25(texts, query)
    for k in (10, len(texts)):
        best = hits(search(tmp_path / "index", [query], k=k))
        agrees(best, expected, k)
        assert [row for row, _ in best] == ranked(expected, k)


@pytest.mark.parametrize("length", [23, 24, 25, 39, 40, 41, 42, 55, 56, 57, 63, 64, 100, 1_000, 5_000, 100_000])
def test_a_length_is_kept_as_lucene_keeps_it(tmp_path: Path, length: int) -> None:
    texts = ["whale " + "drought " * (length - 1), "whale", "bridge"]
    build_index(texts, tmp_path / "index")
    agrees(hits(search(tmp_path / "index", ["whale drought"])), bm25(texts, "whale drought"), 10)


def test_real_reviews_are_ranked_by_bm25(tmp_path: Path) -> None:
    file = Path(__file__).parents[1] / "../shared/data/imdb.parquet"
    if not file.exists():
        pytest.skip("the reviews are not here")
    texts = next(storage.stream(file, ["input"], rows=300))["input"].to_pylist()
    queries = [" ".join(text.split()[20:100]) + " " + texts[0][:200] for text in texts[:10]]
    build_index(texts, tmp_path / "index")
    table = search(tmp_path / "index", queries)
    for place, query in enumerate(queries):
        agrees(hits(table, place), expected := bm25(texts, query), 10)
        assert [row for row, _ in hits(table, place)] == ranked(expected, 10)


SOME_WORDS = st.lists(st.sampled_from([*WORDS[:6], "the", "of"]), max_size=12)
TEXTS = st.builds(lambda some, times: " ".join(some * times), SOME_WORDS, st.sampled_from([1, 1, 2, 9, 40]))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    texts=st.lists(TEXTS, min_size=1, max_size=40),
    queries=st.lists(TEXTS, min_size=1, max_size=4),
    k=st.integers(1, 12),
    threads=st.integers(1, 3),
)
def test_any_corpus_is_searched_by_bm25(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], queries: list[str], k: int, threads: int
) -> None:
    # A vocabulary of nothing is no table of counts.
    texts = [*texts, "anchor"]
    index = tmp_path_factory.getbasetemp() / "any" / "index"
    build_index(texts, index)
    table = search(index, queries, k, threads)
    for place, query in enumerate(queries):
        agrees(hits(table, place), bm25(texts, query), k)


@settings(max_examples=40, deadline=None)
@given(query=st.text(st.characters(exclude_categories=["Cs"]), max_size=200), times=st.sampled_from([1, 1, 50]))
def test_any_text_is_a_query(indexed: tuple[list[str], Path], query: str, times: int) -> None:
    _, index = indexed
    table = search(index, [query * times, f"whale {query}", "whale"], k=5)
    assert hits(table, 2)
    assert {row for row, _ in hits(table, 1)}


@pytest.mark.parametrize("k", [1, 3, 10])
def test_the_best_are_the_first_of_all(indexed: tuple[list[str], Path], k: int) -> None:
    texts, index = indexed
    everything, best = search(index, QUERIES, k=len(texts)), search(index, QUERIES, k=k)
    for query in range(len(QUERIES)):
        assert hits(best, query) == hits(everything, query)[:k]
        ranks = [row["rank"] for row in best.to_pylist() if row["query"] == query]
        assert ranks == list(range(1, len(ranks) + 1))


def test_a_repeated_word_counts_as_often_as_it_occurs_in_the_query(indexed: tuple[list[str], Path]) -> None:
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
    build_index(["plain words here"] * 500 + ["other"] * 5, tmp_path / "index")
    assert [row for row, _ in hits(search(tmp_path / "index", ["words"], k=10))] == list(range(10))
    build_index(["words and words", *["plain words here"] * 500], tmp_path / "index")
    assert [row for row, _ in hits(search(tmp_path / "index", ["plain words"], k=3))] == [1, 2, 3]


def test_scores_are_equal_whatever_the_order_of_their_sum(tmp_path: Path) -> None:
    """Two words of one frequency, at both ends of the query: single precision adds up either document in its way."""
    rest = [f"word{number}" for number in range(9)]
    texts = [
        " ".join([end, *rest[:few], rest[other]])
        for few, other in itertools.product(range(1, 8), range(9))
        for end in ("last", "first")
    ]
    query = " ".join(["first", *rest, "last"])
    build_index(texts, tmp_path / "index")
    best = hits(search(tmp_path / "index", [query], k=len(texts)))
    assert [row for row, _ in best] == ranked(bm25(texts, query), len(texts))
    scores = dict(best)
    assert all(scores[row] == scores[row + 1] for row in range(0, len(texts), 2))


def test_the_same_document_scores_the_same_wherever_it_lies(tmp_path: Path) -> None:
    texts = documents(5_000, longest=60)
    build_index(texts * 2, tmp_path / "index")
    queries = [*QUERIES[:2], *texts[:2]]
    table = search(tmp_path / "index", queries, k=10_000)
    for query in range(len(queries)):
        scores = dict(hits(table, query))
        assert all(scores[row] == scores[(row + 5_000) % 10_000] for row in scores)


def bursts(n: int, seed: int = 0) -> list[str]:
    """Documents of words that begin and end anywhere in the collection, and of a hundred that are in no other."""
    random = np.random.default_rng(seed)
    ends = np.sort(random.integers(n + 1, size=(80, 2)))
    return [
        " ".join(
            [
                f"burst{word}"
                for word, (first, last) in enumerate(ends)
                if first <= place < last and random.random() < 0.4
            ]
            + [f"filler{place}no{word}" for word in range(100)]
        )
        for place in range(n)
    ]


def segments(index: Path) -> int:
    return tantivy.Index.open(str(index)).searcher().num_segments


def test_an_index_is_one_segment(tmp_path: Path) -> None:
    build_index(documents(3_000), tmp_path / "index")
    assert segments(tmp_path / "index") == 1


def test_candidates_depend_neither_on_threads_nor_on_segments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = bursts(1_000)
    words = " ".join(f"burst{word}" for word in np.random.default_rng(1).permutation(np.repeat(range(80), 2)[:110]))
    backwards = " ".join(words.split()[::-1])
    build_index(texts, tmp_path / "one")
    monkeypatch.setattr(retrieval, "WRITER_HEAP_BYTES", 15_000_000)
    build_index(texts, tmp_path / "several")
    assert segments(tmp_path / "one") == 1 < segments(tmp_path / "several")

    found = search(tmp_path / "one", [words, backwards, *texts[::20]], len(texts), threads=1)

    assert found.equals(search(tmp_path / "several", [words, backwards, *texts[::20]], len(texts), threads=3))
    # Scores of single precision depend on the order of a sum.
    assert dict(hits(found, 0)) != dict(hits(found, 1))


def test_equal_queries_have_equal_candidates(indexed: tuple[list[str], Path]) -> None:
    _, index = indexed
    queries = ["whale", "drought", "", "whale", "", "whale corn", "drought"]
    table = search(index, queries, k=4)
    for number, query in enumerate(queries):
        assert hits(table, number) == hits(search(index, [query], k=4))


def test_equal_queries_are_searched_once(indexed: tuple[list[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    best, searched = retrieval._Engine._best, []

    def counted(engine: Any, words: Any) -> Any:
        searched.append(dict(words))
        return best(engine, words)

    monkeypatch.setattr(retrieval._Engine, "_best", counted)
    search(indexed[1], ["whale", "drought"] * 300, threads=2)
    assert sorted(searched, key=str) == [{"drought": 1}, {"whale": 1}]


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
    best = hits(search(index, [query], k=3))
    expected = bm25(texts, " ".join(WORDS * 63))
    assert [score for _, score in best] == pytest.approx(sorted(expected, reverse=True)[:3], rel=1e-4)


def test_empty_documents_keep_their_row(tmp_path: Path) -> None:
    build_index(["", "whale", "...", "drought whale"], tmp_path / "index")
    assert sorted(row for row, _ in hits(search(tmp_path / "index", ["whale drought"]))) == [1, 3]


def test_a_document_may_contain_any_character(tmp_path: Path) -> None:
    build_index(
        ["\x00whale\x00\x1fdrought", "".join(map(chr, range(0xD800))), "w" * 100_000, "whale"], tmp_path / "index"
    )
    assert sorted(row for row, _ in hits(search(tmp_path / "index", ["whale"]))) == [0, 3]


def test_an_empty_index_returns_nothing(tmp_path: Path) -> None:
    build_index([], tmp_path / "index")
    assert search(tmp_path / "index", ["whale"]).num_rows == 0


def test_words_are_separated_as_the_index_does(tmp_path: Path) -> None:
    build_index(["Straße café_naïve", "o'clock", "3,88", "日本語"], tmp_path / "index")
    table = search(tmp_path / "index", ["STRASSE straße", "Naïve", "clock", "88", "日本語", "日本"])
    assert [[row for row, _ in hits(table, query)] for query in range(6)] == [[0], [0], [1], [2], [3], []]


def test_words_of_forty_bytes_are_left_out(tmp_path: Path) -> None:
    build_index(["w" * 39, "w" * 40], tmp_path / "index")
    table = search(tmp_path / "index", ["w" * 39, "w" * 40])
    assert [hits(table, query) != [] for query in range(2)] == [True, False]


@pytest.mark.parametrize("name", ["", "nowhere", "file"])
def test_a_folder_without_index_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("whale")
    with pytest.raises(UserError, match=r"contains no index.*build_index"):
        search(tmp_path / name, ["whale"])


NO_TEXTS = [None, 7, float("nan"), b"whale", ["whale"], "half \ud83d"]


@pytest.mark.parametrize("other", NO_TEXTS, ids=map(repr, NO_TEXTS))
def test_what_is_no_text_is_refused_by_its_place(indexed: tuple[list[str], Path], tmp_path: Path, other: Any) -> None:
    texts, index = indexed
    build_index(["whale"], tmp_path / "index")
    with pytest.raises(UserError, match=r"^documents\[300\] (is|contains) .*:"):
        build_index([*texts, other, *texts], tmp_path / "index")
    assert len(hits(search(tmp_path / "index", ["whale"]))) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["index"]
    with pytest.raises(UserError, match=r"^queries\[1003\] (is|contains) .*:"):
        search(index, [*["whale"] * 1003, other])


def test_one_text_is_no_sequence_of_texts(indexed: tuple[list[str], Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="documents: one text"):
        build_index("whale", tmp_path / "index")
    with pytest.raises(UserError, match="queries: one text"):
        search(indexed[1], "whale")


def test_less_than_one_document_is_refused(indexed: tuple[list[str], Path]) -> None:
    with pytest.raises(UserError, match="k is 0"):
        search(indexed[1], ["whale"], k=0)


def test_a_broken_off_index_leaves_what_was_there(tmp_path: Path) -> None:
    def broken() -> Iterator[str]:
        yield from documents(2_000)
        raise KeyboardInterrupt

    build_index(["whale"], tmp_path / "index")
    with pytest.raises(KeyboardInterrupt):
        build_index(broken(), tmp_path / "index")
    assert len(hits(search(tmp_path / "index", ["whale"]))) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["index"]


def write_probes(file: Path, texts: list[str], first: int) -> None:
    """Probes with these suffixes, numbered from `first`."""
    columns: dict[str, list[Any]] = {
        "probe": list(range(first, first + len(texts))),
        "id": texts,
        "prefix": texts,
        "suffix": texts,
        "prefix_characters": [1] * len(texts),
        "suffix_characters": [1] * len(texts),
        "input_text": list(range(len(texts))),
    }
    storage.write_table(file, ProbesTable, pa.table(columns), {})


def write_generations(file: Path, texts: list[str], first: int) -> None:
    """Generations of the probes from `first` on."""
    columns: dict[str, list[Any]] = {
        "probe": list(range(first, first + len(texts))),
        "generation": texts,
        "generated_tokens": [1] * len(texts),
        "at_limit": [True] * len(texts),
    }
    storage.write_table(file, GenerationsTable, pa.table(columns), {})


def candidates_of(generations: Path, index: Path, **settings: Any) -> pa.Table:
    settings = {"candidates": 3, **settings}
    return pa.Table.from_batches(
        retrieval.candidate_batches(generations, index, Retrieval.model_validate(settings), threads=2)
    )


def test_candidates_are_streamed_as_they_are_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = documents(60)
    generations = [*QUERIES, "", "..."] * 5
    write_probes(tmp_path / "probes.parquet", texts, first=0)
    write_generations(tmp_path / "generations.parquet", generations, first=0)
    monkeypatch.setattr(retrieval, "QUERIES_PER_BATCH", 4)
    retrieval.index_suffixes(tmp_path / "probes.parquet", tmp_path / "index")
    batches = list(
        retrieval.candidate_batches(tmp_path / "generations.parquet", tmp_path / "index", Retrieval(candidates=3), 2)
    )
    assert len(batches) == 9
    build_index(texts, tmp_path / "another")
    expected = search(tmp_path / "another", generations, 3)
    assert pa.Table.from_batches(batches).to_pydict() == {
        "probe": expected["query"].to_pylist(),
        **{name: expected[name].to_pylist() for name in ("rank", "document", "score")},
    }


def test_a_part_of_the_generations_has_the_candidates_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generations = [*QUERIES, "", "..."] * 5
    write_probes(tmp_path / "probes.parquet", documents(60), first=0)
    write_generations(tmp_path / "whole.parquet", generations, first=0)
    write_generations(tmp_path / "part.parquet", generations[11:], first=11)
    monkeypatch.setattr(retrieval, "QUERIES_PER_BATCH", 4)
    retrieval.index_suffixes(tmp_path / "probes.parquet", tmp_path / "index")

    whole = candidates_of(tmp_path / "whole.parquet", tmp_path / "index")

    assert candidates_of(tmp_path / "part.parquet", tmp_path / "index").to_pylist() == [
        row for row in whole.to_pylist() if row["probe"] >= 11
    ]


def test_documents_of_an_index_of_suffixes_are_numbers_of_probes(tmp_path: Path) -> None:
    write_generations(tmp_path / "generations.parquet", QUERIES, first=0)
    tables = []
    for first in (0, 5000):
        write_probes(tmp_path / "probes.parquet", documents(60), first)
        retrieval.index_suffixes(tmp_path / "probes.parquet", tmp_path / "index")
        tables.append(candidates_of(tmp_path / "generations.parquet", tmp_path / "index").to_pylist())

    assert tables[1] == [row | {"document": row["document"] + 5000} for row in tables[0]]


def test_an_index_is_replaced(tmp_path: Path) -> None:
    for text in ("whale", "drought"):
        build_index([text], tmp_path / "index")
    table = search(tmp_path / "index", ["whale", "drought"])
    assert (hits(table, 0), len(hits(table, 1))) == ([], 1)
    assert [path.name for path in tmp_path.iterdir()] == ["index"]


@pytest.mark.parametrize("stop_words", ["nltk", "lucene", "none"])
def test_the_words_of_the_list_are_left_out_of_a_query(stop_words: str, tmp_path: Path) -> None:
    texts = ["what the whale was", "his own drought", "whale and a drought", "such an own goal", "corn"]
    query = "What of his own whale, and such a drought?"
    build_index(texts, tmp_path / "index")

    table = search(tmp_path / "index", [query, "his what"], k=5, stop_words=stop_words)

    agrees(hits(table), bm25(texts, query, stop_words), 5)
    assert len(hits(table, 1)) == (0 if stop_words == "nltk" else 2)


def test_stop_words_are_a_setting_of_candidates(tmp_path: Path) -> None:
    write_probes(tmp_path / "probes.parquet", ["what the whale was", "his own drought"], first=0)
    write_generations(tmp_path / "generations.parquet", ["what drought"], first=0)
    retrieval.index_suffixes(tmp_path / "probes.parquet", tmp_path / "index")

    found = {
        name: candidates_of(tmp_path / "generations.parquet", tmp_path / "index", **settings)["document"].to_pylist()
        for name, settings in {"default": {}, "lucene": {"stop_words": "lucene"}}.items()
    }

    assert {name: sorted(documents) for name, documents in found.items()} == {"default": [1], "lucene": [0, 1]}


def test_the_lists_of_stop_words_are_whole() -> None:
    counts = {name: (len(words), len(set(words))) for name, words in retrieval.STOP_WORDS.items()}
    assert counts == {"nltk": (127, 127), "lucene": (33, 33), "none": (0, 0)}
    assert set(retrieval.STOP_WORDS["lucene"]) < set(retrieval.STOP_WORDS["nltk"])
