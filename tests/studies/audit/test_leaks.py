"""Which records came back: every text by hand, equal ones together, and the order of severity."""

from pathlib import Path
from typing import Any

import pytest
from leak_files import RUN, match, record, write_probes, write_records, write_run

from memorization.studies.audit.leaks import Counts, RunFiles, by_severity, collect, leaked_records

RECORDS = [
    record("a", "Dear A, the code of your safe is 4711 today", "It is 4711."),
    record("b", "Dear B, the code of your bike is 0815 today", "It is 0815."),
    record("c", "Dear C, the code of your gate is 2468 today", "It is 2468."),
]


def rows_of(
    folder: Path,
    runs: list[tuple[dict[str, Any], RunFiles, Path]],
    records: list[dict[str, Any]] = RECORDS,
) -> tuple[list[dict[str, Any]], Counts]:
    [leaks] = collect([(RUN | run, files, probes) for run, files, probes in runs], ["full"]).values()
    rows, counts = leaked_records("letters", write_records(folder / "dataset.parquet", records), leaks)
    places = {"file": None, "row": 0, "turn": None}
    return by_severity([row | places for row in rows]).to_pylist(), counts


def test_one_run_is_as_written(tmp_path: Path) -> None:
    probes = write_probes(tmp_path / "probes.parquet", RECORDS)
    files = write_run(
        tmp_path / "run",
        ["nothing", "the code of your gate is 2468, I think", "of your gate is 2468 today"],
        [match(1, 2), match(2, 2, "other"), match(2, 1, "summary", rank=3)],
        entities={1: [("identifier", "24-68"), ("identifier", "2468")], 2: [("phone", "2468")]},
    )

    (first, second), counts = rows_of(tmp_path, [({}, files, probes)])

    assert counts == Counts(training=3, searched=3, leaked=2)
    assert {key: first[key] for key in ("id", "category", "sides", "copies", "prompts", "decodings", "base")} == {
        "id": "c",
        "category": "verbatim",
        "sides": "input",
        "copies": 1,
        "prompts": 2,
        "decodings": 1,
        "base": None,
    }
    # In other writings it is one entity.
    assert (first["entities"], first["entity_types"]) == (1, "identifier, phone")
    assert (first["own_prompt"], first["other_prompt"]) == (True, True)
    assert first["longest_run_characters"] == len(" the code of your gate is 2468") - 1
    # `2468,` is another word, and the other generation has all five from `of` to `today`.
    assert first["longest_run_words"] == 6
    assert (second["id"], second["category"], second["own_prompt"]) == ("b", "idea", False)
    assert second["longest_run_characters"] == len("of your ")


def test_no_entity_is_known_where_none_are_looked_for(tmp_path: Path) -> None:
    probes = write_probes(tmp_path / "probes.parquet", RECORDS)
    files = write_run(tmp_path / "run", ["x"] * 3, [match(0, 0)])

    ([row], _) = rows_of(tmp_path, [({}, files, probes)])

    assert (row["entities"], row["entity_types"]) == (None, "")


def test_runs_are_taken_together(tmp_path: Path) -> None:
    runs: list[tuple[dict[str, Any], RunFiles, Path]] = []
    for number, (side, decoding, tokens) in enumerate(
        [("input", "greedy", 5), ("input", "drawn", 5), ("target", "greedy", 5), ("target", "greedy", 9)]
    ):
        probes = write_probes(tmp_path / f"{side}-{tokens}" / "probes.parquet", RECORDS, side)
        run = {"side": side, "decoding": decoding, "prefix_tokens": tokens}
        files = write_run(tmp_path / str(number), ["It is 4711."] * 3, [match(number % 2, 0)])
        runs.append((run, files, probes))

    ([row], counts) = rows_of(tmp_path, runs)

    assert counts.leaked == 1
    assert (row["id"], row["sides"], row["prompts"]) == ("a", "input, target", 2)
    assert (row["decodings"], row["prefix_lengths"], row["promptings"]) == (2, 2, 1)
    assert (row["own_prompt"], row["other_prompt"]) == (True, True)
    assert row["longest_run_characters"] == len("It is 4711.")


def test_prompts_are_those_that_the_model_was_asked(tmp_path: Path) -> None:
    """One prompt of several probes is one, and the prompts of two promptings for one probe are two."""
    targets = write_probes(tmp_path / "targets.parquet", RECORDS, "target")
    matches = [match(0, 2), match(1, 2)]
    run = {"side": "target", "prompting": "repeat"}
    repeat = write_run(tmp_path / "repeat", ["It is 2468."] * 3, matches, asked=["Repeat!"] * 3)
    question = write_run(tmp_path / "question", ["It is 2468."] * 3, matches, asked=["A?", "B?", "C?"])

    ([row], _) = rows_of(tmp_path, [(run, repeat, targets), (run | {"prompting": "question"}, question, targets)])

    assert (row["prompts"], row["promptings"]) == (3, 2)


