"""Schemas: columns in order, meanings from docstrings, one module per table."""

import pyarrow as pa
import pytest
from all_schemas import TABLES

from memorization.schemas.schema import INT32, TEXT, Column, Nullable, Schema, StudyTable


class Place(Schema):
    """Columns that tables begin with."""

    dataset = Column(TEXT, "")
    """dataset"""


class Lengths(StudyTable, Place):
    """A final table."""

    name = "lengths"

    length = Nullable(INT32, "characters")
    """length of a text;
    null without one
    """


def test_columns_are_those_of_the_bases_then_its_own_and_the_label_last() -> None:
    assert Lengths.arrow().names == ["study", "dataset", "length", "label"]
    assert Lengths.unlabelled().names == ["study", "dataset", "length"]


def test_fields_have_type_unit_and_the_meaning_that_their_docstring_gives() -> None:
    field = Lengths.arrow().field("length")
    assert (field.type, field.nullable) == (pa.int32(), True)
    assert field.metadata == {b"unit": b"characters", b"meaning": b"length of a text; null without one"}
    assert Lengths.unit_of("length") == "characters"
    assert not Lengths.arrow().field("dataset").nullable


@pytest.mark.parametrize("schema", [pytest.param(each, id=each.name) for each in TABLES])
def test_every_column_states_its_meaning(schema: type[Schema]) -> None:
    assert schema.__doc__
    assert all(field.metadata[b"meaning"] for field in schema.arrow())


def test_no_two_tables_have_one_name() -> None:
    assert len(TABLES) > 25
    assert len({schema.name for schema in TABLES}) == len(TABLES)
