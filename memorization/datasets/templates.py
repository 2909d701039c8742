"""From a source's rows to instruction, input, target and references, by the templates of the configuration.

Text is data: templates come from the configuration and only name columns; a column's text is inserted unchanged.
"""

from __future__ import annotations

import math
import string
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from memorization.config.data import Dataset
from memorization.datasets.rows import RenderedRow, Row, is_null, one_line, require
from memorization.errors import UserError

TEMPLATES = ("instruction", "input", "target")


def by_templates(
    name: str, dataset: Dataset, rows: Iterable[Row], left_out: Counter[str]
) -> Iterator[tuple[Row, RenderedRow]]:
    """Each row with what the templates make of it (schema `dataset`), without those whose label is null.

    Counts in `left_out` the rows that are left out. Raises UserError for templates that do not only name columns,
    missing columns, values that are null or not text, and labels outside the mapping.
    """
    fields = {key: template_columns(name, key, getattr(dataset, key)) for key in TEMPLATES}
    named = named_columns(name, dataset)
    for row in rows:
        for key, names in named.items():
            require(f"datasets.{name}.{key}", names, row)
        refuse_bare_name(name, dataset.instruction, row.values if row.columns is None else row.columns)
        target = _target(name, dataset, fields["target"], row)
        if target is None:
            left_out["targets whose label is null"] += 1
            continue
        text = _render(name, dataset, "input", fields["input"], row)
        # What all rows share is no row's, so that another such instruction changes none of them.
        own = bool(fields["instruction"])
        instruction = _render(name, dataset, "instruction", fields["instruction"], row) if own else None
        texts = {"instruction": instruction, "input": text, "target": target}
        references = _references(name, dataset.references, row)
        yield row, {"id": row.identifier, "split": row.split, **texts, "turns": None, "references": references}


def named_columns(name: str, dataset: Dataset) -> dict[str, list[str]]:
    """Columns that a dataset's settings name, by key; `split_column` is the source's, and `id` is never required.

    Raises UserError like `template_columns`.
    """
    named = {key: template_columns(name, key, getattr(dataset, key)) for key in TEMPLATES}
    if dataset.references is not None:
        named["references"] = [dataset.references]
    return {key: [field.split(".")[0] for field in fields] for key, fields in named.items()}


def template_columns(name: str, key: str, template: str) -> list[str]:
    """What a template takes from a row, as `column` or `column.inner.0`.

    UserError for conversions and format specifications, and for a text of the data that would be the same in all rows.
    """
    names = []
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise UserError(f"datasets.{name}.{key}: template {template!r}: {one_line(error)}") from error
    for _, field, specification, conversion in parts:
        if field is None:
            continue
        if not field or specification or conversion or "[" in field:
            raise UserError(
                f"datasets.{name}.{key}: template {template!r}: {{{field}}} is not allowed; a template names columns, "
                "as in {column} or {column.inner.0}."
            )
        names.append(field)
    if not names and (key == "input" or (key == "target" and template.strip())):
        columns = f"write {{{template}}}" if template.isidentifier() else "name a column, as in {column}"
        raise UserError(
            f"datasets.{name}.{key}: template {template!r} names no column, so that every {key} would be this text; "
            f"{columns}, in quotes."
        )
    return names


def shared_instruction(name: str, dataset: Dataset) -> str | None:
    """The instruction that all rows share; None where each row has its own.

    That is where its template names columns, or rows are conversations. Raises UserError like `template_columns`.
    """
    if dataset.conversation is not None:
        return None
    own = template_columns(name, "instruction", dataset.instruction)
    return None if own else _filled_in(dataset.instruction, {})


def refuse_bare_name(name: str, instruction: str, columns: Collection[str]) -> None:
    """An instruction may be the same in all rows, but the mere name of a column is one that lacks its braces."""
    if instruction and instruction in columns:
        raise UserError(
            f"datasets.{name}.instruction: {instruction!r} is the name of a column, and would be the instruction of "
            f"every row as it stands; write {{{instruction}}}, in quotes."
        )


