"""From a source's rows to rows of schema `dataset`: by templates or as conversations, and which are left out."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator

from memorization.config.data import Dataset
from memorization.datasets import conversations, templates
from memorization.datasets.rows import RenderedRow, Row, is_blank, require_unicode


def rendered(name: str, dataset: Dataset, rows: Iterable[Row], left_out: Counter[str]) -> Iterator[RenderedRow]:
    """Rows of schema `dataset`, without short or blank inputs and, if configured, repeated inputs.

    Counts in `left_out` the rows that are left out, by reason. Raises UserError like `templates.by_templates` and
    `conversations.by_turn`, and for texts that are not Unicode.
    """
    return (texts for _, texts in placed(name, dataset, rows, left_out))


def placed(
    name: str, dataset: Dataset, rows: Iterable[Row], left_out: Counter[str]
) -> Iterator[tuple[Row, RenderedRow]]:
    """Each row of `rendered` with the source's row that it is made of."""
    if dataset.conversation is None:
        made = templates.by_templates(name, dataset, rows, left_out)
    else:
        made = conversations.by_turn(name, dataset.conversation, rows, left_out)
    seen: set[bytes] = set()
    for row, texts in made:
        text = texts["input"]
        parts = [(key, texts[key]) for key in templates.TEMPLATES]
        for key, value in [*parts, *(("references", each) for each in texts["references"] or [])]:
            if value is not None:
                require_unicode(f"datasets.{name}.{key}", key, value, row)
        if len(text) < dataset.minimum_input_characters:
            left_out[f"inputs shorter than {dataset.minimum_input_characters} characters"] += 1
            continue
        if is_blank(text):
            left_out["inputs without a visible character"] += 1
            continue
        if dataset.deduplicate:
            digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
            if digest in seen:
                left_out["repeated inputs"] += 1
                continue
            seen.add(digest)
        require_unicode(f"datasets.{name}: id", "id", texts["id"], row)
        yield row, texts


def columns_read(name: str, dataset: Dataset) -> set[str]:
    """The columns of a source that are read: those that the settings name, and ids.

    `split_column` is the source's own. Raises UserError where a template does not only name columns.
    """
    if dataset.conversation is not None:
        return {"id", *conversations.columns(dataset.conversation)}
    return {"id"}.union(*templates.named_columns(name, dataset).values())
