"""From a source's rows to instruction, input, target and references, by the templates of the configuration.

Text is data: templates come from the configuration and only name columns; a column's text is inserted unchanged.
"""

from __future__ import annotations

import hashlib
import string
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from memorization.config.data import Dataset
from memorization.datasets.rows import Row, one_line, require
from memorization.errors import UserError

RenderedRow = dict[str, Any]
"""A row of schema `dataset`."""


def rendered(name: str, dataset: Dataset, rows: Iterable[Row], left_out: Counter[str]) -> Iterator[RenderedRow]:
    """Rows of schema `dataset`, without short inputs, rows whose label is null and, if configured, repeated inputs.

    Counts in `left_out` the rows that are left out, by reason. Raises UserError for templates that do not only name
    columns, missing columns, values that are null or not text, and labels outside the mapping.
    """
    fields = {key: _fields(name, key, getattr(dataset, key)) for key in ("instruction", "input", "target")}
    named = {key: [field.split(".")[0] for field in names] for key, names in fields.items()}
    if dataset.references is not None:
        named["references"] = [dataset.references.split(".")[0]]
    seen: set[bytes] = set()
    for row in rows:
        for key, names in named.items():
            require(f"datasets.{name}.{key}", names, row.values, row.place)
        target = _target(name, dataset, fields["target"], row)
        if target is None:
            left_out["targets whose label is null"] += 1
            continue
        texts = {key: _render(name, dataset, key, fields[key], row) for key in ("instruction", "input")}
        texts["target"] = target
        references = _references(name, dataset.references, row)
        for key, value in [*texts.items(), *(("references", text) for text in references or [])]:
            _require_unicode(name, key, value, row)
        text = texts["input"]
        if len(text) < dataset.minimum_input_characters:
            left_out[f"inputs shorter than {dataset.minimum_input_characters} characters"] += 1
            continue
        if dataset.deduplicate:
            digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
            if digest in seen:
                left_out["repeated inputs"] += 1
                continue
            seen.add(digest)
        identifier = row.values.get("id")
        identifier = f"{row.split}-{row.number}" if identifier is None else str(identifier)
        yield {"id": identifier, "split": row.split, **texts, "references": references}


def _fields(name: str, key: str, template: str) -> list[str]:
    """Columns that a template names; conversions and format specifications are refused."""
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
    return names


def _require_unicode(name: str, key: str, text: str, row: Row) -> None:
    # JSON can encode half of a surrogate pair, which UTF-8 cannot.
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UserError(
            f"datasets.{name}.{key}: {row.place}: character {error.start} is half of a surrogate pair "
            f"({text[error.start]!r}); every {key} must be Unicode text."
        ) from error


def _render(name: str, dataset: Dataset, key: str, fields: list[str], row: Row) -> str:
    values = {field: _reach(name, key, field, row) for field in fields}
    for field, value in values.items():
        if value is None:
            raise UserError(
                f"datasets.{name}.{key}: {row.place}: column {field!r} is null; every {key} must be text.{_advice(key)}"
            )
        if not isinstance(value, str) and (key == "input" or not isinstance(value, (int, float, bool))):
            raise UserError(
                f"datasets.{name}.{key}: {row.place}: column {field!r} contains {type(value).__name__} "
                f"({str(value)[:40]!r}); every {key} must be text."
            )
    template = getattr(dataset, key)
    return "".join(
        literal + (str(values[field]) if field is not None else "")
        for literal, field, _, _ in string.Formatter().parse(template)
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
        if value is None:
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
