"""Texts of a run by the number of their probe, and the two passages that a match aligns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from memorization import storage
from memorization.schemas.generations import GenerationsTable
from memorization.schemas.probes import ProbesTable

MatchKey = tuple[int, int, int]
"""Probe, rank of the candidate, and number of the match among those of that candidate."""


@dataclass(frozen=True)
class RunTexts:
    """Texts by probe number: prefixes (or what else stood in the prompts) and suffixes of all probes, and the
    generations of a run or of a part of it.
    """

    generations: Mapping[int, str]
    prefixes: Mapping[int, str]
    suffixes: Mapping[int, str]

    def passages(self, match: Mapping[str, Any]) -> tuple[str, str]:
        """The passages that a match (a row of schema `matches`) aligns: that of the generation, that of the suffix."""
        generation, suffix = self.generations[match["probe"]], self.suffixes[match["document"]]
        start, suffix_start = match["generation_start"], match["suffix_start"]
        return (
            generation[start : start + match["generation_length"]],
            suffix[suffix_start : suffix_start + match["suffix_length"]],
        )


def read_texts(generations: Path, probes: Path, prompts: Path | None = None) -> RunTexts:
    """Read the texts of a run from its files of schemas `generations` and `probes`.

    Where the model was asked with more than prefixes, these are in the file `prompts`, as `probes` or of that schema.
    """
    cut_inputs = storage.read(probes, ProbesTable, ["probe", "prefix", "suffix"])
    asked = storage.read(prompts or probes, ProbesTable, ["probe", "prefix"])
    return RunTexts(
        by_probe(storage.read(generations, GenerationsTable, ["probe", "generation"]), "generation"),
        by_probe(asked, "prefix"),
        by_probe(cut_inputs, "suffix"),
    )


def by_probe(table: pa.Table, column: str) -> dict[int, Any]:
    """Values of a column by the number in the table's column `probe`."""
    return dict(zip(table["probe"].to_pylist(), table[column].to_pylist(), strict=True))


def match_key(row: Mapping[str, Any]) -> MatchKey:
    """Key of a row of the schemas `matches`, `paraphrases` and `entities`, by which their rows belong together."""
    return row["probe"], row["rank"], row["span"]
