"""The page's cases: every outcome of every run, with what the model wrote, what it was trained on, and what aligns.

A reader's browser holds some hundred thousand of them: one block has what they are listed, filtered and sorted by;
texts are in others, each once, however many cases share it, and are unpacked when a case is opened. Places in texts
are counted as programs of a browser count them, in UTF-16 units.

Where all of them would exceed a bound, cases are taken in the order of a digest of their names, those with a match
first, until it is reached: the same results give the same sample, and what is left out depends on no text.
"""

from __future__ import annotations

import functools
import hashlib
import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from memorization import storage
from memorization.config.base import BARE
from memorization.detection.patterns import Span
from memorization.detection.spans import match_key
from memorization.page.columns import KINDS, TEXT, Column, pack, units
from memorization.page.context import PageContext
from memorization.page.section import Section, escaped
from memorization.report.context import Files
from memorization.report.masks import mask
from memorization.schemas.candidates import CandidatesTable
from memorization.schemas.entities import EntitiesTable
from memorization.schemas.generations import GenerationsTable
from memorization.schemas.matches import MatchesTable
from memorization.schemas.outcomes import STRENGTH, OutcomesTable
from memorization.schemas.paraphrases import ParaphrasesTable
from memorization.schemas.personal_data import PersonalDataTable
from memorization.schemas.probes import ProbesTable
from memorization.schemas.schema import Schema
from memorization.studies.cases.table import HEADINGS

TABLES: Mapping[str, type[Schema]] = {
    "outcomes": OutcomesTable,
    "matches": MatchesTable,
    "generations": GenerationsTable,
    "candidates": CandidatesTable,
    "probes": ProbesTable,
    "prompts": ProbesTable,
    "paraphrases": ParaphrasesTable,
    "entities": EntitiesTable,
    "personal_data": PersonalDataTable,
    "probes_personal_data": PersonalDataTable,
}
"""Files of a run, by their names in `case_plan.case_inputs`."""
SOME_COLUMNS = {"prompts": ["probe", "prefix"]}
"""Columns that are read, where it is not all of a table."""
COORDINATES = (
    "dataset",
    "population",
    "model",
    "state",
    "epoch",
    "seed",
    "prefix_tokens",
    "decoding",
    "profile",
    "side",
    "prompting",
)
"""What names a run, in links to its cases, too: a new one belongs at the end."""
OUTCOMES = (*STRENGTH, "none")
SNIPPET = 160
"""Characters of a generation that the list shows."""
CHUNK = 2**19
"""Characters that are compressed together."""
RATIO = 0.6
"""Bytes in the page that a character takes, about, as long as none is compressed."""
PER_CASE = 60
"""Bytes of the page that a case takes in the list, about."""
SAMPLE = "sample 0"
"""What the order of the cases begins from; another one gives another sample."""
MOST_TYPES = 31
"""Types of entities that cases can be filtered by, a bit for each."""

CASE_COLUMNS = {
    "run": "u2",
    "probe": "i4",
    "item": "i4",
    "input": "i4",
    "generation": "i4",
    "training": "i4",
    "outcome": "u1",
    "own": "u1",
    "length": "i4",
    "score": "f4",
    "probability": "f4",
    "leaked": "u1",
    "types": "i4",
    "snippet": TEXT,
    "snippet_masks": TEXT,
}
"""Kinds of the columns of the list, one row per case (`columns.KINDS`).

Numbers of its run and probe; of what it is of, which other runs have cases of too; rows of its input, of its
generation among the texts, and of the input of the matched suffix (-1 without); numbers of its outcome, and of
whether the suffix is its own (0 without a match, 1 own, 2 other); characters of the generation that match; BM25 score
of the deciding candidate, or of the first; probability of a paraphrase (-1 without); entities that leaked; types of
entities in its matches, a bit each; the beginning of the generation or of its match, and the personal data in it.
"""
INPUT_COLUMNS = {"set": "u2", "probe": "i4", "prefix": "i4", "suffix": "i4", "id": TEXT}
"""Kinds of the columns of the inputs: numbers of the file of probes and of the probe, rows of its texts (-1 for a
prefix that no case has), identifier of the dataset's row.
"""

