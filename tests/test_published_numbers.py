"""Published numbers: those of the paper's tables, each once, in the configuration's own names."""

import csv
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from memorization.report.query import PUBLISHED_COLUMNS

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "workflow/published").glob("*.csv"))
PAPER = ROOT.parent / "shared" / "paper"
RATES = ("total", "verbatim", "idea", "paraphrase_high", "paraphrase_low")
METRICS = ("rouge1", "rouge2", "rougeL", "rougeLsum", "accuracy", "exact_match")
COORDINATES = ("dataset", "model", "state", "epoch", "decoding", "prefix_tokens", "category")

# The paper's tables in its own names: file, and for the tables of intervals the file that they belong to.
DATASETS = {
    "multi_news": "multi_news",
    "multi-news": "multi_news",
    "chatdoctor": "chatdoctor",
    "healthcaremagic": "chatdoctor",
    "imdb": "imdb",
    "squad_v2": "squad_v2",
    "squad v2": "squad_v2",
    "wmt": "wmt16",
    "wmt_19": "wmt19",
    "cnn/daily mail": "cnn_dailymail",
    "cnn_daily": "cnn_dailymail",
    "race": "race",
    "adversarial_qa": "adversarial_qa",
    "duorc_selfrc": "duorc",
    "boolq": "boolq",
    "ag_news": "ag_news",
    "summary": "renttherunway_summary",
    "sentiment classification": "renttherunway_sentiment",
}
DECODINGS = {"Top-K": "top_k", "Top-p": "top_p", "Temp": "temperature", "Greedy": "greedy"}
PARAPHRASES = {"paraphrase_high", "paraphrase_low"}
HEADINGS = {
    "memorization_rate": "total",
    "rougel": "rougeL",
    "rougelsum": "rougeLsum",
    # Table 20 leaves digits and letters out of its headings.
    "rouge": "rouge2",
    "rougesum": "rougeLsum",
}
# Tables of intervals, and the tables of the rates that they bound.
INTERVALS = {12: 1, 13: 2, 14: 6, 15: 7}
PERCENT = {17, 19, 21}