def _render(name: str, dataset: Dataset, key: str, fields: list[str], row: Row) -> str:
    values = {field: _reach(name, key, field, row) for field in fields}
    for field, value in values.items():
        if is_null(value):
            found = "null" if value is None else "not a number (NaN)"
            raise UserError(
                f"datasets.{name}.{key}: {row.place}: column {field!r} is {found}; every {key} must be text."
                f"{_advice(key)}"
            )
        if isinstance(value, list):
            values[field] = _joined(name, dataset, key, field, value, row)
        elif not isinstance(value, str) and (key == "input" or not _is_number(value)):
            raise _no_text(name, key, field, value, row)
    return _filled_in(getattr(dataset, key), values)


def _filled_in(template: str, values: Mapping[str, Any]) -> str:
    """A template's text with the value of each field."""
    return "".join(
        literal + (str(values[field]) if field is not None else "")
        for literal, field, _, _ in string.Formatter().parse(template)
    )


def _is_number(value: Any) -> bool:
    """Whether a value is written as a number; infinity is what JSON's reader makes of one that is too large."""
    return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))


def _joined(name: str, dataset: Dataset, key: str, field: str, parts: list[Any], row: Row) -> str:
    """The text of a column that is a list of texts."""
    if dataset.join is None:
        raise _no_text(name, key, field, parts, row, f" Set `datasets.{name}.join` to what is put between its texts.")
    for part in parts:
        if not isinstance(part, str):
            raise _no_text(name, key, field, parts, row, f" `join` joins texts, and one is {type(part).__name__}.")
    return dataset.join.join(parts)


def _no_text(name: str, key: str, field: str, value: Any, row: Row, advice: str = "") -> UserError:
    return UserError(
        f"datasets.{name}.{key}: {row.place}: column {field!r} contains {type(value).__name__} "
        f"({str(value)[:40]!r}); every {key} must be text.{advice}"
    )


def _target(name: str, dataset: Dataset, fields: list[str], row: Row) -> str | None:
    """A row's target; None where its label leaves the row out."""
    if dataset.missing_target is not None and any(_is_missing(field, row) for field in fields):
        return dataset.missing_target
    text = _render(name, dataset, "target", fields, row)
    if dataset.labels is None:
        return text
    if text not in dataset.labels:
        raise UserError(
            f"datasets.{name}.labels: {row.place}: the target is {text[:40]!r}, which has no label; "
            f"allowed: {', '.join(dataset.labels)}."
        )
    return dataset.labels[text]


def _is_missing(field: str, row: Row) -> bool:
    """Whether a path ends at a null or beyond the end of a list; a missing name is an error instead."""
    value: Any = row.values
    for step in field.split("."):
        if isinstance(value, list) and step.isdecimal() and int(step) >= len(value):
            return True
        try:
            value = value[int(step)] if isinstance(value, list) else value[step]
        except (KeyError, IndexError, ValueError, TypeError):
            return False
        if is_null(value):
            return True
    return False


def _references(name: str, path: str | None, row: Row) -> list[str] | None:
    """All correct answers of a row, which its column lists; None where no column is configured."""
    if path is None:
        return None
    value = _reach(name, "references", path, row)
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise UserError(
            f"datasets.{name}.references: {row.place}: {path!r} contains {type(value).__name__} ({str(value)[:40]!r}); "
            "it must be a list of texts."
        )
    return value


def _reach(name: str, key: str, field: str, row: Row) -> Any:
    value: Any = row.values
    for step in field.split("."):
        try:
            value = value[int(step)] if isinstance(value, list) else value[step]
        except (KeyError, IndexError, ValueError, TypeError):
            raise UserError(
                f"datasets.{name}.{key}: {row.place}: {{{field}}} cannot be reached at {step!r}.{_advice(key)}"
            ) from None
    return value


def _advice(key: str) -> str:
    return " Where rows have none, set the target that they get: `missing_target`." if key == "target" else ""