PERSONAL_DATA = {
    "masked": "Personal data (what the patterns and, where one is configured, the tagger find) is masked by its type, "
    "as [EMAIL], until you ask for it. It is in this file all the same, and the search looks behind masks: treat the "
    "file as you treat the data.",
    "revealed": "Personal data is shown: treat this file as you treat the data.",
    "absent": "Personal data that the patterns and, where one is configured, the tagger find is not in this file; its "
    "type stands in its place, as [EMAIL]. What they do not find is still there.",
}
"""What the page says of personal data, by `report.personal_data`."""

Row = Mapping[str, Any]
Counts = Counter[tuple[int, str]]
"""Numbers of cases by number of the run, and outcome."""


class ByProbe:
    """Rows of a table by the number in its column `probe`."""

    def __init__(self, table: pa.Table) -> None:
        """Keep the table, in the order of its probes."""
        probes = table["probe"].to_numpy()
        order = np.argsort(probes, kind="stable")
        numbers, starts, counts = np.unique(probes[order], return_index=True, return_counts=True)
        self._places = dict(zip(numbers.tolist(), zip(starts.tolist(), counts.tolist(), strict=True), strict=True))
        sorted_rows = table.take(order).combine_chunks()
        # A few numbers are taken from an array of numpy many times as fast as from one of Arrow.
        self._columns = {
            name: column.to_numpy()
            if not column.null_count and pa.types.is_primitive(column.type)
            else column.combine_chunks()
            for name, column in zip(sorted_rows.column_names, sorted_rows.columns, strict=True)
        }

    def rows(self, probe: int) -> list[dict[str, Any]]:
        """A probe's rows, in their order."""
        start, count = self._places.get(probe, (0, 0))
        if not count:
            return []
        values = [column[start : start + count].tolist() for column in self._columns.values()]
        return [dict(zip(self._columns, row, strict=True)) for row in zip(*values, strict=True)]

    @property
    def probes(self) -> list[int]:
        """All probes that have rows."""
        return list(self._places)


@dataclass(frozen=True)
class Run:
    """A run's coordinates, the number of its files of probes and prompts, and its tables by their names in `TABLES`."""

    coordinates: Row
    probes: int
    tables: Mapping[str, ByProbe]

    def rows(self, table: str, probe: int) -> list[dict[str, Any]]:
        """A probe's rows of a table; none where the configuration does not make it."""
        return self.tables[table].rows(probe) if table in self.tables else []

    def masks(self, probe: int, text: str) -> list[Span]:
        """Personal data in a text of a probe: `prefix`, `suffix` or `generation`."""
        of_run = text == "generation" or (text == "prefix" and self.coordinates["prompting"] != BARE)
        table = "personal_data" if of_run else "probes_personal_data"
        found = self.rows(table, probe)
        return [(row["type"], row["start"], row["start"] + row["length"]) for row in found if row["text"] == text]


def section(files: Files, context: PageContext) -> Section | None:
    """The section of all cases; None where no study has any.

    `files` has one file for each of the context's `runs`, by the names of `TABLES`.
    """
    return section_of(read_runs(files, context.runs), context) if context.runs else None


def section_of(runs: Sequence[Run], context: PageContext) -> Section:
    """The section of the cases of runs, which are the context's."""
    cases, order = Cases(context.personal_data), in_order(runs)
    for number, probe, _ in order:
        if cases.bytes > context.case_megabytes * 1e6:
            break
        cases.add(number, runs[number], probe)
    kept = Counter((number, outcome) for number, _, outcome in order[: cases.count])
    total = Counter((number, outcome) for number, _, outcome in order)
    blocks = cases.blocks([{**run.coordinates, "set": run.probes} for run in runs])
    return Section("cases", "Cases", html(context, kept, total), blocks)


def html(context: PageContext, kept: Counts, total: Counts) -> str:
    """What stands above the list: what it has, what is left out of it, and how personal data is shown."""
    everything = "every" if kept == total else "a sample of every"
    parts = [
        f"<p>What a model wrote, beside what it was trained on: {everything} outcome of every run, "
        f"{sum(total.values()):,} in all, those with a match first.</p>"
    ]
    if kept != total:
        parts.append(_sample(context, kept, total))
    parts.append(f'<p class="small">{PERSONAL_DATA[context.personal_data]}</p>')
    parts.append('<div id="case-browser"><p class="waiting">The cases need a browser with JavaScript.</p></div>')
    return "\n".join(parts)


