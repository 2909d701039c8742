"""Which training records came back in an audit's runs, and how: evidence by text, then one row per record.

Every match counts, not only the one that decides a probe's outcome: records that nearly equal one another come back
together, and a model is to be trained without all of them. None is a match with a text that stands in the prompt, as
an earlier answer of the same dialogue does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from memorization import storage
from memorization.detection.entities import key_of as entity_key
from memorization.detection.outcomes import category
from memorization.detection.similarity import longest_common_run, longest_equal_run
from memorization.detection.spans import MatchKey, match_key
from memorization.schemas.generations import GenerationsTable
from memorization.schemas.leaked_records import LeakedRecordsTable
from memorization.schemas.outcomes import STRENGTH
from memorization.schemas.probes import ProbesTable
from memorization.studies.audit.texts import Key, Searched, key_of, side_text

Row = dict[str, Any]


class RunFiles(NamedTuple):
    """Files of a run: what its model wrote and was asked (`plan.asked`), and what was found in it; the last two only
    where they are configured.
    """

    generations: Path
    asked: Path
    matches: Path
    paraphrases: Path | None = None
    entities: Path | None = None


@dataclass
class Leak:
    """How one training text came back: what all runs show together."""

    strength: int = len(STRENGTH)
    """Place of its strongest category in `STRENGTH`."""
    prompts: set[Key] = field(default_factory=set)
    decodings: set[str] = field(default_factory=set)
    promptings: set[str] = field(default_factory=set)
    prefix_lengths: set[int] = field(default_factory=set)
    sides: set[str] = field(default_factory=set)
    characters: int = 0
    words: int = 0
    own: bool = False
    other: bool = False
    entities: set[tuple[str, str]] = field(default_factory=set)
    """Type and key of each."""

    def add(self, other: Leak) -> None:
        """Add what another one shows."""
        self.strength = min(self.strength, other.strength)
        self.characters, self.words = max(self.characters, other.characters), max(self.words, other.words)
        self.own, self.other = self.own or other.own, self.other or other.other
        for name in ("prompts", "decodings", "promptings", "prefix_lengths", "sides", "entities"):
            getattr(self, name).update(getattr(other, name))


class Leaks:
    """Texts of one dataset's training records that came back, by their keys (`texts`)."""

    def __init__(self) -> None:
        """Nothing has come back."""
        self.found: dict[Key, Leak] = {}
        self.searched: set[Key] = set()
        """All texts that generations were compared with."""
        self.by_base: set[Key] | None = None
        """Texts that a base model gave back; None where none was asked."""
        self.looked_for_entities = False

    def add_base(self, files: RunFiles, texts: Searched) -> None:
        """Add a run of a base model, by which others are judged."""
        documents = {row["document"] for row in _rows(files.matches, ["document"])}
        keys = {texts.key(probe) for document in documents for probe in texts.equal(document)}
        self.by_base = keys if self.by_base is None else self.by_base | keys

    def add_run(self, run: Mapping[str, Any], files: RunFiles, texts: Searched) -> None:
        """Add a run on training inputs; `run` are its coordinates, `texts` what was searched for."""
        generations = storage.read(files.generations, GenerationsTable, ["generation"])["generation"]
        prompts = storage.read(files.asked, ProbesTable, ["prefix"])["prefix"]
        judged = None if files.paraphrases is None else {match_key(row): row for row in _rows(files.paraphrases)}
        leaked = {} if files.entities is None else _leaked_entities(files.entities)
        self.looked_for_entities = self.looked_for_entities or files.entities is not None
        for (probe, _), rows in groupby(_rows(files.matches), lambda row: (row["probe"], row["rank"])):
            spans = list(rows)
            document, prompt = spans[0]["document"], str(prompts[probe].as_py())
            if texts.suffix(document) in prompt:
                continue
            entities = {entity for span in spans for entity in leaked.get(match_key(span), ())}
            leak = Leak(
                STRENGTH.index(category(spans, judged)),
                {key_of(prompt)},
                {run["decoding"]},
                {run["prompting"]},
                {run["prefix_tokens"]},
                {run["side"]},
                own=probe in texts.equal(document),
                other=probe not in texts.equal(document),
                entities=entities,
            )
            self._add(leak, str(generations[probe].as_py()), texts.suffix(document), self._keys(texts, document))

    @staticmethod
    def _keys(texts: Searched, document: int) -> set[Key]:
        """The keys of all texts that have come back where this document has."""
        return {texts.key(probe) for probe in texts.equal(document)}

    def _add(self, leak: Leak, generation: str, text: str, keys: set[Key]) -> None:
        known = [self.found.setdefault(key, Leak()) for key in keys]
        # No run is longer than the shorter text, and most have been seen in another one already.
        if min(len(generation), len(text)) > min(each.characters for each in known):
            leak.characters = longest_common_run(generation, text)
            leak.words = _common_words(generation, text)
        for each in known:
            each.add(leak)


