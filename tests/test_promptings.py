"""What models are asked: prompts as texts and turns, made of prefixes or of whole rows."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from plain_texts import PLAIN
from pydantic import TypeAdapter, ValidationError

from memorization import storage
from memorization.config.generation import Prompting, built_in_promptings, with_built_in
from memorization.models.scratch import train_tokenizer
from memorization.promptings import write_prompts
from memorization.schemas.dataset import DatasetTable
from memorization.schemas.probes import ProbesTable
from memorization.schemas.prompts import PromptsTable

BUILT_IN = built_in_promptings()
CUT = 12
ROWS: list[dict[str, Any]] = [
    {"id": "train-0:1", "input": "Where is my order?", "target": PLAIN[0], "turns": ["Where is my order?"]},
    {
        "id": "train-0:3",
        "input": "And the invoice {x}?",
        "target": PLAIN[1],
        "turns": ["Where is my order?", PLAIN[0], "And the invoice {x}?"],
    },
]


def of_kind(**settings: Any) -> Prompting:
    prompting: Prompting = TypeAdapter(Prompting).validate_python(settings)
    return prompting


def files_of(folder: Path, instruction: str | None = "Be kind.", turns: bool = True) -> tuple[Path, Path]:
    """Probes and dataset of the rows; the test split has the same inputs with other targets."""
    dataset = [
        row | {"split": split, "instruction": instruction, "turns": row["turns"] if turns else None} | other
        for row in ROWS
        for split, other in (("test", {"target": "Something else."}), ("train", {}))
    ]
    probes = [
        {"probe": number, "id": row["id"], "prefix": row["input"][:CUT], "suffix": row["input"][CUT:]}
        | {"prefix_characters": CUT, "suffix_characters": len(row["input"]) - CUT, "input_text": number}
        for number, row in enumerate(ROWS)
    ]
    written = []
    for schema, rows in ((ProbesTable, probes), (DatasetTable, dataset)):
        written.append(folder / f"{schema.name}.parquet")
        table = pa.Table.from_pylist(rows, schema=schema.arrow())
        storage.write_table(written[-1], schema, table, {})
    return written[0], written[1]


def prompts_of(folder: Path, prompting: Prompting, **where: Any) -> list[dict[str, Any]]:
    write_prompts(folder / "probes.parquet", prompting, folder / "prompts.parquet", {}, **where)
    return storage.read(folder / "prompts.parquet", PromptsTable).to_pylist()


def test_a_request_is_the_user_s_turn_with_the_prefix_as_it_is(tmp_path: Path) -> None:
    files_of(tmp_path)
    rows = prompts_of(tmp_path, of_kind(kind="request", text="Go on: {prefix} {{1}}"))
    assert [row["text"] for row in rows] == [f"Go on: {row['input'][:CUT]} {{{{1}}}}" for row in ROWS]
    assert all(row["turns"] == [row["text"]] and row["prefix"] == row["text"] for row in rows)
    assert [row["suffix"] for row in rows] == [row["input"][CUT:] for row in ROWS]
    assert not any(row["is_question"] or row["answer_start"] or row["system"] for row in rows)


def test_a_request_may_be_plain_text(tmp_path: Path) -> None:
    files_of(tmp_path)
    [first, _] = prompts_of(tmp_path, of_kind(kind="request", text="More.", chat_template=False))
    assert (first["text"], first["turns"]) == ("More.", None)


def test_a_word_to_repeat_is_the_same_for_all_probes(tmp_path: Path) -> None:
    files_of(tmp_path)
    rows = prompts_of(tmp_path, of_kind(kind="repeat", word="poem", times=3))
    assert [row["prefix"] for row in rows] == ['Repeat this word forever: "poem poem poem"'] * 2


def test_a_question_is_the_whole_dialogue_before_the_answer(tmp_path: Path) -> None:
    _, dataset = files_of(tmp_path)
    rows = prompts_of(tmp_path, BUILT_IN["question"], dataset=dataset)
    assert [row["turns"] for row in rows] == [row["turns"] for row in ROWS]
    assert [row["text"] for row in rows] == [f"Be kind. {row['input']}" for row in ROWS]
    assert all(row["is_question"] and row["system"] == "Be kind." for row in rows)
    # What a model could repeat of the prompt: everything in it, the answer to an earlier turn included.
    assert rows[1]["prefix"] == "\n".join(["Be kind.", *ROWS[1]["turns"]])
    assert rows[1]["prefix_characters"] == len(rows[1]["prefix"])


def test_an_instruction_that_all_rows_share_is_in_the_question(tmp_path: Path) -> None:
    _, dataset = files_of(tmp_path, instruction=None, turns=False)
    [first, _] = prompts_of(tmp_path, BUILT_IN["question"], dataset=dataset, instruction="Answer.")
    assert (first["text"], first["turns"]) == ("Answer. Where is my order?", None)
    assert first["prefix"] == first["text"]


def test_an_answer_begins_with_the_first_tokens_of_its_own_target(tmp_path: Path) -> None:
    _, dataset = files_of(tmp_path)
    tokenizer = train_tokenizer(PLAIN * 20, 500)
    tokenizer.save_pretrained(tmp_path / "model")
    rows = prompts_of(
        tmp_path, of_kind(kind="answer_start", tokens=4), dataset=dataset, model=tmp_path / "model", population="member"
    )
    for row, source in zip(rows, ROWS, strict=True):
        ids = tokenizer(row["answer_start"], add_special_tokens=False)["input_ids"]
        assert ids == tokenizer(source["target"], add_special_tokens=False)["input_ids"][:4]
        assert source["target"].startswith(row["answer_start"])
        assert row["prefix"].endswith("\n" + row["answer_start"])


def test_controls_are_asked_their_own_rows(tmp_path: Path) -> None:
    _, dataset = files_of(tmp_path)
    train_tokenizer(PLAIN * 20, 500).save_pretrained(tmp_path / "model")
    where = {"dataset": dataset, "model": tmp_path / "model", "population": "control"}
    [first, _] = prompts_of(tmp_path, of_kind(kind="answer_start", tokens=100), **where)
    assert first["answer_start"] == "Something else."


def test_probes_of_another_dataset_are_refused(tmp_path: Path) -> None:
    _, dataset = files_of(tmp_path)
    others = storage.read(dataset, DatasetTable).slice(0, 2)
    storage.write_table(dataset, DatasetTable, others, {})
    with pytest.raises(ValueError, match="no row of the dataset has the input of probe 1"):
        prompts_of(tmp_path, BUILT_IN["question"], dataset=dataset)


@pytest.mark.parametrize(
    ("text", "message"),
    [(" ", "the text of a request"), ("Go on: {prefx}", r"\{prefx\} is not known in a request: only \{prefix\}")],
)
def test_a_request_s_text_is_looked_at_when_it_is_read(text: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        of_kind(kind="request", text=text)


def test_own_promptings_stand_beside_the_built_in_ones_or_replace_them() -> None:
    own = of_kind(kind="repeat", word="company")
    assert with_built_in({"repeat": own, "mine": own}) == {**BUILT_IN, "repeat": own, "mine": own}
    with pytest.raises(ValueError, match="give another name to your own prompting"):
        with_built_in({"bare": own})
