"""Matches of a run: what the aligner returns for candidates, with the numbers of probes, candidates and spans."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from memorization import storage
from memorization.detection import alignment
from memorization.detection import matches as matches_module
from memorization.detection.alignment import Aligner, AlignmentParameters
from memorization.detection.matches import MatchFiles, match_batches
from memorization.detection.text import sentence_model
from memorization.schemas.candidates import CandidatesTable
from memorization.schemas.generations import GenerationsTable
from memorization.schemas.matches import MatchesTable
from memorization.schemas.probes import ProbesTable
from memorization.schemas.schema import Schema

BRIDGE = "The committee reviewed the proposal for a new bridge across the northern river during its spring meeting."
DROUGHT = "Local farmers have complained that the drought reduced their corn harvest by nearly forty percent."
MUSIC = "Musicians gathered in the old theatre to rehearse a symphony that had not been performed since the war."
WHALES = "A pod of grey whales passed the lighthouse on Tuesday, watched by two hundred delighted tourists."
ROBOT = "Engineers in Osaka built a small robot which folds towels faster than any hotel employee."
SUFFIXES = [f"{BRIDGE} {DROUGHT}", f"{MUSIC} {WHALES}", f"{ROBOT} {BRIDGE}", f"{WHALES} {DROUGHT} {MUSIC}"]
# The last one has two passages of one suffix, far enough apart to be two matches.
GENERATIONS = [f"{ROBOT} {BRIDGE}", "Nothing.", f"{DROUGHT} {WHALES}", f"{MUSIC} {ROBOT} {BRIDGE} {WHALES}"]
SENTENCES = sentence_model("punkt_corpus", SUFFIXES)


def write(path: Path, schema: type[Schema], rows: list[dict[str, Any]]) -> None:
    storage.write_table(path, schema, pa.Table.from_pylist(rows, schema=schema.arrow()), {})


def matches(folder: Path, first: int = 0, shift: int = 0, profile: str = "zeng2024") -> list[dict[str, Any]]:
    """Matches of the generations from `first` on with all suffixes; all numbers of probes are raised by `shift`."""
    files = MatchFiles(*(folder / f"{name}.parquet" for name in ("generations", "candidates", "probes")))
    numbers = range(len(SUFFIXES))
    write(
        files.probes,
        ProbesTable,
        [
            {"probe": number + shift, "id": "", "prefix": "", "suffix": SUFFIXES[number]}
            | {"prefix_characters": 0, "suffix_characters": 0, "input_text": number}
            for number in numbers
        ],
    )
    generations = [
        {"probe": number + shift, "generation": GENERATIONS[number], "generated_tokens": 0, "at_limit": False}
        for number in numbers[first:]
    ]
    write(files.generations, GenerationsTable, generations)
    candidates = [
        {"probe": row["probe"], "rank": rank, "document": document + shift, "score": 1.0}
        for row in generations
        for rank, document in enumerate(reversed(numbers), start=1)
    ]
    write(files.candidates, CandidatesTable, candidates)
    batches = match_batches(files, SENTENCES, AlignmentParameters.profile(profile), threads=2)
    rows: list[dict[str, Any]] = pa.Table.from_batches(batches, schema=MatchesTable.arrow()).to_pylist()
    return rows


@pytest.mark.parametrize("profile", ["zeng2024", "collection"])
def test_matches_are_the_detections_of_every_candidate_by_probe_and_rank(tmp_path: Path, profile: str) -> None:
    pairs = [(probe, document) for probe in range(4) for document in reversed(range(4))]
    parameters = AlignmentParameters.profile(profile)
    collection = SUFFIXES if profile == "collection" else None
    detections = (
        Aligner(parameters, SENTENCES, collection=collection)
        .compare([GENERATIONS[probe] for probe, _ in pairs], [SUFFIXES[document] for _, document in pairs])
        .to_pylist()
    )
    expected = [row for row in detections if row["type"] != "none"]

    rows = matches(tmp_path, profile=profile)

    assert [(row["probe"], row["document"]) for row in rows] == [pairs[row["pair"]] for row in expected]
    assert [row["rank"] for row in rows] == [4 - row["document"] for row in rows]
    for name in MatchesTable.arrow().names[4:]:
        assert [row[name] for row in rows] == [row[name] for row in expected]


def test_matches_of_a_candidate_are_numbered_from_0(tmp_path: Path) -> None:
    rows = matches(tmp_path)

    by_candidate: dict[tuple[int, int], list[int]] = {}
    for row in rows:
        by_candidate.setdefault((row["probe"], row["rank"]), []).append(row["span"])
    assert all(spans == list(range(len(spans))) for spans in by_candidate.values())
    assert {len(spans) for spans in by_candidate.values()} == {1, 2}


def test_matches_do_not_depend_on_how_many_pairs_are_compared_in_one_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = matches(tmp_path)
    monkeypatch.setattr(alignment, "PAIRS_PER_CALL", 3)
    assert matches(tmp_path) == whole


@pytest.mark.parametrize("profile", ["zeng2024", "collection"])
def test_a_part_of_the_generations_gives_the_rows_of_the_whole(tmp_path: Path, profile: str) -> None:
    whole = matches(tmp_path, profile=profile)
    assert matches(tmp_path, first=2, profile=profile) == [row for row in whole if row["probe"] >= 2]


@pytest.mark.parametrize("profile", ["zeng2024", "collection"])
@pytest.mark.parametrize("characters", [1, 250])
def test_matches_do_not_depend_on_the_passes_in_which_suffixes_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: str, characters: int
) -> None:
    expected = matches(tmp_path, profile=profile)
    assert len({row["document"] for row in expected}) > 2
    monkeypatch.setattr(matches_module, "CHARACTERS_PER_PASS", characters)
    monkeypatch.setattr(alignment, "PAIRS_PER_CALL", 3)
    assert matches(tmp_path, profile=profile) == expected


def test_probes_are_known_by_their_numbers(tmp_path: Path) -> None:
    whole = matches(tmp_path)
    shifted = [row | {"probe": row["probe"] + 5000, "document": row["document"] + 5000} for row in whole]
    assert matches(tmp_path, shift=5000) == shifted


def test_a_candidate_whose_suffix_is_missing_is_an_error(tmp_path: Path) -> None:
    matches(tmp_path)
    files = MatchFiles(*(tmp_path / f"{name}.parquet" for name in ("generations", "candidates", "probes")))
    write(files.candidates, CandidatesTable, [{"probe": 0, "rank": 1, "document": 9, "score": 1.0}])
    with pytest.raises(KeyError, match="probe 9"):
        list(match_batches(files, SENTENCES, AlignmentParameters.profile("zeng2024"), threads=1))