def _common_words(one: str, other: str) -> int:
    """Most words in a row that both texts contain."""
    numbers: dict[str, int] = {}
    return longest_equal_run(
        *([numbers.setdefault(word, len(numbers)) for word in text.split()] for text in (one, other))
    )


def _rows(file: Path, columns: list[str] | None = None) -> Iterator[Row]:
    for batch in storage.stream(file, columns):
        yield from batch.to_pylist()


def _leaked_entities(file: Path) -> dict[MatchKey, list[tuple[str, str]]]:
    """Type and key of what each match of a file of schema `entities` leaks; matches that leak nothing are left out."""
    return {
        match_key(row): [(entity["type"], entity_key(entity)) for entity in row["leaked"]]
        for row in _rows(file, ["probe", "rank", "span", "leaked"])
        if row["leaked"]
    }


def keys_of(record: Mapping[str, Any]) -> dict[Key, None]:
    """The keys of all texts of a record (a row of schema `dataset`)."""
    return dict.fromkeys(key_of(side_text(record, side)) for side in ("input", "target", "both"))


def collect(runs: Iterable[tuple[Mapping[str, Any], RunFiles, Path]], audited: Container[str]) -> dict[str, Leaks]:
    """What came back, by dataset: of runs on training inputs with their files, and that of the texts searched for.

    Runs of states that are not `audited` are those of base models.
    """
    leaks: dict[str, Leaks] = {}
    for (file, side), group in groupby(sorted(runs, key=_searched), _searched):
        texts = Searched(file, side)
        for run, files, _ in group:
            of_dataset = leaks.setdefault(run["dataset"], Leaks())
            if run["state"] in audited:
                of_dataset.searched.update(map(texts.key, texts.searched()))
                of_dataset.add_run(run, files, texts)
            else:
                of_dataset.add_base(files, texts)
    return leaks


def _searched(run: tuple[Mapping[str, Any], RunFiles, Path]) -> tuple[Path, Any]:
    return run[2], run[0]["side"]


class Counts(NamedTuple):
    """Training records of a dataset: all, those that generations were compared with, and those that came back."""

    training: int
    searched: int
    leaked: int


def leaked_records(name: str, dataset: Path, leaks: Leaks) -> tuple[list[Row], Counts]:
    """The training records of a dataset that came back, as rows of schema `leaked_records`, and their numbers.

    `dataset` is its file of schema `dataset`, which is read twice. The rows lack severity and place (file, row, turn),
    and have two more columns: `text` tells the record from others with its identifier, `position` is its number among
    the dataset's training rows.
    """
    copies = Counter(key for record in _training(dataset) for key in keys_of(record) if key in leaks.found)
    rows: list[Row] = []
    training = searched = 0
    for record in _training(dataset):
        keys = [key for key in keys_of(record) if key in leaks.searched]
        found = [key for key in keys if key in leaks.found]
        if found:
            of_leak = _columns([leaks.found[key] for key in found])
            rows.append(
                {
                    "dataset": name,
                    "id": record["id"],
                    "text": key_of(side_text(record, "both")),
                    "position": training,
                    "copies": max(copies[key] for key in found),
                    **of_leak,
                    "base": None if leaks.by_base is None else any(key in leaks.by_base for key in found),
                    "entities": of_leak["entities"] if leaks.looked_for_entities else None,
                }
            )
        training, searched = training + 1, searched + bool(keys)
    return rows, Counts(training, searched, len(rows))


def _columns(leaks: Iterable[Leak]) -> Row:
    """Columns of `leaked_records` that several texts of one record show together."""
    leak = Leak()
    for each in leaks:
        leak.add(each)
    return {
        "sides": ", ".join(sorted(leak.sides)),
        "category": STRENGTH[leak.strength],
        **{of: len(getattr(leak, of)) for of in ("prompts", "decodings", "promptings", "prefix_lengths")},
        "longest_run_characters": leak.characters,
        "longest_run_words": leak.words,
        "own_prompt": leak.own,
        "other_prompt": leak.other,
        "entities": len({key for _, key in leak.entities}),
        "entity_types": ", ".join(sorted({kind for kind, _ in leak.entities})),
    }


def _training(dataset: Path) -> Iterator[Row]:
    return (row for row in _rows(dataset, ["id", "split", "input", "target"]) if row["split"] == "train")


def by_severity(rows: Iterable[Row]) -> pa.Table:
    """Table of schema `leaked_records` of leaked records with their places, in the order that it states."""
    ranked = [{"severity": place, **row} for place, row in enumerate(sorted(rows, key=_severity), 1)]
    return pa.Table.from_pylist(ranked, schema=LeakedRecordsTable.arrow())


def _severity(row: Row) -> tuple[Any, ...]:
    return (
        not row["entities"],
        STRENGTH.index(row["category"]),
        -row["longest_run_characters"],
        -row["prompts"],
        row["dataset"],
        row["position"],
    )
