"""Recall of the search: generations compared with every suffix, to see which matches the candidates lack.

The detector compares a generation with the few suffixes that BM25 ranks highest for it (Appendix B.1). A match with any
other suffix is never looked for. Here the same aligner looks for it, for a draw of the probes.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from memorization import storage
from memorization.detection.alignment import AlignmentParameters
from memorization.detection.matches import MatchFiles, match_batches
from memorization.detection.text import SentenceSplitter
from memorization.schemas.all_pairs import TYPES, AllPairsTable
from memorization.schemas.candidates import CandidatesTable
from memorization.schemas.probes import ProbesTable


def drawn_probes(probes: Path, n: int, seed: int) -> list[int]:
    """Numbers of n probes of a probes table, or of all where it has fewer: a seeded draw, in increasing order."""
    numbers = storage.read(probes, ProbesTable, ["probe"])["probe"].to_pylist()
    return sorted(random.Random(seed).sample(numbers, min(n, len(numbers))))


def all_pairs(
    files: MatchFiles,
    probes: Sequence[int],
    sentences: SentenceSplitter,
    parameters: AlignmentParameters,
    threads: int,
    segmented: str | None = None,
) -> pa.Table:
    """The table `all_pairs` of these probes, whose numbers increase.

    `files` are those of the run, with the candidates that the search found; the other parameters are those of
    `match_batches`, which compares all pairs here as it compares candidates. Memory grows with probes and suffixes, not
    with pairs (and with matches, where suffixes are so long that they are compared in several passes).
    """
    suffixes = storage.read(files.probes, ProbesTable, ["probe"])["probe"].combine_chunks()
    candidates = _keys(storage.read(files.candidates, CandidatesTable, ["probe", "document"]))
    # By row: all suffixes, then the candidates alone.
    matching = np.zeros((2, len(probes)), np.int64)
    strongest = np.full((2, len(probes)), TYPES.index("none"))
    own = np.zeros((2, len(probes)), bool)
    with TemporaryDirectory() as folder:
        everything = replace(files, candidates=Path(folder) / "all_pairs.parquet")
        storage.write_batches(everything.candidates, CandidatesTable, _with_every(suffixes, probes), {})
        for batch in match_batches(everything, sentences, parameters, threads, segmented):
            # One row per suffix: all its spans have one type.
            suffix = batch.filter(pc.equal(batch["span"], 0))
            places = np.searchsorted(probes, suffix["probe"].to_numpy())
            is_own = pc.equal(suffix["probe"], suffix["document"]).to_numpy(zero_copy_only=False)
            types = pc.index_in(suffix["type"], value_set=pa.array(TYPES)).to_numpy()
            for side, counted in enumerate((np.ones(len(places), bool), np.isin(_keys(suffix), candidates))):
                np.add.at(matching[side], places[counted], 1)
                np.minimum.at(strongest[side], places[counted], types[counted])
                own[side, places[counted & is_own]] = True
    found = matching[1] > 0
    columns = {
        "probe": probes,
        "pairs": np.full(len(probes), len(suffixes)),
        "matching_suffixes": matching[0],
        "found_suffixes": matching[1],
        "own_matches": own[0],
        "own_found": own[1],
        "found": found,
        "missed": (matching[0] > 0) & ~found,
        "type": np.array(TYPES)[strongest[0]],
        "found_type": np.array(TYPES)[strongest[1]],
    }
    return pa.table({name: pa.array(values) for name, values in columns.items()}).cast(AllPairsTable.arrow())


def _with_every(suffixes: pa.Array, probes: Sequence[int]) -> Iterator[pa.RecordBatch]:
    """Batches of schema `candidates`, one per probe: every suffix, in their order instead of the search's."""
    schema = CandidatesTable.arrow()
    ranks, scores = pa.array(range(1, len(suffixes) + 1), pa.int32()), pa.array(np.zeros(len(suffixes), np.float32))
    for probe in probes:
        numbers = pa.array(np.full(len(suffixes), probe, np.int32))
        yield pa.RecordBatch.from_arrays([numbers, ranks, suffixes, scores], schema=schema)


def _keys(pairs: pa.Table | pa.RecordBatch) -> np.ndarray:
    """One number for each pair of probe and document."""
    probes, documents = (pairs[name].to_numpy().astype(np.int64) for name in ("probe", "document"))
    return np.asarray((probes << 32) | documents)
