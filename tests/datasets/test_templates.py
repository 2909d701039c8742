"""Templates: what they take from a row, and what is wrong with a row."""

from pathlib import Path
from typing import Any

import pytest
from source_files import ENDINGS, ROWS, read, refused, source

from memorization import storage
from memorization.config.data import Dataset
from memorization.datasets.templates import shared_instruction


@pytest.mark.parametrize("ending", [".parquet", ".jsonl"])
def test_templates_reach_into_nested_columns(tmp_path: Path, ending: str) -> None:
    row = {"a": {"b": ["zero", {"c": "one"}], "n": [3]}, "q": "why?"}
    if ending == ".parquet":
        row = {"a": {"b": ["zero", "one"], "n": [3]}, "q": "why?"}
    file = source(tmp_path / f"rows{ending}", [row])
    last = "{a.b.1}" if ending == ".parquet" else "{a.b.1.c}"
    [row] = read(file, instruction="{q} Answer {{briefly}}:", input=f"{{a.b.0}} and {last}", target="{a.n.0} of {q}")
    assert row["instruction"] == "why? Answer {briefly}:"
    assert row["input"] == "zero and one"
    assert row["target"] == "3 of why?"


def test_text_that_looks_like_a_template_is_unchanged(tmp_path: Path) -> None:
    text = "{target} {0} {} {a!r} {{x}} %s $y {"
    [row] = read(source(tmp_path / "rows.jsonl", [{"input": text, "target": "{input}"}]))
    assert (row["input"], row["target"]) == (text, "{input}")


@pytest.mark.parametrize("ending", [".parquet", ".jsonl"])
def test_labels_replace_values_of_any_kind(tmp_path: Path, ending: str) -> None:
    rows = [{"input": "x", "target": 1}, {"input": "y", "target": 0}]
    file = source(tmp_path / f"rows{ending}", rows)
    assert [row["target"] for row in read(file, labels={0: "negative", 1: "positive"})] == ["positive", "negative"]


