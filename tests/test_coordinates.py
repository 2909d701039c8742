"""Coordinates: from wildcards to columns, and tables whose rows begin with them."""

from typing import Any

import pyarrow as pa
import pytest

from memorization.config.project import Statistics
from memorization.coordinates import coordinates_of, table
from memorization.schemas.definition_rates import DefinitionRatesTable
from memorization.schemas.definitions import DefinitionsTable
from memorization.schemas.density_means import DensityMeansTable
from memorization.schemas.extraction import ExtractionTable
from memorization.schemas.quality import QualityScoresTable
from memorization.schemas.rates import RatesTable
from memorization.schemas.run import AnswerColumns, AttentionColumns, RunColumns
from memorization.schemas.schema import Schema
from memorization.statistics.estimates import DEFINITIONS, estimates
from memorization.statistics.rates import CATEGORIES, RunOutcomes, rates
from memorization.studies.attention.density_means import DensityMean
from memorization.studies.likelihood.extraction import Extraction
from memorization.studies.quality.scores import Score

WILDCARDS = {
    "dataset": "news",
    "model": "t5",
    "state": "full",
    "epoch": "3",
    "seed": "1",
    "population": "member",
    "prefix_tokens": "50",
    "decoding": "greedy",
    "prompting": "bare",
    "side": "input",
    "profile": "zeng2024",
}
VALUES: dict[str, Any] = {**WILDCARDS, "task": "qa", "epoch": 3, "seed": 1, "prefix_tokens": 50}
SETTINGS = Statistics(draws=10)


def test_epochs_and_prefix_tokens_are_whole_numbers_and_other_wildcards_are_left_out() -> None:
    assert coordinates_of({**WILDCARDS, "study": "disparity"}, "qa") == VALUES
    with pytest.raises(ValueError, match="three"):
        coordinates_of(WILDCARDS | {"epoch": "three"}, "qa")


@pytest.mark.parametrize("columns", [AnswerColumns, AttentionColumns])
def test_answers_and_attention_have_coordinates_of_runs(columns: type[Schema]) -> None:
    assert columns.columns().items() <= RunColumns.columns().items()


@pytest.mark.parametrize(
    ("schema", "lacking", "row"),
    [
        (
            QualityScoresTable,
            ("population", "prefix_tokens", "side", "profile"),
            Score("f1", "fraction", n=9, value=0.5),
        ),
        (
            DensityMeansTable,
            ("prefix_tokens", "decoding", "side", "profile"),
            DensityMean(2, "gini", "fraction", 9, 0.5, 0.4, 0.6),
        ),
        (
            ExtractionTable,
            ("decoding", "side", "profile"),
            Extraction("drawn", "expected", 4, 10, n=9, value=0.5, low=0.4, high=0.6),
        ),
    ],
)
def test_every_row_begins_with_the_coordinates(schema: type[Schema], lacking: tuple[str, ...], row: Any) -> None:
    coordinates = coordinates_of({key: value for key, value in WILDCARDS.items() if key not in lacking}, "qa")
    written = table(schema, coordinates, [row, row])
    assert written.schema.equals(schema.arrow())
    assert written.num_rows == 2
    expected = {key: value for key, value in VALUES.items() if key not in lacking} | vars(row)
    assert written.to_pylist()[1] == {name: expected[name] for name in schema.arrow().names}


def test_rows_have_the_schema_of_rates() -> None:
    shared = {"input_texts": 2, "prefixes": 2, "generated_tokens": 7.5}
    matches = {"own_matches": 0, "matched_suffixes": 1, "condensing": 0}
    measured = rates(RunOutcomes(["idea", "none"]), SETTINGS)
    written = table(RatesTable, coordinates_of(WILDCARDS, "qa"), measured, **shared, **matches)
    assert written.schema.equals(RatesTable.arrow())
    assert written["epoch"].to_pylist() == [3] * 4
    assert written["generated_tokens"].to_pylist() == [7.5] * 4
    assert written["category"].to_pylist() == list(CATEGORIES)


def test_estimates_have_the_schema_of_definition_rates() -> None:
    schema = DefinitionsTable.arrow()
    columns = {field.name: [False if pa.types.is_boolean(field.type) else 0] * 4 for field in schema}
    rows = estimates(pa.table(columns, schema=schema), SETTINGS)
    written = table(DefinitionRatesTable, coordinates_of(WILDCARDS, "qa"), rows)
    assert written.schema.equals(DefinitionRatesTable.arrow())
    assert written["definition"].to_pylist() == list(DEFINITIONS)


def test_a_table_may_have_no_rows() -> None:
    assert table(RatesTable, coordinates_of(WILDCARDS, "qa"), []).schema.equals(RatesTable.arrow())
