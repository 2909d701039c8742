"""Thresholds of the aligner's profile `collection`, chosen on one half of labelled pairs and measured on the other.

    python benchmarks/thresholds.py --data folder --pairs pan_paraphrase.parquet --tokenizer t5-tokenizer

The folder contains a Parquet file for each of `DATASETS`, with columns `split` and `input`. Collections of several
sizes are made of suffixes, which are what follows the first tokens of training inputs. In place of a generation there
is

- a suffix, cut to 100 tokens and disguised (`memorization.detection.disguises`): its own suffix should be found;
- a suffix, cut to 100 tokens, beside the ten other suffixes that BM25 ranks highest for it: none should be found.

Suffixes of fewer than 50 characters, which no profile can find, are in the collection but not among these. The file of
pairs has columns `text1, text2, label` (1: the second text is a paraphrase of the first); its first texts are a
collection.

Texts and labelled pairs are divided in halves by a seed. The thresholds chosen are those with the highest recall on the
first half (mean of the collections and the labelled pairs), among those of a grid with no more false alarms than
`zeng2024` has on unrelated suffixes (mean of the collections), and at most `--limit` on labelled pairs: there
`zeng2024` has none, since in single sentences it finds next to nothing. The tables show the second half.
"""

from __future__ import annotations

import argparse
import itertools
import math
import random
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

# The package beside this file is measured, whichever is installed.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from memorization import cores
from memorization.detection.alignment import Aligner, AlignmentParameters
from memorization.detection.disguises import DISGUISES, disguised
from memorization.detection.text import SentenceModel, sentence_model
from memorization.probes import prefix_ends, read_tokenizer
from memorization.retrieval import build_index, search

SINGLE = {"multi30k_en_de": 5, "wmt_en_de": 15, "ag_news": 15}
DATASETS = SINGLE | {"squad": 50, "reviews": 50, "imdb": 50, "sumpubmed": 50}
"""Names of files, and tokens of a prefix; suffixes of the first ones are mostly single sentences."""

GENERATION_TOKENS, CANDIDATES, SHORTEST = 100, 10, 50
PROFILES = ("zeng2024", "pan2015", "collection")
GRID = {
    "seed_cosine": (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6),
    "seed_dice": (0.33, 0.4, 0.45, 0.5, 0.55, 0.6),
    "validation_cosine": (0.34, 0.4, 0.45, 0.5, 0.55, 0.6),
}
LENGTHS = (0, 50, 100, 200, math.inf)
"""Bounds of classes of labelled pairs, in characters."""

PARAPHRASE, UNRELATED = "paraphrase", "unrelated"


@dataclass(frozen=True)
class Pair:
    """A text in place of a generation, and a suffix."""

    generation: str
    suffix: str
    kind: str
    """The name of a disguise, paraphrase, or unrelated."""
    text: int
    """Number of the text in place of a generation, undisguised."""