def test_numbers_may_be_targets(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.jsonl", [{"input": "x", "target": value} for value in (1, 2.5, True)])
    assert [row["target"] for row in read(file)] == ["1", "2.5", "True"]


def test_repeated_inputs_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = [{"id": str(number), "input": text, "target": "y"} for number, text in enumerate("abacb")]
    file = source(tmp_path / "rows.jsonl", rows)
    assert [row["id"] for row in read(file, deduplicate=True)] == ["0", "1", "3"]
    manifest = storage.manifest_of(tmp_path / "out.parquet")
    assert (manifest["left_out"], manifest["rows"]) == ({"repeated inputs": 2}, {"train": 3})
    assert manifest["rule"] == "dataset"
    assert len(read(file)) == 5


def test_short_inputs_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = [{"input": "x" * length, "target": "y"} for length in (1, 5, 4, 6)]
    kept = read(source(tmp_path / "rows.jsonl", rows), minimum_input_characters=5)
    assert [len(row["input"]) for row in kept] == [5, 6]
    left_out = storage.manifest_of(tmp_path / "out.parquet")["left_out"]
    assert left_out == {"inputs shorter than 5 characters": 2}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_missing_column_is_named_with_the_nearest_one(tmp_path: Path, ending: str) -> None:
    file = source(tmp_path / f"rows{ending}")
    assert refused(file, input="{inputs}") == (
        f"datasets.mine.input: names column 'inputs', which {file}, row 0 does not have; "
        "columns there: id, input, target; did you mean 'input'?"
    )


@pytest.mark.parametrize("ending", [".parquet", ".jsonl"])
@pytest.mark.parametrize("key", ["input", "target"])
def test_a_null_is_named_with_its_row(tmp_path: Path, ending: str, key: str) -> None:
    file = source(tmp_path / f"rows{ending}", [ROWS[0], ROWS[1] | {key: None}])
    advice = " Where rows have none, set the target that they get: `missing_target`." if key == "target" else ""
    assert refused(file) == (
        f"datasets.mine.{key}: {file}, row 1: column '{key}' is null; every {key} must be text.{advice}"
    )


@pytest.mark.parametrize(("value", "kind"), [(5, "int"), ({"a": "b"}, "dict"), (1.5, "float")])
def test_an_input_that_is_no_text_is_named_with_its_row(tmp_path: Path, value: Any, kind: str) -> None:
    file = source(tmp_path / "rows.jsonl", [ROWS[0], ROWS[1] | {"input": value}])
    message = refused(file)
    assert message.startswith(f"datasets.mine.input: {file}, row 1: column 'input' contains {kind} (")
    assert message.endswith("every input must be text.")


def test_half_of_a_surrogate_pair_is_named_with_its_row(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"input": "ab\\ud83d", "target": "x"}\n')
    message = refused(file)
    assert message.startswith(f"datasets.mine.input: {file}, row 0: character 2 is half of a surrogate pair")


def test_a_value_without_label_is_named_with_those_allowed(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.csv")
    assert refused(file, labels={"yes": "positive"}) == (
        f"datasets.mine.labels: {file}, row 1: the target is 'no', which has no label; allowed: yes."
    )


@pytest.mark.parametrize("template", ["{input:>9}", "{input!r}", "{}", "{input[0]}", "{input:{target}}"])
def test_templates_only_name_columns(tmp_path: Path, template: str) -> None:
    message = refused(source(tmp_path / "rows.csv"), input=template)
    assert message.startswith(f"datasets.mine.input: template {template!r}: ")
    assert "is not allowed; a template names columns, as in {column} or {column.inner.0}." in message


@pytest.mark.parametrize("template", ["{input", "input}", "{input!}"])
def test_a_template_with_a_lost_brace_is_named(tmp_path: Path, template: str) -> None:
    message = refused(source(tmp_path / "rows.csv"), input=template)
    assert message.startswith(f"datasets.mine.input: template {template!r}: ")


@pytest.mark.parametrize("field", ["input.__class__", "input.upper", "input.0", "input.a.b"])
def test_templates_reach_no_attributes(tmp_path: Path, field: str) -> None:
    file = source(tmp_path / "rows.csv")
    step = field.split(".")[1]
    message = refused(file, input=f"{{{field}}}")
    assert message == f"datasets.mine.input: {file}, row 0: {{{field}}} cannot be reached at {step!r}."


def test_a_place_in_a_list_that_is_not_there_is_named(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.jsonl", [{"input": ["a"], "target": "y"}])
    assert refused(file, input="{input.1}").endswith("row 0: {input.1} cannot be reached at '1'.")


# As SQuAD v2 has them: the second question has no answer.
QUESTIONS: list[dict[str, Any]] = [
    {"id": "q1", "input": "Two towns.", "answers": {"text": ["one", "the one"]}},
    {"id": "q2", "input": "No towns.", "answers": {"text": []}},
]


@pytest.mark.parametrize("ending", [".parquet", ".jsonl"])
def test_references_are_all_right_answers_and_a_missing_target_is_stated(tmp_path: Path, ending: str) -> None:
    file = source(tmp_path / f"rows{ending}", QUESTIONS)
    rows = read(file, target="{answers.text.0}", references="answers.text", missing_target="unanswerable")
    assert [(row["target"], row["references"]) for row in rows] == [("one", ["one", "the one"]), ("unanswerable", [])]


def test_a_missing_target_may_be_empty_and_passes_labels_by(tmp_path: Path) -> None:
    rows = [{"input": "a", "target": 1}, {"input": "b", "target": None}]
    file = source(tmp_path / "rows.jsonl", rows)
    assert [row["target"] for row in read(file, labels={"1": "good"}, missing_target="")] == ["good", ""]


def test_without_a_missing_target_an_answer_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.jsonl", QUESTIONS)
    assert refused(file, target="{answers.text.0}") == (
        f"datasets.mine.target: {file}, row 1: {{answers.text.0}} cannot be reached at '0'. "
        "Where rows have none, set the target that they get: `missing_target`."
    )


@pytest.mark.parametrize("template", ["{answers.texts.0}", "{answers.text.first}", "{answers.text.0.a}"])
def test_a_missing_target_hides_no_wrong_name(tmp_path: Path, template: str) -> None:
    message = refused(source(tmp_path / "rows.jsonl", QUESTIONS[:1]), target=template, missing_target="none")
    assert "cannot be reached at" in message


@pytest.mark.parametrize("value", ["one", None, [1], ["one", None]])
def test_references_that_are_no_list_of_texts_are_named(tmp_path: Path, value: Any) -> None:
    file = source(tmp_path / "rows.jsonl", [ROWS[0] | {"answers": value}])
    message = refused(file, references="answers")
    assert message.startswith(f"datasets.mine.references: {file}, row 0: 'answers' contains {type(value).__name__} (")
    assert message.endswith("it must be a list of texts.")


def test_a_column_of_references_that_is_not_there_is_named(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.jsonl", QUESTIONS)
    message = refused(file, target="{id}", references="answer.text")
    assert "datasets.mine.references: names column 'answer'" in message
    assert "did you mean 'answers'?" in message


def test_half_of_a_surrogate_pair_in_a_reference_is_named(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"input": "ab", "target": "x", "all": ["x", "\\ud83d"]}\n')
    assert refused(file, references="all").startswith(f"datasets.mine.references: {file}, row 0: character 0 is half")


def test_a_label_that_is_null_leaves_its_rows_out(tmp_path: Path) -> None:
    rows = [{"input": f"text {stars}", "target": stars} for stars in (1, 3, 5, 3)]
    kept = read(source(tmp_path / "rows.jsonl", rows), labels={1: "negative", 3: None, 5: "positive"})
    assert [(row["id"], row["target"]) for row in kept] == [("train-0", "negative"), ("train-2", "positive")]
    assert storage.manifest_of(tmp_path / "out.parquet")["left_out"] == {"targets whose label is null": 2}


@pytest.mark.parametrize("ending", [".parquet", ".jsonl"])
def test_lists_of_texts_are_joined_by_what_is_stated(tmp_path: Path, ending: str) -> None:
    file = source(tmp_path / f"rows{ending}", [{"input": ["One.", "Two."], "target": ["a", "b"]}])
    assert refused(file).endswith(
        "row 0: column 'target' contains list (\"['a', 'b']\"); every target must be text. "
        "Set `datasets.mine.join` to what is put between its texts."
    )
    [row] = read(file, join=" ")
    assert (row["input"], row["target"]) == ("One. Two.", "a b")


@pytest.mark.parametrize("value", [["a", None], ["a", 1], [["a"]]])
def test_lists_of_other_things_are_not_joined(tmp_path: Path, value: Any) -> None:
    file = source(tmp_path / "rows.jsonl", [{"input": value, "target": "y"}])
    assert "`join` joins texts, and one is" in refused(file, join=" ")


@pytest.mark.parametrize("key", ["input", "target", "instruction"])
def test_not_a_number_is_missing_and_no_text(tmp_path: Path, key: str) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"input": "a", "target": "b", "more": NaN}\n')
    message = refused(file, **{key: "{more}"})
    assert f"datasets.mine.{key}: {file}, row 0: column 'more' is not a number (NaN)" in message


def test_not_a_number_gets_the_target_that_missing_ones_get(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.parquet", [{"input": "a", "target": 1.0}, {"input": "b", "target": float("nan")}])
    assert [row["target"] for row in read(file, missing_target="none")] == ["1.0", "none"]


def test_an_identifier_that_is_not_a_number_is_missing(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.parquet", [{"id": float("nan"), "input": "a", "target": "b"}])
    assert [row["id"] for row in read(file)] == ["train-0"]


def test_a_number_that_is_too_large_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"input": "a", "target": 1e999}\n')
    assert "column 'target' contains float ('inf')" in refused(file)


BLANK = {"spaces": "  \t\n", "no width": "\u200b\u200d\ufeff", "no form": "\u3164\u2800", "control": "\x00\x1f"}


@pytest.mark.parametrize("text", BLANK.values(), ids=BLANK)
def test_inputs_without_a_visible_character_are_left_out_and_counted(tmp_path: Path, text: str) -> None:
    rows = [{"input": each, "target": "y"} for each in ("one", text, " two")]
    assert [row["input"] for row in read(source(tmp_path / "rows.jsonl", rows))] == ["one", " two"]
    left_out = storage.manifest_of(tmp_path / "out.parquet")["left_out"]
    assert left_out == {"inputs without a visible character": 1}


@pytest.mark.parametrize("key", ["input", "target"])
def test_a_template_that_names_no_column_is_refused(tmp_path: Path, key: str) -> None:
    file = source(tmp_path / "rows.csv")
    assert refused(file, **{key: "document"}) == (
        f"datasets.mine.{key}: template 'document' names no column, so that every {key} would be this text; "
        "write {document}, in quotes."
    )
    assert "name a column, as in {column}" in refused(file, **{key: "the {{document}}"})


def test_a_target_may_be_empty(tmp_path: Path) -> None:
    assert {row["target"] for row in read(source(tmp_path / "rows.csv"), target="")} == {""}


@pytest.mark.parametrize(
    ("template", "shared", "own"),
    [
        ("", "", None),
        ("Summarize {{briefly}}.", "Summarize {briefly}.", None),
        ("Say {id}", None, ["Say a", "Say b", "Say c"]),
    ],
)
def test_an_instruction_is_shared_by_all_rows_or_in_each_of_them(
    tmp_path: Path, template: str, shared: str | None, own: list[str] | None
) -> None:
    rows = read(source(tmp_path / "rows.csv"), instruction=template)
    assert [row["instruction"] for row in rows] == (own or [None] * 3)
    dataset = Dataset.model_validate({"task": "qa", "source": {"kind": "files", "train": "x"}, "instruction": template})
    assert shared_instruction("mine", dataset) == shared


def test_an_instruction_that_is_a_column_without_braces_is_refused(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.csv")
    assert "datasets.mine.instruction: 'input' is the name of a column" in refused(file, instruction="input")


def test_half_of_a_surrogate_pair_in_an_identifier_is_named(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"id": "\\ud800", "input": "a", "target": "b"}\n')
    assert refused(file).startswith(f"datasets.mine: id: {file}, row 0: character 0 is half of a surrogate pair")


def test_names_of_columns_that_cannot_be_printed_are_escaped(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"\\ud800": 1, "two\\nlines": 2, "target": "b"}\n')
    assert "columns there: '\\ud800', 'two\\nlines', target" in refused(file)
