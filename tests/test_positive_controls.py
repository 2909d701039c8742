"""Positive controls: the detector on the true suffixes, at two lengths, as on any generation."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from detectors import detector_on
from plain_texts import PLAIN

from memorization import storage
from memorization.detection.alignment import AlignmentParameters
from memorization.detection.text import sentence_model
from memorization.detector import Detector
from memorization.models.scratch import train_tokenizer
from memorization.positive_controls import positive_controls, spelled
from memorization.schemas.generations import GenerationsTable
from memorization.schemas.positive_controls import PositiveControlsTable
from memorization.schemas.probes import ProbesTable
from memorization.schemas.prompts import PromptsTable

LONG = [
    "The old bridge was closed in March. Engineers had found cracks in both of its northern pillars. A ferry carries "
    "pedestrians until the repair is finished. The council expects that to take another year.",
    "Nobody had seen the painting for decades. It hung behind a wardrobe in a farmhouse near the coast. The owner's "
    "grandson sent a photograph to three museums. Two of them answered within an hour.",
]
SINGLE = "The committee of the province postponed every decision about the new harbour until next spring."


@pytest.fixture
def detector(tmp_path: Path) -> Detector:
    suffixes = [*LONG, SINGLE]
    return detector_on(tmp_path, suffixes, sentence_model("punkt_corpus", suffixes))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    train_tokenizer([*PLAIN, *LONG, SINGLE], 600).save_pretrained(folder)
    return folder


def found(
    detector: Detector,
    model: Path,
    tokens: Sequence[int],
    limit: int,
    with_prompt: bool = False,
    prompts: Path | None = None,
) -> Any:
    """Rows of the positive controls by (cut, probe), where the model wrote so many tokens for the probes."""
    rows = [
        {"probe": number, "generation": "", "generated_tokens": length, "at_limit": False}
        for number, length in enumerate(tokens)
    ]
    generations = detector.probes.with_name("generations.parquet")
    table = pa.Table.from_pylist(rows, schema=GenerationsTable.arrow())
    storage.write_table(generations, GenerationsTable, table, {})
    written = positive_controls(generations, model, detector, limit, with_prompt, prompts)
    assert written.schema.equals(PositiveControlsTable.arrow())
    return {(row["cut"], row["probe"]): row for row in written.to_pylist()}


def test_true_suffixes_are_found_unless_the_model_wrote_too_little(detector: Detector, model: Path) -> None:
    rows = found(detector, model, [100, 1, 0], 100)
    assert [rows["limit", probe]["outcome"] for probe in range(3)] == ["verbatim", "verbatim", "none"]
    assert [rows["length", probe]["outcome"] for probe in range(3)] == ["verbatim", "none", "none"]
    assert rows["limit", 0]["own_suffix"] is True
    assert [rows["length", probe]["tokens"] for probe in range(3)] == [100, 1, 0]
    assert rows["length", 2]["characters"] == 0
    assert rows["limit", 0]["characters"] == len(LONG[0])


def test_a_copied_single_sentence_is_found_by_collection_alone(detector: Detector, model: Path) -> None:
    for profile, outcome in (("zeng2024", "none"), ("collection", "verbatim")):
        rows = found(replace(detector, aligner=AlignmentParameters.profile(profile)), model, [1] * 3, 100)
        assert rows["limit", 2]["outcome"] == outcome


def test_texts_are_cut_at_the_decoding_s_limit(detector: Detector, model: Path) -> None:
    rows = found(detector, model, [100] * 3, 3)
    assert {row["outcome"] for (cut, _), row in rows.items() if cut == "limit"} == {"none"}


def test_with_prompt_the_text_begins_with_it(detector: Detector, model: Path) -> None:
    plain, prompted = (found(detector, model, [100] * 3, 100, with_prompt) for with_prompt in (False, True))
    assert [row["characters"] for row in plain.values()] == [row["characters"] for row in prompted.values()]
    assert prompted["limit", 0]["outcome"] == "verbatim"


def test_the_rest_of_an_answer_is_what_a_model_can_write(detector: Detector, model: Path, tmp_path: Path) -> None:
    start = LONG[0][:60]
    probes = storage.read(detector.probes, ProbesTable).to_pylist()
    asked = [
        row
        | {"text": "", "system": "", "turns": None, "is_question": True, "answer_start": start if not number else ""}
        for number, row in enumerate(probes)
    ]
    prompts = tmp_path / "prompts.parquet"
    table = pa.Table.from_pylist(asked, schema=PromptsTable.arrow())
    storage.write_table(prompts, PromptsTable, table, {})

    rows = found(detector, model, [100] * 3, 100, prompts=prompts)

    assert [rows["limit", probe]["characters"] for probe in range(2)] == [len(LONG[0]) - 60, len(LONG[1])]
    assert rows["limit", 0]["outcome"] == "verbatim"


def test_a_judge_separates_confidence_in_the_controls_too(detector: Detector) -> None:
    changed = LONG[0].replace("old", "ancient").replace("closed", "shut").replace("cracks", "fissures")
    changed = changed.replace("carries", "takes").replace("finished", "done").replace("expects", "believes")
    sure = replace(detector, judge=lambda pairs: (np.full(len(pairs), 0.7), np.zeros(len(pairs), dtype=bool)))
    [plain], [judged] = (each.outcomes([0], [changed]).to_pylist() for each in (detector, sure))
    assert (plain["outcome"], judged["outcome"]) == ("paraphrase", "paraphrase_high")


def test_a_text_is_what_its_first_tokens_decode_to() -> None:
    tokenizer = train_tokenizer(PLAIN, 400).backend_tokenizer
    assert spelled(PLAIN, None, tokenizer) == PLAIN
    ids = tokenizer.encode(PLAIN[0], add_special_tokens=False).ids
    assert spelled([PLAIN[0]], [5], tokenizer) == [tokenizer.decode(ids[:5])]
    assert spelled(PLAIN, [0, 0, 0], tokenizer) == [""] * 3