def _sample(context: PageContext, kept: Counts, total: Counts) -> str:
    """Which cases are left out, in all and of each run."""

    def share(counts: Counts, matched: bool, runs: Iterable[int]) -> int:
        return sum(counts[run, outcome] for run in runs for outcome in OUTCOMES if (outcome != "none") == matched)

    def stated(runs: Sequence[int]) -> list[str]:
        return [f"{share(kept, matched, runs):,} of {share(total, matched, runs):,}" for matched in (True, False)]

    every = range(len(context.runs))
    matches, others = stated(every)
    rows = "".join(
        f"<tr><th scope='row'>{escaped(', '.join(str(run[key]) for key in COORDINATES))}</th>"
        + "".join(f"<td>{cell}</td>" for cell in stated([number]))
        + "</tr>"
        for number, run in enumerate(context.runs)
    )
    return (
        f"<p class='sampled'>All would take more than {context.case_megabytes:g} MB "
        f"(<code>report.case_megabytes</code>), so the page has {matches} cases with a match and {others} without, "
        "drawn at random; rates are those of all. A larger bound keeps more.</p>"
        "<details><summary>Kept cases by run</summary><div class='kept-cases'><table><thead><tr>"
        "<th scope='col'>run</th><th scope='col'>with a match</th><th scope='col'>without</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div></details>"
    )


def read_runs(files: Files, coordinates: Sequence[Row]) -> list[Run]:
    """The tables of each run, in the order of its coordinates; what runs share is read once."""

    @functools.cache
    def table(name: str, file: Path) -> ByProbe:
        return ByProbe(storage.read(file, TABLES[name], SOME_COLUMNS.get(name)))

    places = list(zip(files["probes"], files["prompts"], strict=True))
    sets = list(dict.fromkeys(places))
    return [
        Run(
            each,
            sets.index(places[number]),
            {name: table(name, files[name][number]) for name in TABLES if name in files},
        )
        for number, each in enumerate(coordinates)
    ]


def in_order(runs: Sequence[Run]) -> list[tuple[int, int, str]]:
    """Every case (number of the run, probe, outcome), those with a match first, in the order of a sample."""
    cases = []
    for number, run in enumerate(runs):
        name = json.dumps([SAMPLE, *(run.coordinates[key] for key in COORDINATES)])
        for probe in run.tables["outcomes"].probes:
            [row] = run.rows("outcomes", probe)
            place = hashlib.blake2b(f"{name}{probe}".encode(), digest_size=8).digest()
            cases.append((row["outcome"] == "none", place, (number, probe, row["outcome"])))
    return [case for *_, case in sorted(cases)]


@dataclass(frozen=True)
class Shown:
    """A text as the page has it: `masks` are (number of a type, start, length), `place` moves one of the original."""

    text: str
    masks: list[tuple[int, int, int]]
    place: Callable[[int], int]


