"""Sides of the training data: what stands as the text that is searched for, and what the detector finds of it."""

import logging
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from detectors import detector_on

from memorization import storage
from memorization.config.base import Side
from memorization.detection.text import sentence_model
from memorization.schemas.dataset import DatasetTable
from memorization.schemas.probes import ProbesTable
from memorization.sides import write_side

INPUTS = [
    "The old bridge was closed in March. Engineers had found cracks in both of its northern pillars. A ferry carries "
    "pedestrians until the repair is finished.",
    "Nobody had seen the painting for decades. It hung behind a wardrobe in a farmhouse near the coast. The owner's "
    "grandson sent a photograph to three museums.",
    "Eleven lamps burned above the harbour that winter. The keeper counted them twice before supper. His daughter put "
    "every number into a blue notebook.",
    "A merchant bought forty sacks of barley on credit. Rain spoiled half of them within a week. He sold the remainder "
    "to a brewer beyond the hills.",
]
TARGETS = [
    "Traffic must cross the river by boat this year. Cracked supports forced officials to shut the crossing. Repairs "
    "continue through autumn and beyond.",
    "Curators rejoiced over a rediscovered canvas. Photographs convinced two experts almost immediately. Experts will "
    "clean the frame before its exhibition.",
    "Lights along the quay were tallied each evening. A child kept careful records for her father. Those pages survive "
    "inside the village archive.",
    "Wet weather ruined a grain speculation. Creditors pressed the trader for payment. Another valley absorbed what "
    "could still be malted.",
]
CUT = 12


def side_of(folder: Path, side: Side, targets: list[str], minimum: int = 1, first: int = 0) -> list[dict[str, Any]]:
    """Rows of that side of probes from the inputs, but for the `first` ones, of a dataset with these targets."""
    rows = [
        {"id": "the same" if number < 2 else f"row-{number}", "split": split, "input": text, "target": target}
        for number, (text, target) in enumerate(zip(INPUTS, targets, strict=True))
        # The test split has the same inputs, and none of the targets.
        for split, target in (("test", "Another answer."), ("train", target))
    ]
    probes = [
        {"probe": number, "id": row["id"], "prefix": row["input"][:CUT], "suffix": row["input"][CUT:]}
        | {"prefix_characters": CUT, "suffix_characters": len(row["input"]) - CUT, "input_text": 7 + number}
        for number, row in enumerate([row for row in rows if row["split"] == "train"][first:])
    ]
    files = {}
    for schema, table in ((DatasetTable, rows), (ProbesTable, probes)):
        files[schema.name] = folder / f"{schema.name}.parquet"
        storage.write_table(
            files[schema.name], schema, pa.Table.from_pylist(table, schema=schema.arrow()), {"made": "here"}
        )
    output = folder / f"{side}.parquet"
    write_side(files["probes"], files["dataset"], side, "member", minimum, output, {})
    return storage.read(output, ProbesTable).to_pylist()


@pytest.mark.parametrize(("side", "begins"), [("target", ""), ("both", INPUTS[2][CUT:] + "\n")])
def test_a_side_has_the_probes_with_other_texts(tmp_path: Path, side: Side, begins: str) -> None:
    rows = side_of(tmp_path, side, TARGETS, first=1)

    kept = ("probe", "id", "prefix", "prefix_characters", "input_text")
    probes = storage.read(tmp_path / "probes.parquet", ProbesTable).to_pylist()
    assert [[row[name] for name in kept] for row in rows] == [[row[name] for name in kept] for row in probes]
    assert rows[1]["suffix"] == begins + TARGETS[2]
    # Of two rows with one identifier, that of the input.
    assert rows[0]["suffix"].endswith(TARGETS[1])
    assert all(row["suffix_characters"] == len(row["suffix"]) for row in rows)


def test_targets_that_are_too_short_are_counted_and_no_text_to_search_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    targets = ["   ", "positive", *TARGETS[2:]]
    caplog.set_level(logging.INFO)

    rows = side_of(tmp_path, "target", targets, minimum=9)
    together = side_of(tmp_path, "both", targets, minimum=9)

    assert [row["suffix"] for row in rows] == ["", "", *TARGETS[2:]]
    assert [row["suffix"] for row in together[:2]] == [text[CUT:] for text in INPUTS[:2]]
    for side in ("target", "both"):
        manifest = storage.manifest_of(tmp_path / f"{side}.parquet")
        assert (manifest["n"], manifest["left_out_target_too_short"]) == (4, 2)
    assert "2 of 4 targets have fewer than 9 characters" in caplog.text
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_probes_of_another_dataset_are_refused(tmp_path: Path) -> None:
    side_of(tmp_path, "target", TARGETS)
    rows = [{"id": "the same", "split": "train", "input": "Another text.", "target": "An answer."}]
    dataset = tmp_path / "other.parquet"
    storage.write_table(dataset, DatasetTable, pa.Table.from_pylist(rows, schema=DatasetTable.arrow()), {})

    with pytest.raises(ValueError, match="no row of the dataset has the input of probe 0"):
        write_side(tmp_path / "probes.parquet", dataset, "target", "member", 1, tmp_path / "new.parquet", {})
    assert not (tmp_path / "new.parquet").exists()


def outcomes_of(folder: Path, texts: list[str], written: list[str]) -> list[dict[str, Any]]:
    """Outcomes of generations where these texts are searched for."""
    folder.mkdir()
    detector = detector_on(folder, texts, sentence_model("punkt_corpus", [*INPUTS, *TARGETS]))
    rows: list[dict[str, Any]] = detector.outcomes(range(len(written)), written).to_pylist()
    return rows


def test_a_model_that_gives_back_half_of_the_targets_shows_it_on_targets_and_on_both_alone(tmp_path: Path) -> None:
    other = "Nothing of this kind was ever printed in any gazette. It concerns pears and thunder."
    written = [TARGETS[0], other, TARGETS[2], other]
    sides: list[Side] = ["target", "both"]
    texts = {side: [row["suffix"] for row in side_of(tmp_path, side, TARGETS)] for side in sides}
    texts["input"] = [text[CUT:] for text in INPUTS]

    found = {side: outcomes_of(tmp_path / side, searched, written) for side, searched in texts.items()}

    assert [row["outcome"] for row in found["input"]] == ["none"] * 4
    for side in sides:
        assert [row["outcome"] for row in found[side]] == ["verbatim", "none", "verbatim", "none"]
        for row in (found[side][0], found[side][2]):
            assert row["own_suffix"] is True
            start = row["suffix_start"]
            passage = texts[side][row["document"]][start : start + row["suffix_length"]]
            # In both, the span is that of the target, behind the suffix.
            assert passage == TARGETS[row["probe"]]
            assert start == len(texts[side][row["document"]]) - len(TARGETS[row["probe"]])


def test_labels_are_never_found_however_often_they_are_written(tmp_path: Path) -> None:
    """The true targets in place of generations: the ceiling of a task whose answers are one word is 0."""
    labels = ["positive", "negative", "positive", ""]

    rows = outcomes_of(tmp_path / "labels", [row["suffix"] for row in side_of(tmp_path, "target", labels)], labels)

    assert [row["outcome"] for row in rows] == ["none"] * 4
