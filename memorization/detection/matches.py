"""From generations and candidates to matches: the aligner over a whole run, streamed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from memorization import storage
from memorization.detection.alignment import Aligner, AlignmentParameters
from memorization.detection.text import Sentences
from memorization.progress import Progress

PAIRS_A_CALL = 20_000


def match_batches(
    generations: Path, candidates: Path, probes: Path, sentences: Sentences, profile: str, threads: int
) -> Iterator[pa.RecordBatch]:
    """Batches of schema `matches`: every detection between a generation and one of its candidates, by probe and rank.

    `sentences` is the sentence model, `profile` names the aligner's parameters.
    """
    texts = storage.read(generations, "generations", ["generation"])["generation"]
    suffixes = storage.read(probes, "probes", ["suffix"])["suffix"]
    aligner = Aligner(AlignmentParameters.profile(profile), sentences, threads)
    with Progress(storage.rows_of(candidates), "alignment", "pairs") as progress:
        for batch in storage.stream(candidates, ["probe", "rank", "document"], PAIRS_A_CALL):
            paired = (texts.take(batch["probe"]), suffixes.take(batch["document"]))
            aligned = aligner.compare(*(side.to_pylist() for side in paired))
            found = aligned.filter(pc.not_equal(aligned["type"], "none"))
            columns = {name: batch[name].take(found["pair"].combine_chunks()) for name in ("probe", "rank", "document")}
            columns |= {name: found[name].combine_chunks() for name in storage.SCHEMAS["matches"].names[3:]}
            yield from pa.table(columns).cast(storage.SCHEMAS["matches"]).to_batches()
            progress.advance(batch.num_rows)
