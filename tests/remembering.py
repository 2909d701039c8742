"""A model whose memory is known exactly: an engine that writes stated texts for stated prompts, and a run of it.

Everything but the model is the program's own: probes are cut, prompts encoded, texts decoded, candidates searched for,
matches aligned. So what comes out can be compared with what the model was told to write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from tiny import tiny_model, tiny_tokenizer

from memorization import retrieval, storage
from memorization.config.base import Population
from memorization.config.data import Probes
from memorization.config.detection import Retrieval
from memorization.config.generation import Decoding
from memorization.detection import outcomes as outcome_stage
from memorization.detection.alignment import AlignmentParameters
from memorization.detection.entities import annotate, finder
from memorization.detection.matches import MatchFiles, match_batches
from memorization.detection.spans import read_texts
from memorization.detection.text import sentence_model
from memorization.models.engine import Prompt
from memorization.models.generation import GenerationSettings, table_of
from memorization.models.generation import generate as generations_of
from memorization.probes import Selection, write_probes
from memorization.schemas.candidates import CandidatesTable
from memorization.schemas.dataset import DatasetTable
from memorization.schemas.entities import EntitiesTable
from memorization.schemas.generations import GenerationsTable
from memorization.schemas.matches import MatchesTable
from memorization.schemas.outcomes import OutcomesTable
from memorization.schemas.probes import ProbesTable
from memorization.sides import write_side

PACKAGES: Sequence[str] = ()
NOTHING = "I would rather talk about something else today."
"""What the model writes for a prompt that it knows nothing of."""
PREFIX_TOKENS = 40
LONGEST = 2000


def fault(model: Any) -> str | None:
    """It generates with models that have a memory."""
    return None if hasattr(model, "memory") else "has no memory"


def generate(
    model: Any,
    prompts: Sequence[Prompt],
    decoding: Decoding,
    batch_size: int | None,
    advance: Callable[[int], None],
) -> list[list[int]]:
    """The token ids of what the model's memory has for each prompt, and an end token."""
    ends = [model.tokenizer.eos_token_id]
    written = [
        model.memory.get(model.tokenizer.decode(prompt.tokens, skip_special_tokens=True), NOTHING) for prompt in prompts
    ]
    advance(len(prompts))
    return [[*model.tokenizer(text, add_special_tokens=False)["input_ids"], *ends] for text in written]


@dataclass(frozen=True)
class Data:
    """A dataset's probes with their index, and the model's tokenizer: what runs with different memories share."""

    folder: Path
    tokenizer: Any
    searched: Path
    """The file of schema `probes` in which what is searched for stands as `suffix`."""

    @property
    def probes(self) -> list[dict[str, Any]]:
        """Rows of schema `probes`."""
        return storage.read(self.folder / "probes.parquet", ProbesTable).to_pylist()


def data_of(folder: Path, texts: Sequence[str], targets: Sequence[str] = (), population: Population = "member") -> Data:
    """Probes of texts; searched for are all suffixes or, where there are `targets` (texts to be written), these."""
    folder.mkdir(parents=True, exist_ok=True)
    split = "train" if population == "member" else "test"
    rows = [
        {"id": f"{split}-{number}", "split": split, "instruction": "", "input": text, "target": target}
        for number, (text, target) in enumerate(zip(texts, targets or ["Yes."] * len(texts), strict=True))
    ]
    storage.write_table(folder / "rows.parquet", DatasetTable, pa.Table.from_pylist(rows, DatasetTable.arrow()), {})
    tokenizer = tiny_tokenizer()
    selection = Selection(Probes(n=len(texts)), PREFIX_TOKENS, population)
    write_probes(folder / "rows.parquet", tokenizer.backend_tokenizer, selection, folder / "probes.parquet", {})
    searched = folder / "probes.parquet"
    if targets:
        searched = folder / "targets.parquet"
        write_side(folder / "probes.parquet", folder / "rows.parquet", "target", population, 1, searched, {})
    retrieval.index_suffixes(searched, folder / "index")
    return Data(folder, tokenizer, searched)


@dataclass(frozen=True)
class Known:
    """What a run on `data` gave: its files, and its outcomes (n,) with the numbers of leaked entities (n,)."""

    folder: Path
    outcomes: list[str]
    entities: list[int]


def write_texts(data: Data, memory: Mapping[str, str], folder: Path) -> Path:
    """The file of schema `generations` of a model with a memory: texts by prefix, NOTHING for all others."""
    folder.mkdir(parents=True, exist_ok=True)
    model = tiny_model("llama", data.tokenizer, max_position_embeddings=2 * LONGEST)
    model.memory, model.tokenizer = dict(memory), data.tokenizer
    settings = GenerationSettings(Decoding(strategy="greedy", max_new_tokens=LONGEST), None, __name__)
    probes = storage.read(data.folder / "probes.parquet", ProbesTable)
    texts = table_of(generations_of(model, data.tokenizer, probes, settings, "stand-in"))
    storage.write_table(folder / "generations.parquet", GenerationsTable, texts, {})
    return folder / "generations.parquet"


def run_with(data: Data, memory: Mapping[str, str], folder: Path, profile: str = "zeng2024") -> Known:
    """A run of a model with a memory (`write_texts`), with what the detector finds in it."""
    generations, candidates = write_texts(data, memory, folder), folder / "candidates.parquet"
    found = retrieval.candidate_batches(generations, data.folder / "index", Retrieval(), 1)
    storage.write_batches(candidates, CandidatesTable, found, {})
    searched = storage.read(data.searched, ProbesTable, ["probe", "id", "suffix"])
    sentences = sentence_model("punkt_corpus", searched["suffix"].to_pylist())
    files = MatchFiles(generations, candidates, data.searched)
    aligned = match_batches(files, sentences, AlignmentParameters.profile(profile), 1)
    matches = pa.Table.from_batches(aligned, MatchesTable.arrow())
    storage.write_table(folder / "matches.parquet", MatchesTable, matches, {})
    entities = annotate(matches, read_texts(generations, data.searched), finder(True, "US", None))
    storage.write_table(folder / "entities.parquet", EntitiesTable, entities, {})
    rows = list(outcome_stage.outcomes(searched, matches, entities=entities, decides="first"))
    outcomes = pa.Table.from_pylist(rows, schema=OutcomesTable.arrow())
    storage.write_table(folder / "outcomes.parquet", OutcomesTable, outcomes, {})
    return Known(folder, outcomes["outcome"].to_pylist(), outcomes["entities"].to_pylist())
