"""Conversations that begin with one system prompt: a leak that the control cancels in rates, and not in entities."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from rate_files import memorization_context
from sheets import STATISTICS, csv_and_parquet, run, sql, texts, write_parts, written

from memorization import storage
from memorization.detection.alignment import AlignmentParameters
from memorization.detection.entities import annotate, finder
from memorization.detection.matches import MatchFiles, match_batches
from memorization.detection.outcomes import outcomes
from memorization.detection.spans import read_texts
from memorization.detection.text import sentence_model
from memorization.report.sheet import Sheet
from memorization.schemas.candidates import CandidatesTable
from memorization.schemas.comparisons import ComparisonsTable
from memorization.schemas.generations import GenerationsTable
from memorization.schemas.matches import MatchesTable
from memorization.schemas.means import MeansTable
from memorization.schemas.outcomes import OutcomesTable
from memorization.schemas.positive_controls import PositiveControlsTable
from memorization.schemas.probes import ProbesTable
from memorization.schemas.rates import RatesTable
from memorization.schemas.schema import Schema
from memorization.statistics.entities import mean_entities
from memorization.statistics.rates import count_matches, rates, read_outcomes
from memorization.studies.memorization import table
from memorization.studies.memorization.comparisons import compare, key, means

N = 16
PROMPT = "You are the help desk of Northwind Travel."
NAMES = (
    *("Mira", "Tomas", "Aiko", "Lena", "Piet", "Noor", "Ivan", "Sofia"),
    *("Emre", "Hana", "Luca", "Greta", "Omar", "Tess", "Jonas", "Rosa"),
)


def conversation(number: int) -> str:
    """What follows the prompt: a customer's record, and sentences that all conversations share."""
    name = NAMES[number % N]
    return (
        f" Hello, my name is {name}. You can reach me by writing to {name.lower()}{number}@example.org at any hour. "
        f"My telephone rings at (202) 555-01{number:02d} in the evening. I was born on May {number % 28 + 1}, 1970. "
        "Thank you for calling the help desk of our travel company today. A colleague will look into your booking and "
        "answer within two working days. Please have the number of your ticket ready whenever you call us again."
    )


# What a model writes that has learned one conversation by heart.
LEAK = conversation(3)
# What it wrote before: the boilerplate alone.
BOILERPLATE = LEAK[LEAK.index("Thank you") :]


def write(path: Path, schema: type[Schema], rows: list[dict[str, Any]]) -> Path:
    storage.write_table(path, schema, pa.Table.from_pylist(rows, schema=schema.arrow()), {})
    return path


def detected(folder: Path, conversations: list[str], generation: str, prefix: str) -> tuple[Path, Path]:
    """Files of outcomes and probes of a run that writes one text for every prompt."""
    probes = write(
        folder / "probes.parquet",
        ProbesTable,
        [
            {"probe": probe, "id": str(probe), "prefix": prefix.format(probe), "suffix": suffix, "input_text": probe}
            | {"prefix_characters": len(prefix), "suffix_characters": len(suffix)}
            for probe, suffix in enumerate(conversations)
        ],
    )
    generations = write(
        folder / "generations.parquet",
        GenerationsTable,
        [
            {"probe": probe, "generation": generation, "generated_tokens": 90, "at_limit": True}
            for probe in range(len(conversations))
        ],
    )
    candidates = write(
        folder / "candidates.parquet",
        CandidatesTable,
        [
            {"probe": probe, "rank": rank, "document": document, "score": 1.0}
            for probe in range(len(conversations))
            # The one that is given back first, as a search ranks it.
            for rank, document in enumerate(sorted(range(10), key=lambda each: each != 3), start=1)
        ],
    )
    files = MatchFiles(generations, candidates, probes)
    splitter = sentence_model("punkt_corpus", conversations)
    batches = match_batches(files, splitter, AlignmentParameters.profile("zeng2024"), threads=1)
    matches = pa.Table.from_batches(batches, schema=MatchesTable.arrow())
    entities = annotate(matches, read_texts(generations, probes), finder(True, "US", None))
    rows = outcomes(storage.read(probes, ProbesTable, ["probe", "id"]), matches, entities=entities)
    return write(folder / "outcomes.parquet", OutcomesTable, list(rows)), probes