def read(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def everything() -> list[dict[str, str]]:
    return [row for file in FILES for row in read(file)]


def state_of(number: int, row: dict[str, str]) -> str:
    """The state of a row of the paper."""
    name = row.get("model", "").lower()
    if number in (1, 12) or name.startswith("flan"):
        return "base"
    if name == "difference":
        return "difference"
    if name == "gpt-neo-ft":
        return "full_gpt_neo"
    return "base" if name in ("t5-base", "gpt-neo") else "full"


def paper_numbers() -> list[tuple[str, dict[str, str], str, Decimal]]:
    """(table, coordinates, column, value) of every number of the paper, from a copy of its tables."""
    numbers = []
    for file in sorted(PAPER.glob("table*.csv")):
        number = int(file.stem[5:7])
        for row in read(file):
            coordinates = {"dataset": DATASETS[row["dataset"].lower()], "state": state_of(number, row)}
            if "epochs" in row:
                coordinates["epoch"] = row["epochs"]
            if "decoding" in row:
                coordinates["decoding"] = DECODINGS[row["decoding"]]
            if "prefix_length" in row:
                coordinates["prefix_tokens"] = row["prefix_length"]
            if number >= 16:
                size = row["model"].lower().split("-")[-1]
                flan = row["model"].lower().startswith("flan")
                coordinates["model"] = f"flan-t5-{'xl' if size == '3b' else size}" if flan else f"t5-{size}"
            for heading, text in row.items():
                name = HEADINGS.get(heading, heading)
                if text and name in (*RATES, *METRICS, "low", "high"):
                    value = Decimal(text) / (100 if number in PERCENT else 1)
                    numbers.append((f"Table {INTERVALS.get(number, number)}", coordinates, name, value))
    return numbers


@pytest.mark.skipif(not PAPER.is_dir(), reason="the paper's tables are not beside the repository")
def test_the_numbers_are_exactly_those_of_the_paper() -> None:
    ours: Counter[tuple[Any, ...]] = Counter()
    for row in everything():
        for column in ("value", "low", "high"):
            if row[column]:
                ours[row["table"], row["dataset"], row["state"], column, Decimal(row[column])] += 1
    theirs: Counter[tuple[Any, ...]] = Counter()
    for table, coordinates, name, value in paper_numbers():
        column = name if name in ("low", "high") else "value"
        theirs[table, coordinates["dataset"], coordinates["state"], column, value] += 1

    assert ours == theirs
    assert sum(ours.values()) == 485


@pytest.mark.skipif(not PAPER.is_dir(), reason="the paper's tables are not beside the repository")
def test_every_number_has_its_coordinates() -> None:
    rows = everything()
    for table, coordinates, name, value in paper_numbers():
        category, column = ("total", name) if name in ("low", "high") else (name, "value")
        if table == "Table 6" and category in PARAPHRASES:
            # Its headings are swapped.
            [category] = PARAPHRASES - {category}
        [row] = [
            row
            for row in rows
            if (row["table"], row["category"]) == (table, category)
            and all(row[key] == given for key, given in coordinates.items())
        ]
        assert Decimal(row[column]) == value, (table, coordinates, name)


def test_greedy_rates_of_table_6_are_those_of_tables_2_and_7() -> None:
    """This shows which of its headings are swapped."""
    by_file = {file.stem: read(file) for file in FILES}

    def rates(name: str, **coordinates: str) -> dict[tuple[str, str], str]:
        return {
            (row["dataset"], row["category"]): row["value"]
            for row in by_file[name]
            if all(row[key] == value for key, value in coordinates.items())
        }

    greedy = rates("decodings", decoding="greedy")
    assert len(greedy) == 20
    for other in (rates("task_disparity", state="full"), rates("prefix_lengths", prefix_tokens="50")):
        assert {key: value for key, value in other.items() if key in greedy} == greedy


def test_categories_add_up_to_the_total() -> None:
    """If they do not, a note states that. Differences of the paper are differences of its rates."""
    runs: dict[tuple[str, ...], dict[str, dict[str, str]]] = {}
    for row in everything():
        if row["category"] in RATES:
            run = tuple(row[key] for key in ("table", *COORDINATES[:-1]))
            runs.setdefault(run, {})[row["category"]] = row
    added = 0
    for run, categories in runs.items():
        if len(categories) == len(RATES):
            total = sum(Decimal(categories[category]["value"]) for category in RATES[1:])
            noted = "add up" in categories["total"]["note"]
            assert (total != Decimal(categories["total"]["value"])) == noted, run
            added += 1
    assert added > 40


def test_differences_are_those_of_the_rates() -> None:
    for name, recipe in (("task_disparity", "full"), ("gpt_neo", "full_gpt_neo")):
        rows = read(ROOT / f"workflow/published/{name}.csv")
        value = {(row["dataset"], row["category"], row["state"]): row["value"] for row in rows}
        differences = [key for key, given in value.items() if key[2] == "difference" and given]
        assert len(differences) > 3
        for dataset, category, state in differences:
            full, base = (Decimal(value[dataset, category, each]) for each in (recipe, "base"))
            assert full - base == Decimal(value[dataset, category, state])


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_a_file_names_what_the_configuration_names(file: Path) -> None:
    rows = read(file)
    paper = yaml.safe_load((ROOT / "configs/paper.yaml").read_text(encoding="utf-8"))
    decodings = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["decodings"] | paper["decodings"]

    assert list(rows[0]) == ["table", *COORDINATES, "value", "low", "high", "note"]
    assert set(PUBLISHED_COLUMNS) <= set(rows[0])
    for row in rows:
        assert row["dataset"] in paper["datasets"]
        assert row["model"] in paper["models"]
        assert row["state"] in {"base", "difference"} | set(paper["recipes"])
        assert row["decoding"] in {"", *decodings}
        assert row["epoch"] in {"", "0"} | {str(epoch) for epoch in paper["recipes"]["full"]["keep"]}
        assert (row["epoch"] == "0") <= (row["state"] == "base")
        assert row["category"] in (METRICS if file.stem.startswith("quality") else RATES)
        assert row["prefix_tokens"] == "" or int(row["prefix_tokens"]) > 0
        for column in ("value", "low", "high"):
            assert row[column] == "" or -1 <= Decimal(row[column]) <= 1
        if row["low"] and row["value"]:
            assert Decimal(row["low"]) <= Decimal(row["value"]) <= Decimal(row["high"])
    # A number that occurs twice would show a run twice.
    assert max(Counter(tuple(row[key] for key in COORDINATES) for row in rows).values()) == 1


def test_contradictions_of_the_paper_are_noted() -> None:
    notes = {(row["table"], row["dataset"], row["state"], row["epoch"]): row["note"] for row in everything()}
    rows = everything()
    [base] = [row for row in rows if (row["table"], row["dataset"], row["state"]) == ("Table 2", "squad_v2", "base")][
        :1
    ]
    assert "narrower than 10,000 probes allow" in base["note"]
    assert "22.33%" in notes["Table 5", "multi_news", "full", "10"]
    assert (
        "Table 11 22.32%" in next(row for row in rows if row["value"] == "0.2233" and row["table"] == "Table 2")["note"]
    )
    swapped = [row for row in rows if row["table"] == "Table 6" and row["category"] in PARAPHRASES]
    assert all("the wrong way round" in row["note"] for row in swapped)
