"""What the detector finds of true suffixes, and of texts that are not there: ceiling and floor of collections of texts.

    python benchmarks/ceilings.py --data FOLDER --tokenizer t5-tokenizer --probes sumpubmed=50 wmt_en_de=15

The folder contains a Parquet file for each name, with columns `id`, `split` and `input`; the number is the length of
its prefixes in tokens. The ceiling is the share of training suffixes, cut to 100 tokens, for which the whole detector
reports a match among all of these suffixes; the floor is the same of test suffixes, which are not among them. Judges of
paraphrases change neither.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

# The package beside this file is measured, whichever is installed.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from memorization import retrieval, storage
from memorization.config.base import Population
from memorization.config.data import Probes
from memorization.config.detection import Paraphrase, Retrieval
from memorization.config.project import Statistics
from memorization.detection.alignment import AlignmentParameters
from memorization.detection.text import as_json, sentence_model
from memorization.detector import Detector
from memorization.positive_controls import spelled
from memorization.probes import Selection, read_tokenizer, write_probes
from memorization.schemas.probes import ProbesTable
from memorization.statistics.bootstrap import clopper_pearson

PROFILES = ("zeng2024", "pan2015", "collection")
TOKENS, SHORTEST = 100, 50


def main() -> None:
    """Print a Markdown table, one line per collection and profile."""
    parser = argparse.ArgumentParser(description="Ceiling and floor of the detector on collections of texts.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the collections, one Parquet file each")
    parser.add_argument("--tokenizer", type=Path, required=True, help="folder of a tokenizer, which cuts the texts")
    parser.add_argument("--probes", nargs="+", required=True, metavar="NAME=TOKENS", help="collections, prefix lengths")
    parser.add_argument("--n", type=int, default=400, help="suffixes per collection and population")
    given = parser.parse_args()
    print(
        "| collection | prefix | suffixes | under 50 characters | profile | ceiling (%) | floor (%) | unrelated texts |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for collection in given.probes:
        name, prefix_tokens = collection.split("=")
        for line in measured(given.data / f"{name}.parquet", given.tokenizer, int(prefix_tokens), given.n):
            print(f"| {name} | {prefix_tokens} | {' | '.join(line)} |", flush=True)


def measured(dataset: Path, tokenizer_folder: Path, prefix_tokens: int, n: int) -> Iterator[list[str]]:
    """Cells of a line per profile."""
    tokenizer = read_tokenizer(tokenizer_folder)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)

        def suffixes(population: Population) -> list[str]:
            file = folder / f"{population}.parquet"
            write_probes(dataset, tokenizer, Selection(Probes(n=n), prefix_tokens, population), file, {})
            texts: list[str] = storage.read(file, ProbesTable)["suffix"].to_pylist()
            return texts

        own, unrelated = suffixes("member"), suffixes("control")
        retrieval.index_suffixes(folder / "member.parquet", folder / "index")
        storage.write_text(folder / "sentences.json", as_json(sentence_model("punkt_corpus", own)))
        for profile in PROFILES:
            detector = Detector(
                *(folder / name for name in ("member.parquet", "index", "sentences.json")),
                aligner=AlignmentParameters.profile(profile),
                retrieval=Retrieval(),
                paraphrase=Paraphrase(),
                judge=None,
                decides="first",
                segmentation=None,
                threads=1,
            )
            shares = []
            for texts in (own, unrelated[: len(own)]):
                written = spelled(texts, [TOKENS] * len(texts), tokenizer)
                outcomes = detector.outcomes(range(len(texts)), written)["outcome"].to_pylist()
                found = len(texts) - outcomes.count("none")
                low, high = clopper_pearson(found, len(texts), Statistics())
                shares.append(f"{100 * found / len(texts):.1f} [{100 * low:.1f}, {100 * high:.1f}]")
            short = sum(len(text.strip()) < SHORTEST for text in own)
            yield [str(len(own)), str(short), profile, *shares, str(len(unrelated[: len(own)]))]


if __name__ == "__main__":
    main()