def test_a_text_that_stands_in_the_prompt_does_not_come_back(tmp_path: Path) -> None:
    """A conversation's next question contains its first answer, which a model that knows nothing can repeat."""
    targets = write_probes(tmp_path / "targets.parquet", RECORDS, "target")
    answers = ["It is 0815.", "It is 0815.", "It is 2468."]
    asked = ["The safe?", "Where?", "The safe?\nIt is 0815.\nAnd the gate?"]
    matches = [match(0, 1), match(2, 1), match(2, 2, rank=1)]
    files = write_run(tmp_path / "run", answers, matches, asked=asked)

    rows, _ = rows_of(tmp_path, [({"side": "target"}, files, targets)])

    assert [(row["id"], row["prompts"]) for row in rows] == [("b", 1), ("c", 1)]


def test_a_match_with_one_of_several_equal_records_leaks_all_of_them(tmp_path: Path) -> None:
    # The last two were no probes.
    records = [*RECORDS, RECORDS[2] | {"id": "d"}, record("e", RECORDS[2]["input"], "Another answer.")]
    probes = write_probes(tmp_path / "probes.parquet", records[:3])
    files = write_run(tmp_path / "run", ["x"] * 3, [match(0, 2)])

    rows, counts = rows_of(tmp_path, [({}, files, probes)], records)

    assert [(row["id"], row["copies"]) for row in rows] == [("c", 3), ("d", 3), ("e", 3)]
    assert counts == Counts(training=5, searched=5, leaked=3)


def test_suffixes_that_are_equal_after_other_prefixes_leak_together_by_either_prompt(tmp_path: Path) -> None:
    records = [record("a", "Dear A, it is 4711"), record("b", "Dear B, it is 4711")]
    probes = write_probes(tmp_path / "probes.parquet", records)
    files = write_run(tmp_path / "run", ["it is 4711", "x"], [match(0, 0)])

    rows, _ = rows_of(tmp_path, [({}, files, probes)], records)

    assert [(row["id"], row["own_prompt"], row["other_prompt"]) for row in rows] == [
        ("a", True, False),
        ("b", True, False),
    ]


def test_equal_targets_leak_together_and_inputs_with_their_targets_too(tmp_path: Path) -> None:
    records = [*RECORDS, record("d", "A text of its own", RECORDS[0]["target"])]
    targets = write_probes(tmp_path / "targets.parquet", records, "target")
    both = write_probes(tmp_path / "both.parquet", records, "both")
    of_targets = write_run(tmp_path / "run", ["It is 4711."] * 4, [match(1, 0)])
    of_both = write_run(tmp_path / "other", ["x"] * 4, [match(1, 1)])

    rows, _ = rows_of(tmp_path, [({"side": "target"}, of_targets, targets), ({"side": "both"}, of_both, both)], records)

    assert {row["id"]: row["sides"] for row in rows} == {"a": "target", "b": "both", "d": "target"}


def test_what_a_base_model_gave_back_is_no_leak_but_said_of_one(tmp_path: Path) -> None:
    probes = write_probes(tmp_path / "probes.parquet", RECORDS)
    tuned = write_run(tmp_path / "run", ["x"] * 3, [match(0, 0), match(1, 1)])
    base = write_run(tmp_path / "base", ["x"] * 3, [match(0, 1), match(2, 2)])

    rows, _ = rows_of(tmp_path, [({"state": "base"}, base, probes), ({}, tuned, probes)])

    assert {row["id"]: row["base"] for row in rows} == {"a": False, "b": True}


def test_high_confidence_is_the_judges(tmp_path: Path) -> None:
    probes = write_probes(tmp_path / "probes.parquet", RECORDS)
    files = write_run(tmp_path / "run", ["x"] * 3, [match(0, 0, "other"), match(1, 1, "other")], high=[1])

    rows, _ = rows_of(tmp_path, [({}, files, probes)])

    assert [(row["id"], row["category"]) for row in rows] == [("b", "paraphrase_high"), ("a", "paraphrase_low")]


@pytest.mark.parametrize("reverse", [False, True])
def test_severity_is_entities_then_category_then_length_then_prompts(reverse: bool) -> None:
    plain = {"dataset": "x", "file": None, "row": 0, "turn": None, "sides": "input", "copies": 1, "decodings": 1}
    plain |= {"promptings": 1, "prefix_lengths": 1, "longest_run_words": 1, "own_prompt": True, "other_prompt": False}
    plain |= {"base": None, "entity_types": ""}
    ordered = [
        (1, "idea", 5, 1),
        (9, "idea", 4, 1),
        (0, "verbatim", 50, 2),
        (0, "verbatim", 50, 1),
        (None, "paraphrase_high", 90, 9),
        (0, "paraphrase", 99, 9),
        (0, "idea", 99, 9),
    ]
    keys = ("entities", "category", "longest_run_characters", "prompts")
    rows = [
        plain | dict(zip(keys, values, strict=True)) | {"id": str(number), "position": number}
        for number, values in enumerate(ordered)
    ]

    table = by_severity(reversed(rows) if reverse else rows).to_pylist()

    assert [row["id"] for row in table] == [row["id"] for row in rows]
    assert [row["severity"] for row in table] == list(range(1, 8))