class Cases:
    """Cases as blocks of the page, while they are added."""

    def __init__(self, personal_data: str) -> None:
        """Begin without cases; with `personal_data` `absent` only masked texts are taken."""
        self._mode = personal_data
        self._types: dict[str, int] = {}
        self._texts, self._details = Parts("text", "masks"), Parts("details")
        self._text_rows: dict[bytes, int] = {}
        self._inputs: dict[tuple[int, int], int] = {}
        self._input_columns: dict[str, list[Any]] = {name: [] for name in INPUT_COLUMNS}
        self._items: dict[tuple[str, str, str], int] = {}
        self._columns: dict[str, list[Any]] = {name: [] for name in CASE_COLUMNS}

    @property
    def bytes(self) -> int:
        """Size of the blocks so far, about."""
        return self._texts.bytes + self._details.bytes + PER_CASE * self.count

    def add(self, number: int, run: Run, probe: int) -> None:
        """Add the case of a probe in the run of that number."""
        [outcome], [written], [cut] = (run.rows(table, probe) for table in ("outcomes", "generations", "probes"))
        candidates, matches = run.rows("candidates", probe), run.rows("matches", probe)
        generation = self._shown(written["generation"], run.masks(probe, "generation"))
        judged = {match_key(row): row for row in run.rows("paraphrases", probe)}
        annotated = {match_key(row): row for row in run.rows("entities", probe)}
        suffixes: dict[int, Shown] = {}
        for document in dict.fromkeys(match["document"] for match in matches):
            [other] = run.rows("probes", document)
            suffixes[document] = self._shown(other["suffix"], run.masks(document, "suffix"))
            self._input(run, other, whole=False)
        deciding = [match for match in matches if match["rank"] == outcome["rank"]]
        first = deciding[0] if deciding else None
        own = self._input(run, cut, whole=True)
        details = {
            "candidates": [[row["rank"], row["document"], round(row["score"], 3)] for row in candidates],
            "matches": [
                self._match(match, generation, suffixes[match["document"]], judged, annotated) for match in matches
            ],
            "tokens": written["generated_tokens"],
            "limit": written["at_limit"],
        }
        self._details.add(json.dumps(details, separators=(",", ":")))
        scores = {row["rank"]: row["score"] for row in candidates}
        item = (run.coordinates["dataset"], run.coordinates["population"], cut["id"])
        snippet = self._snippet(generation, first)
        types = {
            entity["type"]
            for row in annotated.values()
            for side in ("training_entities", "generation_entities")
            for entity in row[side]
        }
        values = {
            "run": number,
            "probe": probe,
            "item": self._items.setdefault(item, len(self._items)),
            "input": own,
            "generation": self._text(generation),
            "training": -1 if first is None else self._inputs[run.probes, first["document"]],
            "outcome": OUTCOMES.index(outcome["outcome"]),
            "own": 0 if outcome["own_suffix"] is None else 1 if outcome["own_suffix"] else 2,
            "length": sum(match["generation_length"] for match in deciding),
            "score": scores.get(outcome["rank"] or 1, 0.0),
            "probability": -1.0 if outcome["paraphrase_probability"] is None else outcome["paraphrase_probability"],
            "leaked": min(outcome["entities"] or 0, 255),
            "types": sum(1 << self._type(kind) for kind in sorted(types) if self._type(kind) < MOST_TYPES),
            "snippet": snippet.text,
            "snippet_masks": _packed(snippet.masks),
        }
        for name, column in self._columns.items():
            column.append(values[name])

    def _match(
        self, match: Row, generation: Shown, suffix: Shown, judged: Mapping[Any, Row], annotated: Mapping[Any, Row]
    ) -> list[Any]:
        """A match as the page's program reads it: places, confidence, entities."""
        spans = []
        for side, shown in (("generation", generation), ("suffix", suffix)):
            start = shown.place(match[f"{side}_start"])
            spans += [start, shown.place(match[f"{side}_start"] + match[f"{side}_length"]) - start]
        row, entities = judged.get(match_key(match), {}), annotated.get(match_key(match), {})
        return [
            match["rank"],
            match["document"],
            match["type"],
            *spans,
            row.get("probability"),
            row.get("high"),
            [self._entities(entities.get(name, ())) for name in ("generation_entities", "training_entities", "leaked")],
        ]

    def _entities(self, entities: Iterable[Row]) -> list[list[Any]]:
        """Entities as [number of the type, text]; without texts where personal data is absent."""
        absent = self._mode == "absent"
        return [[self._type(entity["type"]), "" if absent else entity["text"]] for entity in entities]

    def _type(self, kind: str) -> int:
        return self._types.setdefault(kind.upper(), len(self._types))

    def _shown(self, text: str, masks: Sequence[Span]) -> Shown:
        """A text as the page has it: with personal data masked where that is absent."""
        moved: Callable[[int], int] = int
        if self._mode == "absent":
            masked = mask(text, masks)
            text, masks, moved = masked.text, masked.places, masked.place
        in_units = _unit_places(text)

        def place(offset: int) -> int:
            return in_units(moved(offset))

        return Shown(
            text,
            [(self._type(kind), in_units(start), in_units(end) - in_units(start)) for kind, start, end in masks],
            place,
        )

    def _snippet(self, generation: Shown, match: Row | None) -> Shown:
        """The beginning of the generation, or of what matches."""
        encoded = generation.text.encode("utf-16-le")
        start = 0 if match is None else generation.place(match["generation_start"])
        # Whole characters: half of one at either end is left out.
        text = encoded[2 * start : 2 * (start + SNIPPET)].decode("utf-16-le", "ignore")
        end = start + units(text)
        cut = [
            (kind, max(first - start, 0), min(first + length, end) - max(first, start))
            for kind, first, length in generation.masks
        ]
        return Shown(text, [each for each in cut if each[2] > 0], int)

    def _text(self, shown: Shown) -> int:
        """The row of a text among all texts, each of which is there once."""
        masks = _packed(shown.masks)
        key = hashlib.blake2b(f"{masks} {shown.text}".encode(), digest_size=16).digest()
        if key not in self._text_rows:
            self._text_rows[key] = self._texts.add(shown.text, masks)
        return self._text_rows[key]

    def _input(self, run: Run, cut: Row, whole: bool) -> int:
        """The row of an input: its suffix, and where the case is its own the prefix."""
        key = (run.probes, cut["probe"])
        columns = self._input_columns
        if key not in self._inputs:
            self._inputs[key] = len(self._inputs)
            columns["set"].append(run.probes)
            columns["probe"].append(cut["probe"])
            columns["prefix"].append(-1)
            columns["suffix"].append(self._text(self._shown(cut["suffix"], run.masks(cut["probe"], "suffix"))))
            columns["id"].append("" if self._mode == "absent" else cut["id"])
        row = self._inputs[key]
        if whole and columns["prefix"][row] < 0:
            [asked] = run.rows("prompts", cut["probe"])
            columns["prefix"][row] = self._text(self._shown(asked["prefix"], run.masks(cut["probe"], "prefix")))
        return row

    @property
    def count(self) -> int:
        """Cases so far."""
        return len(self._columns["run"])

    def blocks(self, runs: Sequence[Row]) -> dict[str, str]:
        """All blocks by name, those that the list needs first; `runs` are coordinates, with `set` for their probes."""
        texts, details = self._texts.blocks("cases-texts"), self._details.blocks("cases-details")
        meta = {
            "mode": self._mode,
            "runs": runs,
            "coordinates": COORDINATES,
            "outcomes": OUTCOMES,
            "outcome_names": [HEADINGS.get(outcome, "None") for outcome in OUTCOMES],
            "types": list(self._types),
            # The first row of each block, and behind the last.
            "texts": self._texts.starts,
            "details": self._details.starts,
        }
        return {
            "cases-list": pack({"meta": [json.dumps(meta)]} | _typed(self._columns, CASE_COLUMNS)),
            "cases-inputs": pack(_typed(self._input_columns, INPUT_COLUMNS)),
            **details,
            **texts,
        }


