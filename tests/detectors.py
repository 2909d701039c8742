"""A whole detector on given suffixes, for tests that compare texts with them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from memorization import retrieval, storage
from memorization.config.detection import Paraphrase, Retrieval
from memorization.detection.alignment import AlignmentParameters
from memorization.detection.text import SentenceModel, as_json
from memorization.detector import Detector
from memorization.schemas.probes import ProbesTable


def detector_on(
    folder: Path, suffixes: Sequence[str], sentences: SentenceModel, segmented: str | None = None
) -> Detector:
    """A detector whose collection is the suffixes, with its files in `folder`; their prefixes are two words."""
    rows = [
        {"probe": number, "id": f"row-{number}", "prefix": "Once upon", "suffix": text, "input_text": number}
        | {"prefix_characters": 9, "suffix_characters": len(text)}
        for number, text in enumerate(suffixes)
    ]
    table = pa.Table.from_pylist(rows, schema=ProbesTable.arrow())
    storage.write_table(folder / "probes.parquet", ProbesTable, table, {})
    retrieval.index_suffixes(folder / "probes.parquet", folder / "index", segmented)
    (folder / "sentences.json").write_text(as_json(sentences), encoding="utf-8")
    return Detector(
        *(folder / name for name in ("probes.parquet", "index", "sentences.json")),
        aligner=AlignmentParameters.profile("zeng2024"),
        retrieval=Retrieval(candidates=2),
        paraphrase=Paraphrase(),
        judge=None,
        decides="first",
        segmentation=segmented,
        threads=1,
    )
