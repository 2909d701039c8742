"""Outcomes of disguised suffixes: training inputs' own ones and test inputs' in their place, by the detector itself."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from memorization import retrieval, storage
from memorization.config.detection import Paraphrase, Retrieval
from memorization.datasets.synthetic.corpora import documents
from memorization.detection.alignment import AlignmentParameters
from memorization.detection.text import as_json, sentence_model
from memorization.detector import Detector
from memorization.models.scratch import train_tokenizer
from memorization.schemas.probes import ProbesTable
from memorization.studies.recall.search import Draw, search

PROBES, PREFIX = 12, 100
EVERYTHING = Draw(n=100, seed=0, tokens=1000)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Probes of training and test inputs, index and sentence model of the training inputs, and a tokenizer."""
    folder = tmp_path_factory.mktemp("probes")
    inputs = [document.input for document in documents("news", 0, PROBES, seed=5)]
    # Two probes of one input.
    inputs[1] = inputs[0]
    # Of another kind, since all that the generator writes of one kind is alike.
    unrelated = [document.input for document in documents("patients", 0, PROBES + 3, seed=5)]
    for name, texts in (("member", inputs), ("control", unrelated)):
        rows = [
            {"probe": number, "id": str(number), "prefix": text[:PREFIX], "suffix": text[PREFIX:]}
            | {"prefix_characters": PREFIX, "suffix_characters": len(text) - PREFIX, "input_text": texts.index(text)}
            for number, text in enumerate(texts)
        ]
        table = pa.Table.from_pylist(rows, schema=ProbesTable.arrow())
        storage.write_table(folder / f"{name}.parquet", ProbesTable, table, {})
    retrieval.index_suffixes(folder / "member.parquet", folder / "index")
    sentences = sentence_model("punkt_corpus", [text[PREFIX:] for text in inputs])
    storage.write_text(folder / "sentences.json", as_json(sentences))
    train_tokenizer([*inputs, *unrelated], 600).save_pretrained(folder / "model")
    return folder


def searched(
    folder: Path, *disguises: str, population: str = "member", draw: Draw = EVERYTHING
) -> list[dict[str, Any]]:
    detector = Detector(
        probes=folder / "member.parquet",
        index=folder / "index",
        sentences=folder / "sentences.json",
        aligner=AlignmentParameters.profile("collection"),
        retrieval=Retrieval(),
        paraphrase=Paraphrase(),
        judge=None,
        decides="first",
        segmentation=None,
        threads=1,
    )
    probes = folder / f"{population}.parquet"
    rows: list[dict[str, Any]] = search(probes, folder / "model", detector, disguises, draw).to_pylist()
    return rows


def test_every_copy_is_found_verbatim_in_its_own_suffix_or_that_of_the_same_input(folder: Path) -> None:
    rows = searched(folder, "copy")

    assert [row["probe"] for row in rows] == list(range(PROBES))
    assert [row["input_text"] for row in rows[:3]] == [0, 0, 2]
    assert {row["outcome"] for row in rows} == {"verbatim"}
    assert [row["own_suffix"] for row in rows].count(False) <= 1
    assert not any(row["changed"] for row in rows)


def test_disguises_are_in_their_order_and_change_texts_as_they_say(folder: Path) -> None:
    rows = searched(folder, "preceded", "copy", "dropped_40")

    by_name = {name: [row for row in rows if row["disguise"] == name] for name in ("copy", "dropped_40", "preceded")}
    assert [row["disguise"] for row in rows] == [name for name in by_name for _ in range(PROBES)]
    for name in ("dropped_40", "preceded"):
        assert all(row["changed"] for row in by_name[name])
    lengths = {name: [row["characters"] for row in own] for name, own in by_name.items()}
    assert all(short < long for short, long in zip(lengths["dropped_40"], lengths["copy"], strict=True))
    # The other text is a prefix, which no suffix contains: the suffix behind it is found as before.
    added = [after - before - 1 for after, before in zip(lengths["preceded"], lengths["copy"], strict=True)]
    assert all(PREFIX - 10 < characters <= PREFIX + 2 for characters in added)
    assert {row["own_suffix"] for row in by_name["preceded"][2:]} == {True}


def test_suffixes_are_cut_to_their_first_tokens(folder: Path) -> None:
    whole, cut = searched(folder, "copy"), searched(folder, "copy", draw=Draw(n=100, seed=0, tokens=10))

    assert all(short["characters"] < long["characters"] / 2 for short, long in zip(cut, whole, strict=True))


def test_probes_are_a_seeded_draw_and_a_probe_s_rows_do_not_depend_on_the_others(folder: Path) -> None:
    whole = searched(folder, "dropped_20", "followed")

    for n in (5, 8):
        some = searched(folder, "followed", "dropped_20", draw=Draw(n=n, seed=0, tokens=1000))
        assert len(some) == 2 * n
        assert all(row in whole for row in some)
    probes = [
        [row["probe"] for row in searched(folder, "copy", draw=Draw(n=5, seed=seed, tokens=20))] for seed in (0, 0, 1)
    ]
    assert probes[0] == probes[1] == sorted(probes[0]) != probes[2]


def test_test_inputs_are_searched_in_training_inputs_and_have_no_own_suffix(folder: Path) -> None:
    rows = searched(folder, "copy", population="control")

    # There are more of them than training inputs, in whose place they stand.
    assert len(rows) == PROBES
    assert max(row["probe"] for row in rows) >= PROBES
    outcomes = [row["outcome"] for row in rows]
    assert outcomes.count("none") > PROBES / 2
    assert "verbatim" not in outcomes
    assert {row["own_suffix"] for row in rows} == {None}
