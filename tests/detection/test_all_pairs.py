"""Generations compared with every suffix: what is counted, and what the candidates of a probe lack."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from memorization import storage
from memorization.detection import alignment
from memorization.detection.alignment import Aligner, AlignmentParameters
from memorization.detection.all_pairs import all_pairs, drawn_probes
from memorization.detection.matches import MatchFiles
from memorization.detection.text import sentence_model
from memorization.schemas.candidates import CandidatesTable
from memorization.schemas.generations import GenerationsTable
from memorization.schemas.probes import ProbesTable
from memorization.schemas.schema import Schema

BRIDGE = "The committee reviewed the proposal for a new bridge across the northern river during its spring meeting."
DROUGHT = "Local farmers have complained that the drought reduced their corn harvest by nearly forty percent."
MUSIC = "Musicians gathered in the old theatre to rehearse a symphony that had not been performed since the war."
WHALES = "A pod of grey whales passed the lighthouse on Tuesday, watched by two hundred delighted tourists."
ROBOT = "Engineers in Osaka built a small robot which folds towels faster than any hotel employee."
SUFFIXES = [f"{BRIDGE} {DROUGHT}", f"{MUSIC} {WHALES}", f"{ROBOT} {BRIDGE}", f"{WHALES} {DROUGHT} {MUSIC}"]
GENERATIONS = [f"{ROBOT} {BRIDGE}", "Nothing.", f"{DROUGHT} {WHALES}", f"{MUSIC} {ROBOT} {BRIDGE} {WHALES}"]
SENTENCES = sentence_model("punkt_corpus", SUFFIXES)
NUMBERS = range(len(SUFFIXES))
FIRST = 3
"""Number of the first probe: numbers are no places."""


def write(path: Path, schema: type[Schema], rows: list[dict[str, Any]]) -> Path:
    storage.write_table(path, schema, pa.Table.from_pylist(rows, schema=schema.arrow()), {})
    return path


def files(folder: Path, candidates: dict[int, list[int]]) -> MatchFiles:
    """Files of a run whose probes have these candidates, by place."""
    probes = [
        {"probe": number + FIRST, "id": "", "prefix": "", "suffix": SUFFIXES[number]}
        | {"prefix_characters": 0, "suffix_characters": 0, "input_text": number}
        for number in NUMBERS
    ]
    generations = [
        {"probe": number + FIRST, "generation": GENERATIONS[number], "generated_tokens": 0, "at_limit": False}
        for number in NUMBERS
    ]
    ranked = [
        {"probe": probe + FIRST, "rank": rank, "document": document + FIRST, "score": 1.0}
        for probe, documents in candidates.items()
        for rank, document in enumerate(documents, start=1)
    ]
    return MatchFiles(
        write(folder / "generations.parquet", GenerationsTable, generations),
        write(folder / "candidates.parquet", CandidatesTable, ranked),
        write(folder / "probes.parquet", ProbesTable, probes),
    )


def compared(
    folder: Path, candidates: dict[int, list[int]], probes: range = NUMBERS, profile: str = "zeng2024"
) -> list[dict[str, Any]]:
    parameters = AlignmentParameters.profile(profile)
    numbers = [probe + FIRST for probe in probes]
    rows: list[dict[str, Any]] = all_pairs(files(folder, candidates), numbers, SENTENCES, parameters, 2).to_pylist()
    return rows


def types(profile: str) -> np.ndarray:
    """Type of every pair (generations, suffixes), by the aligner alone."""
    collection = SUFFIXES if profile == "collection" else None
    aligner = Aligner(AlignmentParameters.profile(profile), SENTENCES, collection=collection)
    pairs = [(generation, suffix) for generation in GENERATIONS for suffix in SUFFIXES]
    rows = aligner.compare(*map(list, zip(*pairs, strict=True))).to_pylist()
    by_pair = {row["pair"]: row["type"] for row in rows}
    return np.array([by_pair[pair] for pair in range(len(pairs))]).reshape(len(GENERATIONS), len(SUFFIXES))


@pytest.mark.parametrize("profile", ["zeng2024", "collection"])
def test_what_is_counted_is_what_the_aligner_finds_in_every_pair(tmp_path: Path, profile: str) -> None:
    expected = types(profile)

    rows = compared(tmp_path, {probe: list(NUMBERS) for probe in NUMBERS}, profile=profile)

    assert [row["probe"] - FIRST for row in rows] == list(NUMBERS)
    assert [row["matching_suffixes"] for row in rows] == (expected != "none").sum(axis=1).tolist()
    assert {row["pairs"] for row in rows} == {len(SUFFIXES)}
    for row in rows:
        found = set(expected[row["probe"] - FIRST]) - {"none"}
        assert (
            row["type"]
            == row["found_type"]
            == next((t for t in ("verbatim", "other", "summary") if t in found), "none")
        )
    # With every suffix among the candidates nothing is missed.
    assert all(row["found_suffixes"] == row["matching_suffixes"] for row in rows)
    assert not any(row["missed"] for row in rows)
    assert [row["own_matches"] for row in rows] == (np.diag(expected) != "none").tolist()
    assert all(row["own_found"] == row["own_matches"] for row in rows)
    assert any(row["found"] for row in rows)


def test_a_match_that_is_no_candidate_is_missed(tmp_path: Path) -> None:
    # The first generation is the third suffix; the third probe has no candidate at all.
    first, nothing, third, _ = compared(tmp_path, {0: [1, 3], 1: [0], 3: [0, 1]})

    assert first["matching_suffixes"] > first["found_suffixes"] == 0
    assert (first["found"], first["missed"], first["found_type"]) == (False, True, "none")
    assert first["type"] == "verbatim"
    assert (nothing["found"], nothing["missed"], nothing["type"]) == (False, False, "none")
    assert (third["found"], third["missed"]) == (False, True)


def test_a_weaker_match_among_the_candidates_is_no_missed_probe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = {2: "summary", 3: "verbatim"}

    def compare(self: Aligner, generations: list[str], suffixes: list[str]) -> pa.Table:
        rows = [
            {"pair": pair, "type": kinds.get(SUFFIXES.index(suffix), "none")}
            | dict.fromkeys(("generation_start", "generation_length", "suffix_start", "suffix_length"), 0)
            for pair, suffix in enumerate(suffixes)
        ]
        return pa.Table.from_pylist(rows, schema=alignment.AlignmentTable.arrow())

    monkeypatch.setattr(Aligner, "compare", compare)

    [row] = compared(tmp_path, {0: [2, 1], 1: [3]}, range(1))

    assert (row["type"], row["found_type"], row["found"], row["missed"]) == ("verbatim", "summary", True, False)
    assert (row["matching_suffixes"], row["found_suffixes"]) == (2, 1)


def test_the_own_suffix_is_found_only_among_the_candidates(tmp_path: Path) -> None:
    # The last generation has passages of its own suffix and of others.
    [without] = compared(tmp_path, {3: [0, 1, 2]}, range(3, 4))
    [with_own] = compared(tmp_path, {3: [0, 3]}, range(3, 4))
    assert (without["own_matches"], without["own_found"], without["found"]) == (True, False, True)
    assert (with_own["own_matches"], with_own["own_found"]) == (True, True)


def test_rows_do_not_depend_on_the_other_probes_or_on_the_size_of_a_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidates = {probe: [2, 3] for probe in NUMBERS}
    whole = compared(tmp_path, candidates)
    assert compared(tmp_path, candidates, range(2, 4)) == whole[2:]
    monkeypatch.setattr(alignment, "PAIRS_PER_CALL", 3)
    assert compared(tmp_path, candidates) == whole


def test_probes_are_drawn_by_the_seed_and_at_most_all(tmp_path: Path) -> None:
    probes = files(tmp_path, {}).probes
    everything = [number + FIRST for number in NUMBERS]
    assert drawn_probes(probes, 4, seed=0) == drawn_probes(probes, 99, seed=1) == everything
    draws = {tuple(drawn_probes(probes, 2, seed)) for seed in range(20)}
    assert len(draws) > 1
    assert all(len(draw) == 2 and set(draw) <= set(everything) and draw[0] < draw[1] for draw in draws)
    assert drawn_probes(probes, 2, seed=5) == drawn_probes(probes, 2, seed=5)
