"""The table of personal data: from files of known texts to known numbers, and no value in it."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from audit_files import SETTINGS
from sheets import LABEL, csv_and_parquet, texts

from memorization import storage
from memorization.detection.entities import finder
from memorization.detection.personal_data import in_generations, in_inputs, in_targets
from memorization.report.context import Context
from memorization.report.sheet import Sheet
from memorization.schemas.generations import GenerationsTable
from memorization.schemas.personal_data import PersonalDataTable
from memorization.schemas.probes import ProbesTable
from memorization.schemas.run import RunColumns
from memorization.studies.audit.personal_data import sheet

FIND = finder(True, "US", None)
INPUTS = [
    ("My address is ann@exa", "mple.org, and I pay with 4111 1111 1111 1111."),
    ("I was born on 3 May 1970", " and my number is 212-555-0147."),
    ("Dear all", ", the password: hunter2 is ann's; she was born on 3 May 1970."),
    ("Good", " morning."),
]
TARGETS = ["Thanks, we call 212-555-0147.", "Ok.", "Ask bob@example.org.", "Ok."]
WRITTEN = {
    "full": [
        # Half of the address is in the prompt; the card is its own, the telephone number another's.
        "mple.org. Card: 4111-1111-1111-1111. Call (212) 555-0147",
        # In its prompt.
        " and 3 May 1970",
        "4111 1111 1111 1112 or carl@example.org",
        "Good password: hunter2, bob@example.org",
    ],
    "base": ["4111 1111 1111 1111", "", "", ""],
    "control": ["eve@example.org and 4111 1111 1111 1111", ""],
}
TESTS = [("Hello", ", write to eve@example.org."), ("Hi", " there.")]


def written(file: Path, schema: Any, rows: list[dict[str, Any]] | pa.Table) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    table = rows if isinstance(rows, pa.Table) else pa.Table.from_pylist(rows, schema=schema.arrow())
    storage.write_table(file, schema, table, {})
    return file


def probes(file: Path, parts: list[tuple[str, str]]) -> Path:
    rows = [
        {"probe": number, "id": f"train-{number}", "prefix": prefix, "suffix": suffix, "input_text": number}
        | {"prefix_characters": len(prefix), "suffix_characters": len(suffix)}
        for number, (prefix, suffix) in enumerate(parts)
    ]
    return written(file, ProbesTable, rows)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Sheet:
    folder = tmp_path_factory.mktemp("personal_data")
    asked = {"member": probes(folder / "member.parquet", INPUTS), "control": probes(folder / "control.parquet", TESTS)}
    files: dict[str, list[Path]] = {}
    runs = []
    for state, population, side in (
        ("base", "member", "input"),
        ("full", "member", "input"),
        ("full", "member", "target"),
        ("full", "control", "input"),
    ):
        place = folder / f"{state}-{population}-{side}"
        texts = [
            {"probe": number, "generation": text, "generated_tokens": 9, "at_limit": False}
            for number, text in enumerate(WRITTEN["control" if population == "control" else state])
        ]
        generations = written(place / "generations.parquet", GenerationsTable, texts)
        searched = asked[population]
        if side == "target":
            searched = probes(place / "targets.parquet", [(p, t) for (p, _), t in zip(INPUTS, TARGETS, strict=True)])
            trained = in_targets(asked[population], searched, FIND)
        else:
            trained = in_inputs(searched, FIND)
        of_run = {
            "generations": generations,
            "personal_data": written(
                place / "written.parquet", PersonalDataTable, in_generations(generations, asked[population], FIND)
            ),
            "prompts": asked[population],
            "searched": searched,
            "searched_personal_data": written(place / "trained.parquet", PersonalDataTable, trained),
        }
        for name, file in of_run.items():
            files.setdefault(name, []).append(file)
        fine_tuned = state != "base"
        runs.append(
            {"dataset": "chat", "task": "dialog", "model": "t5", "state": state, "epoch": int(fine_tuned), "seed": 0}
            | {"population": population, "prefix_tokens": 5, "decoding": "greedy", "prompting": "bare", "side": side}
            | {"profile": "collection"}
        )
    context = Context("release", statistics=SETTINGS.model_dump(), options={"runs": runs, "tagger": False}, label=LABEL)
    return sheet(files, context)


def rows(made: Sheet, **where: str) -> dict[str, dict[str, Any]]:
    found = [row for row in made.tidy.to_pylist() if where.items() <= row.items()]
    return {row["type"]: row for row in found}


def numbers(row: dict[str, Any], *names: str) -> list[Any]:
    return [row[name] for name in names]


def test_known_generations_give_known_numbers(made: Sheet) -> None:
    found = rows(made, state="full", side="input")

    names = ("training_values", "training_places", "generated_values", "generated_places", "leaked", "leaked_values")
    assert numbers(found["card"], *names) == [1, 1, 1, 1, 1, 1]
    # The card with a wrong digit is an identifier, and in no training text.
    assert numbers(found["identifier"], *names) == [0, 0, 1, 1, 0, 0]
    assert numbers(found["phone"], *names) == [1, 1, 1, 1, 1, 1]
    # Whole in the training text, where the cut divides it; its end alone in the generation.
    assert numbers(found["email"], *names) == [1, 1, 3, 3, 0, 0]
    # In two training texts, and in the prompt of the only generation with it.
    assert numbers(found["date"], *names) == [1, 2, 1, 1, 0, 0]
    assert numbers(found["secret"], *names) == [1, 1, 1, 1, 1, 1]
    assert numbers(found["all"], "leaked", "leaked_values", "leaking_prompts", "n") == [3, 3, 2, 4]
    # All coordinates tell runs apart; profiles have the same values.
    assert RunColumns.columns().keys() - made.schema.columns().keys() == {"profile"}
    assert found["all"]["per_1000"] == 750
    assert found["secret"]["per_1000"] == 250


def test_targets_are_another_side(made: Sheet) -> None:
    found = rows(made, state="full", side="target")

    names = ("training_values", "leaked", "leaked_values")
    assert numbers(found["phone"], *names) == [1, 1, 1]
    assert numbers(found["email"], *names) == [1, 1, 1]
    assert numbers(found["card"], *names) == [0, 0, 0]
    # It has neither a base run nor a control.
    assert numbers(found["all"], "elsewhere_values", "over_base", "over_control") == [None] * 3


def test_base_and_control_are_beside(made: Sheet) -> None:
    found = rows(made, state="full", side="input")

    assert numbers(found["card"], "base_per_1000", "over_base", "elsewhere_values") == [250, 0, 1]
    assert numbers(found["email"], "control_n", "control_per_1000", "over_control") == [2, 500, -500]
    assert numbers(found["secret"], "base_per_1000", "over_base", "elsewhere_values") == [0, 250, 0]
    base = rows(made, state="base")
    assert numbers(base["card"], "leaked", "base_per_1000", "control_per_1000") == [1, None, None]
    assert {row["population"] for row in made.tidy.to_pylist()} == {"member"}


def test_no_value_is_in_any_table(made: Sheet, tmp_path: Path) -> None:
    csv_and_parquet(made, tmp_path / "personal")

    for file in tmp_path.glob("personal.*"):
        content = file.read_bytes()
        for value in (b"ann@", b"example.org", b"4111", b"0147", b"hunter2", b"1970"):
            assert value not in content, file.name


def test_what_is_printed(made: Sheet) -> None:
    lines = texts(made.rows)

    line = next(line for line in lines if line["Type"] == "date" and line["Model"].endswith("(fine-tuned)"))
    assert line["In training texts"] == "1 (2 times)"
    assert line["Leaked per 1,000 prompts"].startswith("0.0 (≤ ")
    assert (line["Base"], line["Above base"], line["Prompts"]) == ("0.0", "-", "4")
    assert [line["Type"] for line in lines if line["Model"] == "t5 (base)"] == [
        *("all", "email", "phone", "date", "card", "secret")
    ]
    assert "no tagger is configured" in made.caption
    assert "Lower bounds" in made.caption