class Parts:
    """Columns of texts, compressed part by part when they have `CHUNK` characters."""

    def __init__(self, *columns: str) -> None:
        """Begin without rows."""
        self._packed: list[str] = []
        self._columns: dict[str, list[str]] = {name: [] for name in columns}
        self._size = self._packed_size = self._packed_from = 0
        self.starts = [0]

    @property
    def bytes(self) -> int:
        """Size of the compressed parts, and what the rest would be as well compressed as they are."""
        ratio = self._packed_size / self._packed_from if self._packed else RATIO
        return int(self._packed_size + ratio * self._size)

    def add(self, *texts: str) -> int:
        """Add a row; return its number."""
        rows = 0
        for column, text in zip(self._columns.values(), texts, strict=True):
            column.append(text)
            rows = len(column)
            self._size += len(text)
        number = self.starts[-1] + rows - 1
        if self._size >= CHUNK:
            self._compress()
        return number

    def _compress(self) -> None:
        self._packed.append(pack(self._columns))
        self._packed_size += len(self._packed[-1])
        self._packed_from += self._size
        self.starts.append(self.starts[-1] + len(next(iter(self._columns.values()))))
        for column in self._columns.values():
            column.clear()
        self._size = 0

    def blocks(self, name: str) -> dict[str, str]:
        """All parts as blocks `NAME-0`, `NAME-1`, ..."""
        self._compress()
        return {f"{name}-{number}": packed for number, packed in enumerate(self._packed)}


def _typed(columns: Mapping[str, list[Any]], kinds: Mapping[str, str]) -> dict[str, Column]:
    return {
        name: columns[name] if kind == TEXT else np.array(columns[name], KINDS[kind]) for name, kind in kinds.items()
    }


def _packed(masks: Iterable[tuple[int, int, int]]) -> str:
    return " ".join(str(number) for each in masks for number in each)


def _unit_places(text: str) -> Callable[[int], int]:
    """Where characters of a text are in UTF-16 units."""
    wide = [] if text.isascii() else [place for place, sign in enumerate(text) if sign > "\uffff"]
    return lambda place: place + bisect_left(wide, place)
