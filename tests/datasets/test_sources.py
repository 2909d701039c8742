import csv
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from memorization import storage
from memorization.config import Dataset
from memorization.datasets.sources import write_dataset
from memorization.errors import UserError

ROWS: list[dict[str, Any]] = [
    {"id": "a", "input": "First text, with a comma.", "target": "yes"},
    {"id": "b", "input": 'Second "text"\nof two lines {input}', "target": "no"},
    {"id": "c", "input": "Größe 😀 {0} {} %s", "target": "no"},
]
Rows = Sequence[dict[str, Any]]


def parquet(file: Path, rows: Rows) -> None:
    pq.write_table(pa.Table.from_pylist(list(rows)), file)


def comma_separated(file: Path, rows: Rows) -> None:
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def json_lines(file: Path, rows: Rows) -> None:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


WRITERS = {".parquet": parquet, ".csv": comma_separated, ".jsonl": json_lines}


def source(file: Path, rows: Rows = ROWS) -> Path:
    WRITERS[file.suffix](file, rows)
    return file


def read(
    train: Path, test: Path | None = None, split_column: str | None = None, **settings: Any
) -> list[dict[str, Any]]:
    files = {"kind": "files", "train": str(train), "test": test and str(test), "split_column": split_column}
    return written({"source": files, **settings}, {"train": train, **({"test": test} if test else {})}, train.parent)


def written(settings: dict[str, Any], files: dict[str, Path], folder: Path) -> list[dict[str, Any]]:
    output = folder / "out.parquet"
    write_dataset("mine", Dataset.model_validate({"task": "qa", **settings}), files, output, {"rule": "dataset"})
    rows: list[dict[str, Any]] = storage.read(output, "dataset").to_pylist()
    return rows


def refused(train: Path, **settings: Any) -> str:
    with pytest.raises(UserError) as raised:
        read(train, **settings)
    message = str(raised.value)
    assert "\n" not in message
    assert not (train.parent / "out.parquet").exists()
    assert not list(train.parent.glob(".*.partial"))
    return message


@pytest.mark.parametrize("ending", WRITERS)
def test_every_kind_of_file_gives_the_same_rows(tmp_path: Path, ending: str) -> None:
    assert read(source(tmp_path / f"rows{ending}")) == [
        {"split": "train", "instruction": "", **row, "references": None} for row in ROWS
    ]


def test_endings_may_be_capitals_and_csv_may_begin_with_a_mark(tmp_path: Path) -> None:
    file = tmp_path / "rows.CSV"
    file.write_text("\ufeffid,input,target\na,text,yes\n", encoding="utf-8")
    assert read(file)[0]["id"] == "a"


