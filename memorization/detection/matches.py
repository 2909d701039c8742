"""From generations and candidates to matches: the aligner over a whole run, streamed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from memorization import storage
from memorization.config import Detection
from memorization.detection.alignment import AlignmentParameters, align
from memorization.detection.text import sentence_model
from memorization.progress import Progress

log = logging.getLogger(__name__)

PAIRS_A_CALL = 5_000


def match_batches(generations: Path, candidates: Path, probes: Path, detection: Detection) -> Iterator[pa.RecordBatch]:
    """Batches of schema `matches`: every detection between a generation and one of its candidates, by probe and rank.

    Raises UserError where the sentence model's data is missing.
    """
    texts = storage.read(generations, "generations", ["generation"])["generation"]
    suffixes = storage.read(probes, "probes", ["suffix"])["suffix"]
    sentences = sentence_model(
        detection.sentences, suffixes.to_pylist() if detection.sentences == "punkt_corpus" else ()
    )
    parameters = AlignmentParameters.profile(detection.profile)
    total = storage.rows_of(candidates)
    with Progress(total, "alignment", "pairs") as progress:
        for batch in storage.stream(candidates, ["probe", "rank", "document"], PAIRS_A_CALL):
            aligned = align(
                texts.take(batch["probe"]).to_pylist(),
                suffixes.take(batch["document"]).to_pylist(),
                parameters,
                sentences,
            )
            found = aligned.filter(pc.not_equal(aligned["type"], "none"))
            columns = {name: batch[name].take(found["pair"].combine_chunks()) for name in ("probe", "rank", "document")}
            columns |= {name: found[name].combine_chunks() for name in storage.SCHEMAS["matches"].names[3:]}
            yield from pa.table(columns).cast(storage.SCHEMAS["matches"]).to_batches()
            progress.advance(batch.num_rows)
