"""What a schema is: a class whose attributes are a table's columns, in order, and whose docstrings are their meanings.

A meaning is the docstring under its column because docstrings are no part of a digest of code (`freshness`): a reworded
one makes no result stale. A schema that has others as bases begins with their columns.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa

from memorization.imports import missing

with missing("pandas"):
    # Arrow looks for pandas with its first values, once.
    pa.array([0])

BOOL, INT32, INT64, FLOAT32, FLOAT64, TEXT = (
    pa.bool_(),
    pa.int32(),
    pa.int64(),
    pa.float32(),
    pa.float64(),
    pa.string(),
)


def list_of(kind: pa.DataType) -> pa.DataType:
    """Lists of that type without nulls in them."""
    return pa.list_(pa.field("element", kind, nullable=False))


@dataclass(frozen=True)
class Column:
    """One column of a table: Arrow type, and unit ("" where it has none)."""

    type: pa.DataType
    unit: str
    nullable: ClassVar[bool] = False


class Nullable(Column):
    """A column that may be null."""

    nullable = True


# Docstrings are read from the source, once for each schema.
_ARROW: dict[type[Any], pa.Schema] = {}


class Schema:
    """Base of all schemas; `name` is in the manifest of a table's file."""

    name: ClassVar[str]

    @classmethod
    def columns(cls) -> dict[str, Column]:
        """Columns by name, in the table's order."""
        own = {name: value for name, value in vars(cls).items() if isinstance(value, Column)}
        return {name: value for base in _bases(cls) for name, value in base.columns().items()} | own

    @classmethod
    def meanings(cls) -> dict[str, str]:
        """Meanings of the columns by name, from the docstrings under them."""
        return {name: text for base in _bases(cls) for name, text in base.meanings().items()} | _docstrings(cls)

    @classmethod
    def arrow(cls) -> pa.Schema:
        """The Arrow schema, with unit and meaning of every column in the metadata of its field."""
        if cls not in _ARROW:
            _ARROW[cls] = _arrow(cls)
        return _ARROW[cls]

    @classmethod
    def unit_of(cls, column: str) -> str:
        """Unit of a column; "" where it has none."""
        return cls.columns()[column].unit


class StudyTable(Schema):
    """A final table: begins with the study's name and ends with the configuration's label."""

    study = Column(TEXT, "")
    """study"""
    label = Column(TEXT, "")
    """the configuration's label, such as that of a demonstration"""

    @classmethod
    def columns(cls) -> dict[str, Column]:
        """Columns by name, in the table's order."""
        columns = super().columns()
        return columns | {"label": columns.pop("label")}

    @classmethod
    def unlabelled(cls) -> pa.Schema:
        """The Arrow schema without the label, which is put in when the table is written."""
        schema = cls.arrow()
        return schema.remove(schema.get_field_index("label"))


def _bases(schema: type[Schema]) -> list[type[Schema]]:
    return [base for base in schema.__bases__ if issubclass(base, Schema)]


def _arrow(schema: type[Schema]) -> pa.Schema:
    meanings = schema.meanings()
    return pa.schema(
        [
            pa.field(name, each.type, each.nullable, metadata={"unit": each.unit, "meaning": meanings[name]})
            for name, each in schema.columns().items()
        ]
    )


def _docstrings(schema: type[Any]) -> dict[str, str]:
    """The text under each attribute of a class, on one line."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(schema))).body
    assert isinstance(definition, ast.ClassDef)
    texts = {}
    for statement, following in zip(definition.body, definition.body[1:], strict=False):
        if isinstance(statement, ast.Assign) and isinstance(following, ast.Expr):
            (target,) = statement.targets
            if isinstance(target, ast.Name) and isinstance(following.value, ast.Constant):
                texts[target.id] = " ".join(str(following.value.value).split())
    return texts
