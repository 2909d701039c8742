"""Copies in scripts without spaces: from the index to the outcome of an alignment."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from unspaced_texts import DISGUISED, END, WORDS, documents

from memorization import retrieval, segmentation, storage
from memorization.config.detection import Retrieval
from memorization.detection.alignment import AlignmentParameters
from memorization.detection.matches import MatchFiles, match_batches
from memorization.detection.splitter import SegmentedSplitter, read_splitter
from memorization.detection.text import as_json, sentence_model
from memorization.schemas.candidates import CandidatesTable
from memorization.schemas.generations import GenerationsTable
from memorization.schemas.matches import MatchesTable
from memorization.schemas.probes import ProbesTable
from memorization.schemas.schema import Schema

LANGUAGES = list(WORDS)
FOREWORD = {"chinese": "她想了想才回答：", "japanese": "少し考えてから答えた。", "thai": "เธอคิดสักพักแล้วตอบ "}


def write(path: Path, schema: type[Schema], rows: list[dict[str, Any]]) -> None:
    storage.write_table(path, schema, pa.Table.from_pylist(rows, schema=schema.arrow()), {})


def chain(folder: Path, suffixes: list[str], generations: list[str], segmented: str | None) -> list[dict[str, Any]]:
    """Matches of generations with the candidates that the index of the suffixes gives for them."""
    files = MatchFiles(*(folder / f"{name}.parquet" for name in ("generations", "candidates", "probes")))
    counts = {"prefix_characters": 0, "suffix_characters": 0, "input_text": 0}
    probes = [{"probe": n, "id": "", "prefix": "", "suffix": text} | counts for n, text in enumerate(suffixes)]
    written = [
        {"probe": n, "generation": text, "generated_tokens": 0, "at_limit": False} for n, text in enumerate(generations)
    ]
    write(files.probes, ProbesTable, probes)
    write(files.generations, GenerationsTable, written)
    retrieval.index_suffixes(files.probes, folder / "index", segmented)
    batches = retrieval.candidate_batches(files.generations, folder / "index", Retrieval(candidates=3), 1, segmented)
    storage.write_batches(files.candidates, CandidatesTable, batches, {})
    model = sentence_model("punkt_corpus", map(segmentation.reader(segmented), suffixes))
    found = match_batches(files, model, AlignmentParameters.profile("zeng2024"), 1, segmented)
    rows: list[dict[str, Any]] = pa.Table.from_batches(found, schema=MatchesTable.arrow()).to_pylist()
    return rows


def sides(match: dict[str, Any], generation: str, suffix: str) -> tuple[str, str]:
    start, other = match["generation_start"], match["suffix_start"]
    return generation[start : start + match["generation_length"]], suffix[other : other + match["suffix_length"]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_exact_copies_are_retrieved_and_verbatim_from_end_to_end(language: str, tmp_path: Path) -> None:
    suffixes = documents(language, 100)

    rows = chain(tmp_path, suffixes, suffixes, "characters")

    best = [row for row in rows if row["rank"] == 1]
    assert [(row["probe"], row["document"], row["type"]) for row in best] == [(n, n, "verbatim") for n in range(100)]
    for row, text in zip(best, suffixes, strict=True):
        assert sides(row, text, text) == (text.strip(),) * 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_the_segmentation_exact_copies_are_not_found(language: str, tmp_path: Path) -> None:
    suffixes = documents(language, 20)
    assert chain(tmp_path, suffixes, suffixes, None) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_spans_are_the_copied_characters_of_the_original_texts(language: str, tmp_path: Path) -> None:
    """A document's first two sentences, in the middle of a text of other words."""
    suffixes = documents(language, 20)
    end = END[language]
    copied = end.join(suffixes[1].split(end)[:2]) + end
    generation = FOREWORD[language] + copied + FOREWORD[language]

    row = chain(tmp_path, suffixes, [generation], "characters")[0]

    generated, trained = sides(row, generation, suffixes[1])
    assert (row["rank"], row["document"], row["type"]) == (1, 1, "verbatim")
    assert trained.strip() == copied.strip()
    assert copied.strip() in generated
    assert generated in generation


@pytest.mark.parametrize("language", LANGUAGES)
def test_light_disguises_are_found_as_other_than_verbatim(language: str, tmp_path: Path) -> None:
    """Words are replaced and their order is changed, so that no run of equal words is long."""
    suffix, disguised = DISGUISED[language]
    suffixes = [*documents(language, 20), suffix]

    rows = chain(tmp_path, suffixes, [disguised], "characters")

    assert {(row["rank"], row["document"], row["type"]) for row in rows} == {(1, 20, "other")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_unrelated_texts_give_no_match(language: str, tmp_path: Path) -> None:
    suffixes = [suffix for other in LANGUAGES if other != language for suffix in documents(other, 5)]
    unrelated = [DISGUISED[language][0]]
    assert chain(tmp_path, suffixes, unrelated, "characters") == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_of_an_original_text_are_whole(language: str, tmp_path: Path) -> None:
    texts = documents(language, 30)
    model = sentence_model("punkt_corpus", [segmentation.by_characters(text).text for text in texts])
    file = tmp_path / "sentences.json"
    file.write_text(as_json(model), encoding="utf-8")
    splitter = read_splitter(file, "characters")
    for text in texts:
        found = [text[start:end].strip().removesuffix(END[language]) for start, end in splitter.span_tokenize(text)]
        assert found == text.strip().removesuffix(END[language]).split(END[language])


def test_an_empty_text_has_no_sentence_and_english_the_same_ones() -> None:
    english = ["It rained. Dr. Smith (of Kent) came. Why?! Nobody knows.", ""]
    model = sentence_model("punkt_corpus", english)
    for text in english:
        assert SegmentedSplitter(model).span_tokenize(text) == model.span_tokenize(text)


def test_english_matches_are_the_same_with_the_segmentation(tmp_path: Path) -> None:
    suffixes = [
        "The committee reviewed the proposal for a new bridge across the river. Whales passed the lighthouse (twice)!",
        "Farmers have complained that the drought reduced their harvest. Engineers built a robot that folds towels.",
    ]
    generations = [f"Well. {suffixes[1]} Nobody answered.", f"{suffixes[0]} And so on."]
    plain, segmented = (chain(tmp_path, suffixes, generations, each) for each in (None, "characters"))
    assert plain == segmented
    assert {row["type"] for row in plain} == {"verbatim"}