def test_blank_lines_between_json_lines_are_passed_over(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.jsonl")
    file.write_text(file.read_text(encoding="utf-8").replace("\n", "\n\n"), encoding="utf-8")
    assert [row["id"] for row in read(file)] == ["a", "b", "c"]


@pytest.mark.parametrize("ending", WRITERS)
def test_a_column_may_tell_the_split(tmp_path: Path, ending: str) -> None:
    rows = [row | {"part": part} for row, part in zip(ROWS, ("test", "train", "test"), strict=True)]
    file = source(tmp_path / f"rows{ending}", rows)
    assert [(row["id"], row["split"]) for row in read(file, file, "part")] == [
        ("b", "train"),
        ("a", "test"),
        ("c", "test"),
    ]


def test_two_files_are_two_splits_and_rows_without_id_are_numbered(tmp_path: Path) -> None:
    train = source(tmp_path / "train.jsonl", [{"input": "x", "target": "y"}] * 2)
    test = source(tmp_path / "test.csv", [{"input": "z", "target": "y"}])
    assert [row["id"] for row in read(train, test)] == ["train-0", "train-1", "test-0"]


@pytest.mark.parametrize("ending", [".parquet", ".jsonl"])
def test_templates_reach_into_nested_columns(tmp_path: Path, ending: str) -> None:
    row = {"a": {"b": ["zero", {"c": "one"}], "n": [3]}, "q": "why?"}
    if ending == ".parquet":
        row = {"a": {"b": ["zero", "one"], "n": [3]}, "q": "why?"}
    file = source(tmp_path / f"rows{ending}", [row])
    last = "{a.b.1}" if ending == ".parquet" else "{a.b.1.c}"
    [found] = read(file, instruction="{q} Answer {{briefly}}:", input=f"{{a.b.0}} and {last}", target="{a.n.0} of {q}")
    assert found["instruction"] == "why? Answer {briefly}:"
    assert found["input"] == "zero and one"
    assert found["target"] == "3 of why?"


def test_text_that_looks_like_a_template_is_kept_as_it_is(tmp_path: Path) -> None:
    text = "{target} {0} {} {a!r} {{x}} %s $y {"
    [row] = read(source(tmp_path / "rows.jsonl", [{"input": text, "target": "{input}"}]))
    assert (row["input"], row["target"]) == (text, "{input}")


@pytest.mark.parametrize("ending", [".parquet", ".jsonl"])
def test_labels_stand_for_values_of_any_kind(tmp_path: Path, ending: str) -> None:
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
    found = read(source(tmp_path / "rows.jsonl", rows), minimum_input_characters=5)
    assert [len(row["input"]) for row in found] == [5, 6]
    left_out = storage.manifest_of(tmp_path / "out.parquet")["left_out"]
    assert left_out == {"inputs shorter than 5 characters": 2}


def test_a_limit_draws_by_its_seed_and_keeps_the_order(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.jsonl", [{"id": f"{n:03}", "input": f"text {n}", "target": "y"} for n in range(200)])
    one, again, other = ([row["id"] for row in read(file, limit=20, seed=seed)] for seed in (1, 1, 2))
    assert one == again != other
    assert one == sorted(one)
    assert len(set(one)) == 20
    assert one != [f"{n:03}" for n in range(20)]
    assert storage.manifest_of(tmp_path / "out.parquet")["left_out"] == {"beyond the limit of 20": 180}
    assert len(read(file, limit=500)) == 200


def test_the_same_source_gives_the_same_bytes(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.csv")
    read(file)
    before = (tmp_path / "out.parquet").read_bytes()
    read(file)
    assert (tmp_path / "out.parquet").read_bytes() == before


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "nowhere.csv"
    assert refused(file) == f"datasets.mine.source.train: {file}: no such file."


def test_an_unknown_ending_is_named_with_those_allowed(tmp_path: Path) -> None:
    file = tmp_path / "rows.tsv"
    file.touch()
    assert refused(file) == f"datasets.mine.source.train: {file}: ending '.tsv'; allowed: .parquet, .csv, .jsonl."


def test_a_file_that_is_no_parquet_is_named(tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    file.write_bytes(b"PAR1 but not really")
    assert refused(file).startswith(f"datasets.mine.source.train: {file}: not a readable parquet file: ")


@pytest.mark.parametrize("place", [0.1, 0.3, 0.5])
def test_a_damaged_parquet_file_is_named(tmp_path: Path, place: float) -> None:
    file = source(tmp_path / "rows.parquet", [{"input": f"{n} " * 50, "target": str(n)} for n in range(500)])
    content = bytearray(file.read_bytes())
    begin = int(place * len(content))
    content[begin : begin + 200] = bytes(200)
    file.write_bytes(content)
    assert refused(file).startswith(f"datasets.mine.source.train: {file}: not a readable parquet file: ")


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_a_file_in_another_encoding_is_named(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"rows{ending}"
    file.write_bytes('{"input": "Größe", "target": "x"}\n'.encode("latin-1"))
    assert refused(file).startswith(f"datasets.mine.source.train: {file}: not a readable {ending[1:]} file: ")


def test_a_json_line_that_is_broken_is_named_with_its_row(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.jsonl")
    with file.open("a", encoding="utf-8") as stream:
        stream.write('{"input": "half\n')
    assert refused(file).startswith(f"{file}, row 3: not a JSON object: ")


def test_a_json_line_that_is_no_object_is_named(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('["text"]\n')
    assert refused(file) == f"{file}, row 0: holds list; a line holds one JSON object."


def test_a_csv_row_that_is_cut_by_a_comma_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("target,input\nyes,one text\nno,two, texts\n")
    assert refused(file) == f"{file}, row 1: has more fields than the heading; put a text that holds commas in quotes."


def test_a_csv_row_that_is_too_short_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("input,target\nyes\n")
    assert "row 0: column 'target' is null" in refused(file)


@pytest.mark.parametrize("ending", WRITERS)
def test_a_missing_column_is_named_with_the_nearest_one(tmp_path: Path, ending: str) -> None:
    file = source(tmp_path / f"rows{ending}")
    assert refused(file, input="{inputs}") == (
        f"datasets.mine.input: names column 'inputs', which {file}, row 0 does not have; "
        "columns there: id, input, target; did you mean 'input'?"
    )


def test_a_missing_split_column_is_named(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.csv")
    assert refused(file, split_column="part").startswith(
        "datasets.mine.source.split_column: names column 'part', which "
    )


def test_a_split_that_the_column_does_not_hold_is_named_with_those_it_holds(tmp_path: Path) -> None:
    rows = [row | {"part": part} for row, part in zip(ROWS, ("train", "valid", "valid"), strict=True)]
    file = source(tmp_path / "rows.parquet", rows)
    assert refused(file, test=file, split_column="part") == (
        f"datasets.mine.source.split_column: {file}: column 'part' has no 'test'; "
        "found: 'valid' (2 rows), 'train' (1 rows)."
    )


@pytest.mark.parametrize(
    ("ending", "content"), [(".csv", "input,target\n"), (".csv", ""), (".jsonl", ""), (".parquet", None)]
)
def test_a_source_without_rows_is_refused(tmp_path: Path, ending: str, content: str | None) -> None:
    file = tmp_path / f"rows{ending}"
    if content is None:
        pq.write_table(pa.table({"input": pa.array([], pa.string()), "target": pa.array([], pa.string())}), file)
    else:
        file.write_text(content)
    assert refused(file).startswith("datasets.mine: no usable rows in split 'train' (none was read).")


def test_a_source_of_rows_that_are_all_left_out_says_why(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.csv")
    message = refused(file, minimum_input_characters=1000)
    assert "no usable rows in split 'train' (3 inputs shorter than 1000 characters)" in message


@pytest.mark.parametrize("ending", [".parquet", ".jsonl"])
@pytest.mark.parametrize("key", ["input", "target"])
def test_a_null_is_named_with_its_row(tmp_path: Path, ending: str, key: str) -> None:
    file = source(tmp_path / f"rows{ending}", [ROWS[0], ROWS[1] | {key: None}])
    advice = " Where rows have none, say what it then is: `missing_target`." if key == "target" else ""
    assert refused(file) == (
        f"datasets.mine.{key}: {file}, row 1: column '{key}' is null; every {key} must be text.{advice}"
    )


@pytest.mark.parametrize(("value", "kind"), [(5, "int"), (["a"], "list"), ({"a": "b"}, "dict"), (1.5, "float")])
def test_an_input_that_is_no_text_is_named_with_its_row(tmp_path: Path, value: Any, kind: str) -> None:
    file = source(tmp_path / "rows.jsonl", [ROWS[0], ROWS[1] | {"input": value}])
    message = refused(file)
    assert message.startswith(f"datasets.mine.input: {file}, row 1: column 'input' holds {kind} (")
    assert message.endswith("every input must be text.")


def test_half_of_a_surrogate_pair_is_named_with_its_row(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"input": "ab\\ud83d", "target": "x"}\n')
    message = refused(file)
    assert message.startswith(f"datasets.mine.input: {file}, row 0: character 2 is half of a surrogate pair")


def test_a_value_without_label_is_named_with_those_allowed(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.csv")
    assert refused(file, labels={"yes": "positive"}) == (
        f"datasets.mine.labels: {file}, row 1: the target is 'no', which stands for nothing; allowed: yes."
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
        "Where rows have none, say what it then is: `missing_target`."
    )


@pytest.mark.parametrize("template", ["{answers.texts.0}", "{answers.text.first}", "{answers.text.0.a}"])
def test_a_missing_target_hides_no_wrong_name(tmp_path: Path, template: str) -> None:
    message = refused(source(tmp_path / "rows.jsonl", QUESTIONS[:1]), target=template, missing_target="none")
    assert "cannot be reached at" in message


@pytest.mark.parametrize("value", ["one", None, [1], ["one", None]])
def test_references_that_are_no_list_of_texts_are_named(tmp_path: Path, value: Any) -> None:
    file = source(tmp_path / "rows.jsonl", [ROWS[0] | {"answers": value}])
    message = refused(file, references="answers")
    assert message.startswith(f"datasets.mine.references: {file}, row 0: 'answers' holds {type(value).__name__} (")
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
    found = read(source(tmp_path / "rows.jsonl", rows), labels={1: "negative", 3: None, 5: "positive"})
    assert [(row["id"], row["target"]) for row in found] == [("train-0", "negative"), ("train-2", "positive")]
    assert storage.manifest_of(tmp_path / "out.parquet")["left_out"] == {"targets whose label is null": 2}


def test_validation_rows_are_set_aside_from_test_by_the_seed(tmp_path: Path) -> None:
    train, test = (
        source(tmp_path / f"{name}.jsonl", [{"id": f"{name}{n:02}", "input": f"{n}", "target": "y"} for n in range(40)])
        for name in ("train", "test")
    )
    whole = {row["id"]: row for row in read(train, test)}
    drawn = {}
    for seed in (0, 1):
        rows = read(train, test, validation=10, seed=seed)
        assert [row["split"] for row in rows] == ["train"] * 40 + ["test"] * 30 + ["validation"] * 10
        assert {row["id"]: row | {"split": whole[row["id"]]["split"]} for row in rows} == whole
        parts = {split: [row["id"] for row in rows if row["split"] == split] for split in ("test", "validation")}
        assert all(ids == sorted(ids) for ids in parts.values())
        drawn[seed] = parts["validation"]
    assert read(train, test, validation=10, seed=1) == rows
    assert drawn[0] != drawn[1]
    assert storage.manifest_of(tmp_path / "out.parquet")["rows"] == {"train": 40, "test": 30, "validation": 10}


def test_a_limit_holds_for_test_rows_beside_those_set_aside(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.jsonl", [{"input": f"{n}", "target": "y"} for n in range(40)])
    counts = Counter(row["split"] for row in read(file, file, limit=20, validation=5))
    assert counts == {"train": 20, "test": 20, "validation": 5}


def test_more_validation_rows_than_the_test_split_can_give_are_refused(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.csv")
    assert refused(file, test=file, validation=3) == (
        "datasets.mine.validation: given 3, and the test split has 3 usable rows: some must be left for testing. "
        "Lower it."
    )


def test_validation_needs_a_test_split() -> None:
    files = {"kind": "files", "train": "rows.csv"}
    with pytest.raises(ValueError, match=r"`validation` sets rows of the test split aside, and `source.test` names"):
        Dataset.model_validate({"task": "qa", "source": files, "validation": 5})


HUB = {"kind": "hub", "name": "someone/something", "configuration": "plain", "revision": "abc123", "test": "validation"}


def test_rows_of_the_hub_are_asked_for_by_configuration_revision_and_split(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Any, ...]] = []

    def load(*names: Any, **keys: Any) -> Iterator[dict[str, str]]:
        asked.append((*names, keys))
        return iter([{"input": f"{keys['split']} text", "target": "y"}] * 2)

    monkeypatch.setattr(datasets, "load_dataset", load)
    rows = written({"source": HUB}, {}, tmp_path)
    assert asked == [
        ("someone/something", "plain", {"revision": "abc123", "split": split}) for split in ("train", "validation")
    ]
    assert [(row["id"], row["split"], row["input"]) for row in rows] == [
        ("train-0", "train", "train text"),
        ("train-1", "train", "train text"),
        ("test-0", "test", "validation text"),
        ("test-1", "test", "validation text"),
    ]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConnectionError("Couldn't reach\nthe hub"), "Couldn't reach the hub. Check the network and the name;"),
        (FileNotFoundError("no such dataset"), "no such dataset. Check the network"),
        (RuntimeError(), "RuntimeError. Check the network"),
    ],
)
def test_a_hub_that_cannot_be_reached_gives_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    def load(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(datasets, "load_dataset", load)
    with pytest.raises(UserError) as raised:
        written({"source": HUB}, {}, tmp_path)
    message = str(raised.value)
    assert message.startswith(
        "datasets.mine: 'someone/something' (configuration 'plain', revision 'abc123'): cannot be loaded from the hub: "
    )
    assert said in message
    assert message.endswith("use `kind: files`.")
    assert "\n" not in message


def test_without_network_the_hub_gives_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    with pytest.raises(UserError, match=r"'someone/something'.*cannot be loaded from the hub.*Check the network"):
        written({"source": HUB}, {}, tmp_path)


def test_a_split_that_the_hub_does_not_have_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_: Any, **keys: Any) -> Iterator[dict[str, str]]:
        if keys["split"] == "validation":
            raise ValueError("Unknown split \"validation\". Should be one of ['train', 'test'].")
        return iter([{"input": "text", "target": "y"}])

    monkeypatch.setattr(datasets, "load_dataset", load)
    with pytest.raises(UserError, match=r"split 'validation': Unknown split .* Should be one of \['train', 'test'\]"):
        written({"source": HUB}, {}, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_synthetic_corpora_are_interleaved_and_splits_share_no_document(tmp_path: Path) -> None:
    synthetic = {"kind": "synthetic", "corpora": ["news", "reviews"], "train": 3, "test": 2, "seed": 1}
    rows = written({"source": synthetic}, {}, tmp_path)
    assert [row["id"].split("-")[0] for row in rows] == ["news", "reviews"] * 5
    assert [row["split"] for row in rows] == ["train"] * 6 + ["test"] * 4
    assert len({row["id"] for row in rows}) == len({row["input"] for row in rows}) == 10