@dataclass(frozen=True)
class Part:
    """Pairs of one collection."""

    dataset: str
    collection: list[str]
    sentences: SentenceModel
    pairs: list[Pair]

    def half(self, chooses: bool, seed: int) -> Part:
        """The pairs of one half of the texts: of the half that chooses, or of the other one."""
        texts = sorted({pair.text for pair in self.pairs})
        choosing = set(random.Random(f"{seed} {self.dataset}").sample(texts, len(texts) // 2))
        pairs = [pair for pair in self.pairs if (pair.text in choosing) == chooses]
        return replace(self, pairs=pairs)

    def aligner(self, profile: str, threads: int) -> Aligner:
        """An aligner with the part's collection."""
        parameters = AlignmentParameters.profile(profile)
        collection = self.collection if parameters.frequencies == "collection" else None
        return Aligner(parameters, self.sentences, threads, collection)

    def found(self, aligner: Aligner) -> np.ndarray:
        """Whether each pair has a match (pairs,)."""
        table = aligner.compare([pair.generation for pair in self.pairs], [pair.suffix for pair in self.pairs])
        found = np.zeros(len(self.pairs), bool)
        found[table.filter(pc.not_equal(table["type"], "none"))["pair"].to_numpy()] = True
        return found


@dataclass(frozen=True)
class Measured:
    """Rates of some pairs."""

    pairs: int
    """Disguised or paraphrased ones."""
    recall: float
    """Fraction of them that is found."""
    texts: int
    """Those with unrelated suffixes."""
    false_alarms: float
    """Fraction of them for which some unrelated suffix is found."""


def main(arguments: list[str] | None = None) -> None:
    """Choose thresholds and print the tables."""
    options = parsed(arguments)
    parts = [*collections(options), labelled(options)]
    choosing, others = ([part.half(chooses, options.seed) for part in parts] for chooses in (True, False))
    print(report(options, others, chosen(choosing, options)))


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets' files")
    parser.add_argument("--pairs", type=Path, required=True, help="Parquet file of labelled pairs")
    parser.add_argument("--tokenizer", type=Path, required=True, help="folder of a tokenizer")
    parser.add_argument("--datasets", nargs="+", default=list(DATASETS), choices=list(DATASETS))
    parser.add_argument("--sizes", type=int, nargs="+", default=[200, 3000], help="suffixes of a collection")
    parser.add_argument("--texts", type=int, default=100, help="suffixes of each collection that are disguised")
    parser.add_argument("--labelled", type=int, default=13_000, help="labelled pairs")
    parser.add_argument("--limit", type=float, default=0.01, help="false alarms on labelled pairs")
    parser.add_argument("--sentences", choices=["punkt_english", "punkt_corpus"], default="punkt_english")
    parser.add_argument("--threads", type=int, default=cores.available())
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(arguments)


# Pairs


def collections(options: argparse.Namespace) -> Iterator[Part]:
    """Disguised and unrelated pairs of each data set, in collections of each size."""
    tokenizer = read_tokenizer(options.tokenizer)
    for name, size in itertools.product(options.datasets, options.sizes):
        table = pq.read_table(options.data / f"{name}.parquet", columns=["split", "input"])
        inputs = list(dict.fromkeys(table.filter(pc.equal(table["split"], "train"))["input"].to_pylist()))
        random.Random(f"{options.seed} {name} {size}").shuffle(inputs)
        # Not all: some are no longer than a prefix.
        ends = prefix_ends(inputs[: 2 * size], tokenizer, DATASETS[name])
        suffixes = (text[end:].strip() for text, end in zip(inputs, ends, strict=False))
        collection = [suffix for suffix in dict.fromkeys(suffixes) if suffix][:size]
        own = [number for number, suffix in enumerate(collection) if len(suffix) >= SHORTEST][: options.texts]
        cuts = prefix_ends([collection[number] for number in own], tokenizer, GENERATION_TOKENS)
        texts = [collection[number][:end] for number, end in zip(own, cuts, strict=True)]
        sentences = splitter(options, collection)
        pairs = []
        for place, number in enumerate(own):
            for disguise in DISGUISES:
                changed = disguised(texts[place], disguise, sentences, texts[place - 1], (options.seed, number))
                pairs.append(Pair(changed, collection[number], disguise.name, number))
        for place, other in unrelated(collection, own, texts):
            pairs.append(Pair(texts[place], collection[other], UNRELATED, own[place]))
        yield Part(f"{name}, {len(collection):,}", collection, sentences, pairs)


def splitter(options: argparse.Namespace, collection: list[str]) -> SentenceModel:
    """The sentence model of the options for a collection."""
    return sentence_model(options.sentences, collection if options.sentences == "punkt_corpus" else ())


def unrelated(collection: list[str], own: list[int], texts: list[str]) -> Iterator[tuple[int, int]]:
    """Places of texts, with the suffixes that BM25 ranks highest for each, its own left out."""
    with tempfile.TemporaryDirectory() as folder:
        build_index(collection, Path(folder, "index"))
        hits = search(Path(folder, "index"), texts, CANDIDATES + 1)
    for place, rows in itertools.groupby(hits.to_pylist(), key=lambda row: row["query"]):
        others = [row["document"] for row in rows if row["document"] != own[place]]
        yield from ((place, other) for other in others[:CANDIDATES])


def labelled(options: argparse.Namespace) -> Part:
    """Labelled pairs: the second text in place of a generation, the first one as a suffix."""
    rows = pq.read_table(options.pairs, columns=["text1", "text2", "label"]).to_pylist()
    drawn = random.Random(options.seed).sample(rows, min(options.labelled, len(rows)))
    kinds = (UNRELATED, PARAPHRASE)
    pairs = [Pair(row["text2"], row["text1"], kinds[row["label"]], number) for number, row in enumerate(drawn)]
    collection = [row["text1"] for row in drawn]
    return Part(f"{options.pairs.stem}, {len(drawn):,}", collection, splitter(options, collection), pairs)


# Choice


def measured(rows: list[tuple[Part, Pair]], found: np.ndarray) -> Measured:
    """Rates of pairs, given whether each is found (pairs,); NaN where there are none."""
    hits = [hit for (_, pair), hit in zip(rows, found, strict=True) if pair.kind != UNRELATED]
    texts = {(part.dataset, pair.text) for part, pair in rows if pair.kind == UNRELATED}
    alarms = {
        (part.dataset, pair.text)
        for (part, pair), hit in zip(rows, found, strict=True)
        if pair.kind == UNRELATED and hit
    }
    recall = float(np.mean(hits)) if hits else float("nan")
    return Measured(len(hits), recall, len(texts), len(alarms) / len(texts) if texts else float("nan"))


def summary(parts: list[Part], found: list[np.ndarray]) -> tuple[float, float, float]:
    """Mean recall, mean of the collections' false alarms, and false alarms on labelled pairs (the last part)."""
    rates = [measured([(part, pair) for pair in part.pairs], own) for part, own in zip(parts, found, strict=True)]
    alarms = [rate.false_alarms for rate in rates]
    return float(np.mean([rate.recall for rate in rates])), float(np.mean(alarms[:-1])), alarms[-1]


def chosen(parts: list[Part], options: argparse.Namespace) -> dict[str, float]:
    """Thresholds of the highest mean recall within the limits; of several, those with the fewest false alarms."""
    _, most, _ = summary(parts, [part.found(part.aligner("zeng2024", options.threads)) for part in parts])
    aligners = [part.aligner("collection", options.threads) for part in parts]
    within = []
    for values in itertools.product(*GRID.values()):
        thresholds = dict(zip(GRID, values, strict=True))
        recall, alarms, labelled_alarms = summary(parts, found_with(thresholds, parts, aligners))
        if alarms <= most and labelled_alarms <= options.limit:
            within.append(((recall, -alarms, -labelled_alarms), thresholds))
    if not within:
        sys.exit("No thresholds of the grid keep the limits on false alarms.")
    return max(within, key=lambda it: it[0])[1]


def found_with(thresholds: dict[str, float], parts: list[Part], aligners: list[Aligner]) -> list[np.ndarray]:
    """Whether each pair of each part has a match under these thresholds of `collection`."""
    for aligner in aligners:
        # The texts stay prepared.
        aligner.parameters = AlignmentParameters.profile("collection", **thresholds)
    return [part.found(aligner) for part, aligner in zip(parts, aligners, strict=True)]


# Report


def report(options: argparse.Namespace, parts: list[Part], thresholds: dict[str, float]) -> str:
    """The thresholds, and the tables of the half that did not choose, as Markdown."""
    by_profile = {name: [part.found(part.aligner(name, options.threads)) for part in parts] for name in PROFILES[:2]}
    aligners = [part.aligner("collection", options.threads) for part in parts]
    by_profile["collection"] = found_with(thresholds, parts, aligners)
    found = [np.concatenate(of_parts) for of_parts in by_profile.values()]
    rows = [(part, pair) for part in parts for pair in part.pairs]

    def recalls(keep: list[bool]) -> list[str]:
        rates = rates_of(keep)
        return [f"{rates[0].pairs:,}", *(percent(rate.recall) for rate in rates)]

    def alarms(keep: list[bool]) -> list[str]:
        rates = rates_of(keep)
        return [f"{rates[0].texts:,}", *(percent(rate.false_alarms) for rate in rates)]

    def rates_of(keep: list[bool]) -> list[Measured]:
        return [measured(list(itertools.compress(rows, keep)), hits[keep]) for hits in found]

    both = [f"{name}: {side}" for side in ("recall", "false alarms") for name in PROFILES]
    both = ["pairs", *both[:3], "texts", *both[3:]]
    lines = ["The thresholds are " + ", ".join(f"`{name}` {value}" for name, value in thresholds.items()) + "."]
    lines += heading("collection", *both)
    for part in parts:
        keep = [own is part for own, _ in rows]
        lines.append(line(part.dataset, *recalls(keep), *alarms(keep)))
    lines += heading("disguise", "single sentences", *PROFILES, "longer texts", *PROFILES)
    for disguise in DISGUISES:
        single, longer = (
            [pair.kind == disguise.name and (part.dataset.split(",")[0] in SINGLE) == is_single for part, pair in rows]
            for is_single in (True, False)
        )
        lines.append(line(disguise.name, *recalls(single), *recalls(longer)))
    lines += heading("labelled pairs, characters of the shorter text", *both)
    for least, most in itertools.pairwise(LENGTHS):
        keep = [
            part is parts[-1] and least <= min(len(pair.generation), len(pair.suffix)) < most for part, pair in rows
        ]
        named = f"{least} and more" if most == math.inf else f"{least} to {most - 1}"
        lines.append(line(named, *recalls(keep), *alarms(keep)))
    return "\n".join(lines)


def heading(*columns: str) -> list[str]:
    """The beginning of a table."""
    return ["", line(*columns), "|" + "---|" * len(columns)]


def line(*cells: str) -> str:
    """A line of a table."""
    return f"| {' | '.join(cells)} |"


def percent(rate: float) -> str:
    """A rate as people read it; nothing where there is none."""
    return "" if np.isnan(rate) else f"{rate:.1%}"


if __name__ == "__main__":
    main()
