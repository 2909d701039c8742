"""D, the whole detector on any texts: candidates, matches, confidence, one outcome per text (Section 3.1, Appendix B).

A run's results are computed stage by stage, by one rule each. Where only outcomes of other texts are wanted, as of
positive controls, the same stages follow one another here, over files of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from memorization import retrieval, storage
from memorization.config.detection import Paraphrase, Retrieval
from memorization.config.project import Compute
from memorization.detection import outcomes
from memorization.detection.alignment import AlignmentParameters
from memorization.detection.matches import MatchFiles, match_batches
from memorization.detection.paraphrase import Judge, confidence
from memorization.detection.spans import read_texts
from memorization.detection.splitter import read_splitter
from memorization.detection.text import read_sentence_model
from memorization.models.classifiers import DeferredClassifier
from memorization.schemas.candidates import CandidatesTable
from memorization.schemas.generations import GenerationsTable
from memorization.schemas.matches import MatchesTable
from memorization.schemas.outcomes import OutcomesTable
from memorization.schemas.probes import ProbesTable

PACKAGES = ("nltk", "numba", "tantivy", "tokenizers", "torch", "transformers")
"""What its outcomes are computed by, for manifests."""


@dataclass(frozen=True)
class Detector:
    """What the detector compares texts with (probes, their index and their sentence model), and its settings.

    `judge` is that of `paraphrase`; None where no classifier separates high confidence from low. `segmentation` is the
    dataset's.
    """

    probes: Path
    index: Path
    sentences: Path
    aligner: AlignmentParameters
    retrieval: Retrieval
    paraphrase: Paraphrase
    judge: Judge | None
    decides: str
    segmentation: str | None
    threads: int

    def outcomes(self, numbers: Sequence[int], texts: Sequence[str]) -> pa.Table:
        """Table `outcomes`: one row per text (n,) that stands for the generation of the probe (n,) of that number."""
        with _generations(numbers, texts) as generations:
            candidates = generations.with_name("candidates.parquet")
            found = retrieval.candidate_batches(
                generations, self.index, self.retrieval, self.threads, self.segmentation
            )
            storage.write_batches(candidates, CandidatesTable, found, {})
            files, sentences = MatchFiles(generations, candidates, self.probes), read_sentence_model(self.sentences)
            aligned = match_batches(files, sentences, self.aligner, self.threads, self.segmentation)
            matches = pa.Table.from_batches(aligned, MatchesTable.arrow())
            judged = None
            if self.judge is not None:
                compared = read_texts(generations, self.probes)
                splitter = partial(read_splitter, self.sentences, self.segmentation)
                judged = confidence(matches, compared, splitter, self.judge, self.paraphrase)
        probes = storage.read(self.probes, ProbesTable, ["probe", "id"])
        wanted = set(numbers)
        rows = (
            row for row in outcomes.outcomes(probes, matches, judged, decides=self.decides) if row["probe"] in wanted
        )
        return pa.Table.from_pylist(list(rows), schema=OutcomesTable.arrow())


def load_detector(
    files: Mapping[str, Any], profile: str, settings: Mapping[str, Any], compute: Compute, batch_size: int
) -> Detector:
    """The detector of a rule's files: `probes`, `index`, `sentences` and, if there is a judge, its `classifier`.

    `settings` are plain values: `retrieval`, `paraphrase`, `decides`, `segmentation`, and `thresholds` of the profile.
    `compute` states device and threads; `batch_size`, the judge's, changes no result.
    """
    paraphrase, judge = Paraphrase.model_validate(settings["paraphrase"]), None
    if files.get("classifier"):
        classifier = DeferredClassifier(
            Path(files["classifier"]), str(paraphrase.classifier), compute.device, compute.threads, batch_size
        )
        judge = classifier.judge(paraphrase.equivalent)
    return Detector(
        probes=Path(files["probes"]),
        index=Path(files["index"]),
        sentences=Path(files["sentences"]),
        aligner=AlignmentParameters.profile(profile, **settings["thresholds"]),
        retrieval=Retrieval.model_validate(settings["retrieval"]),
        paraphrase=paraphrase,
        judge=judge,
        decides=settings["decides"],
        segmentation=settings["segmentation"],
        threads=compute.threads,
    )


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
