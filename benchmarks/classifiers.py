"""How good judges of sentence pairs and taggers of entities are on labelled data, as loaded and used by the workflow.

    python benchmarks/classifiers.py --pairs mrpc.parquet --classifier paraphrase-minilm-mrpc
    python benchmarks/classifiers.py --tokens conll2003.parquet --tagger ner-minilm-conll2003

Pairs are rows of `text1, text2, label` (1: equivalent), tokens rows of `tokens, tags` (BIO); of a file with a column
`split` the rows of `test` are taken. Tokens are joined by single spaces, and an entity counts as recognized where its
span and its type are right.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sklearn.metrics import accuracy_score, f1_score

# The package beside this file is measured, whichever is installed.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

BATCH_SIZE = 32


def main(arguments: list[str] | None = None) -> None:
    """Print one line per classifier."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=Path, help="Parquet file of labelled sentence pairs")
    parser.add_argument("--classifier", type=Path, help="folder of a sequence-classification checkpoint")
    parser.add_argument("--tokens", type=Path, help="Parquet file of tagged tokens")
    parser.add_argument("--tagger", type=Path, help="folder of a token-classification checkpoint")
    parser.add_argument("--rows", type=int, help="the first so many rows only")
    options = parser.parse_args(arguments)
    if bool(options.pairs) != bool(options.classifier) or bool(options.tokens) != bool(options.tagger):
        parser.error("--pairs goes with --classifier, --tokens with --tagger")
    if options.pairs:
        print(judged(options))
    if options.tokens:
        print(tagged(options))


def judged(options: argparse.Namespace) -> str:
    """Accuracy and F1 of a judge of sentence pairs."""
    from memorization.models import classifiers

    rows = test_rows(options.pairs, ["text1", "text2", "label"], options.rows)
    classifier = loaded(options.classifier, "sequence")
    begun = time.perf_counter()
    pairs = list(zip(rows["text1"].to_pylist(), rows["text2"].to_pylist(), strict=True))
    distinct = list(dict.fromkeys(pairs))
    probabilities, cut = classifiers.probabilities(classifier, distinct, 1, BATCH_SIZE)
    equivalent = dict(zip(distinct, probabilities > 0.5, strict=True))
    labels, predicted = rows["label"].to_pylist(), [bool(equivalent[pair]) for pair in pairs]
    return (
        f"{options.classifier.name} on {options.pairs.name}: {len(pairs):,} pairs, accuracy "
        f"{accuracy_score(labels, predicted):.3f}, F1 {f1_score(labels, predicted):.3f}, {cut.sum()} cut, "
        f"{len(distinct) / (time.perf_counter() - begun):,.0f} pairs/s"
    )


def tagged(options: argparse.Namespace) -> str:
    """Precision, recall and F1 of a tagger, over all entities, then precision and recall by type."""
    from memorization.models import classifiers

    rows = test_rows(options.tokens, ["tokens", "tags"], options.rows).to_pylist()
    tagger = loaded(options.tagger, "token")
    begun = time.perf_counter()
    predicted = classifiers.entities(tagger, [" ".join(row["tokens"]) for row in rows], BATCH_SIZE)
    stated = [classifiers.decode(spans_of(row)) for row in rows]
    kinds = sorted({kind for spans in stated for kind, _, _ in spans})
    quality = [f"all: {_agreement(predicted, stated)}"]
    for kind in kinds:
        of_kind = ([[span for span in spans if span[0] == kind] for spans in side] for side in (predicted, stated))
        quality.append(f"{kind}: {_agreement(*of_kind)}")
    return (
        f"{options.tagger.name} on {options.tokens.name}: {len(rows):,} sentences, {sum(map(len, stated)):,} entities, "
        f"{'; '.join(quality)}; {len(rows) / (time.perf_counter() - begun):,.0f} sentences/s"
    )


def _agreement(predicted: list[Any], stated: list[Any]) -> str:
    right = sum(len(set(own) & set(other)) for own, other in zip(predicted, stated, strict=True))
    precision, recall = (right / max(1, sum(map(len, each))) for each in (predicted, stated))
    return f"precision {precision:.3f}, recall {recall:.3f}, F1 {2 * precision * recall / (precision + recall):.3f}"


def spans_of(row: dict[str, Any]) -> list[tuple[tuple[int, int], str]]:
    """Each token's place in the joined text, and its tag."""
    spans, place = [], 0
    for token, tag in zip(row["tokens"], row["tags"], strict=True):
        spans.append(((place, place + len(token)), tag))
        place += len(token) + 1
    return spans


def test_rows(file: Path, columns: list[str], most: int | None) -> pa.Table:
    """Rows of the split `test`, or of the whole file where it has no splits."""
    table = pq.read_table(file)
    if "split" in table.column_names:
        table = table.filter(pc.equal(table["split"], "test"))
    return table.select(columns).slice(0, most)


def loaded(folder: Path, head: Any) -> Any:
    """The checkpoint, checked and loaded as the workflow does."""
    from memorization.config.models import FolderModel
    from memorization.models import classifiers, loading, torch_setup

    device = torch_setup.start("auto", 1)
    source = FolderModel(kind="folder", path=str(folder))
    with tempfile.TemporaryDirectory() as scratch:
        record = Path(scratch, "record")
        classifiers.prepare(folder.name, source, folder, head, record)
        return classifiers.load(loading.read_record(record), folder.name, device)


if __name__ == "__main__":
    main()