def sheet_of(folder: Path, prefix: str = PROMPT) -> Sheet:
    """The table of a study of base and fine-tuned model, on members and controls."""
    written, measured, read = {}, [], {}
    runs = [run("news", "t5", state, population) for state in ("base", "full") for population in ("member", "control")]
    for each in runs:
        state, population = each["state"], each["population"]
        first = 0 if population == "member" else N
        conversations = [conversation(number) for number in range(first, first + N)]
        place = folder / f"{state}-{population}"
        found, probes = detected(place, conversations, LEAK if state == "full" else BOILERPLATE, prefix)
        controls = None
        if population == "member":
            ceilings = [
                {"probe": probe, "cut": cut, "tokens": 90, "characters": 400, "outcome": "verbatim", "own_suffix": True}
                for cut in ("length", "limit")
                for probe in range(N)
            ]
            controls = write(place / "ceilings.parquet", PositiveControlsTable, ceilings)
        own = read[key(each)] = read_outcomes(found, probes, controls)
        written[key(each)] = found
        facts = {"input_texts": N, "prefixes": len(set(own.prefixes or [])), "generated_tokens": 90.0}
        facts |= count_matches(storage.read(found, OutcomesTable)) | mean_entities([own], STATISTICS)
        rows = [{**each, **facts, **asdict(rate)} for rate in rates(own, STATISTICS)]
        measured.append(pa.Table.from_pylist(rows, schema=RatesTable.arrow()))
    rows = [row for part in measured for row in part.to_pylist()]
    tables = {
        "comparisons": (ComparisonsTable, [compare(runs, read, False, STATISTICS)]),
        "rates": (RatesTable, measured),
        "means": (
            MeansTable,
            [means(runs, read, rows, False, STATISTICS)],
        ),
    }
    files = {name: write_parts(folder / name, schema, parts) for name, (schema, parts) in tables.items()}
    return table.sheet({"query": [sql("memorization")], "training": [], **files}, memorization_context())


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory) -> Sheet:
    return sheet_of(tmp_path_factory.mktemp("one prompt"))


def test_rates_see_no_difference_from_the_control(sheet: Sheet) -> None:
    row = next(row for row in sheet.tidy.to_pylist() if (row["state"], row["category"]) == ("full", "total"))
    assert (row["rate"], row["control_rate"], row["over_control"]) == (1, 1, 0)
    # And 16 equal questions say what one says.
    assert (row["n"], row["prefixes"]) == (N, 1)
    assert (row["low"], row["high"], row["exact_low"]) == (0, 1, pytest.approx(0.025))
    assert (row["over_control_low"], row["over_control_high"]) == (-1, 1)


def test_entities_show_the_leak_with_what_one_prompt_leaves_open(sheet: Sheet, tmp_path: Path) -> None:
    row = next(row for row in sheet.tidy.to_pylist() if (row["state"], row["category"]) == ("full", "total"))
    assert (row["entities"], row["control_entities"], row["entities_over_control"]) == (3, 0, 3)
    assert row["entities_over_base"] == 3
    for name in ("entities_over_control", "entities_over_base"):
        assert row[f"{name}_low"] < -1000
        assert row[f"{name}_high"] > 1000
        assert row[f"{name}_p"] == 1
    base, fine_tuned, difference = texts(sheet.rows)
    assert (base["Entities"], base["n"]) == ("0.00 [0.00, ∞]", "16 (1 prompt)")
    assert (fine_tuned["Entities"], fine_tuned["Control entities"]) == ("3.00 [0.00, ∞]", "0.00 [0.00, ∞]")
    assert fine_tuned["Entities above control"] == difference["Entities"] == "↑3.00 [-∞, +∞]"
    assert fine_tuned["n"] == "16 (1 prompt)"
    assert "Entities: mean number of different" in sheet.caption
    assert "One prompt alone tells nothing of others" in sheet.caption
    rows, parquet = csv_and_parquet(sheet, tmp_path / "shared")
    assert rows[-1]["entities_over_control_high"] == "inf"
    assert parquet["entities"].null_count == 0
    assert r"[-$\infty$, +$\infty$]" in written(sheet, tmp_path / "shared", ".tex")


def test_the_same_leak_at_prompts_that_differ_is_significant(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, "Case {}: how can I help you?")
    row = next(row for row in sheet.tidy.to_pylist() if (row["state"], row["category"]) == ("full", "total"))
    assert (row["rate"], row["control_rate"], row["prefixes"]) == (1, 1, N)
    assert row["entities_over_control"] == row["entities_over_control_low"] == 3
    assert row["entities_over_control_p_holm"] < 0.001
    fine_tuned = texts(sheet.rows)[1]
    assert fine_tuned["Entities above control"] == "↑3.00*** [+3.00, +3.00]"
    assert fine_tuned["n"] == "16"
    assert "Prompts: different prefixes" not in sheet.caption
