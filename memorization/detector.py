"""D, the whole detector on any texts: candidates, matches, confidence, one outcome per text (Section 3.1, Appendix B).

A run's results are computed stage by stage, by one rule each. Where only outcomes of other texts are wanted, as of
positive controls, the same stages follow one another here, over files of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from memorization import retrieval, storage
from memorization.config.detection import Paraphrase, Retrieval
from memorization.detection import outcomes
from memorization.detection.matches import MatchFiles, match_batches
from memorization.detection.paraphrase import Judge, confidence
from memorization.detection.spans import read_texts
from memorization.detection.text import read_sentence_model
from memorization.schemas.candidates import CandidatesTable
from memorization.schemas.generations import GenerationsTable
from memorization.schemas.matches import MatchesTable
from memorization.schemas.outcomes import OutcomesTable
from memorization.schemas.probes import ProbesTable


@dataclass(frozen=True)
class Detector:
    """What the detector compares texts with (probes, their index and their sentence model), and its settings.

    `judge` is that of `paraphrase`; None where no classifier separates high confidence from low.
    """

    probes: Path
    index: Path
    sentences: Path
    profile: str
    retrieval: Retrieval
    paraphrase: Paraphrase
    judge: Judge | None
    decides: str
    threads: int

    def outcomes(self, numbers: Sequence[int], texts: Sequence[str]) -> pa.Table:
        """Table `outcomes`: one row per text (n,) that stands for the generation of the probe (n,) of that number."""
        sentences = read_sentence_model(self.sentences)
        with _generations(numbers, texts) as generations:
            candidates = generations.with_name("candidates.parquet")
            batches = retrieval.candidate_batches(generations, self.index, self.retrieval.candidates, self.threads)
            storage.write_batches(candidates, CandidatesTable, batches, {})
            files = MatchFiles(generations, candidates, self.probes)
            matches = pa.Table.from_batches(
                match_batches(files, sentences, self.profile, self.threads), MatchesTable.arrow()
            )
            judged = None
            if self.judge is not None:
                compared = read_texts(generations, self.probes)
                judged = confidence(matches, compared, lambda: sentences, self.judge, self.paraphrase)
        probes = storage.read(self.probes, ProbesTable, ["probe", "id"])
        wanted = set(numbers)
        rows = (
            row for row in outcomes.outcomes(probes, matches, judged, decides=self.decides) if row["probe"] in wanted
        )
        return pa.Table.from_pylist(list(rows), schema=OutcomesTable.arrow())


@contextmanager
def _generations(numbers: Iterable[int], texts: Iterable[str]) -> Iterator[Path]:
    """A file of texts with the schema `generations`, in a folder of its own that is removed afterwards."""
    rows = [
        {"probe": number, "generation": text, "generated_tokens": 0, "at_limit": False}
        for number, text in zip(numbers, texts, strict=True)
    ]
    with TemporaryDirectory() as folder:
        file = Path(folder, "generations.parquet")
        storage.write_table(file, GenerationsTable, pa.Table.from_pylist(rows, schema=GenerationsTable.arrow()), {})
        yield file
