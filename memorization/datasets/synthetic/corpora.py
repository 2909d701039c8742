"""Five seeded synthetic corpora for a demo that needs no download.

Document `number` of a corpus follows from (corpus, number, seed) and the version of Faker, from nothing else: disjoint
ranges of numbers give a train and a test split. Every document has made-up persons and facts of its own, and no two
have a long passage in common, so that a passage in a model's output identifies the document that it is from.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from memorization.datasets.synthetic import news, passages, patients, reviews, translation
from memorization.datasets.synthetic.writing import Draft, Draws, hashed_seed
from memorization.errors import UserError, did_you_mean

WRITERS: Mapping[str, Callable[[Draws], Draft]] = {
    "news": news.write,
    "patients": patients.write,
    "reviews": reviews.write,
    "passages": passages.write,
    "translation": translation.write,
}
CORPORA = tuple(WRITERS)


@dataclass(frozen=True)
class Document:
    """One row of a corpus: `input` and `target` as a model is trained on them, `question` for passages only."""

    id: str
    input: str
    target: str
    question: str


def document(corpus: str, number: int, seed: int) -> Document:
    """Document `number` of `corpus`; the same for the same three arguments in every process.

    Raises UserError when there is no such corpus.
    """
    if corpus not in WRITERS:
        hint = did_you_mean(corpus, CORPORA)
        raise UserError(f"There is no synthetic corpus {corpus!r}{hint}. There are: {', '.join(CORPORA)}.")
    text, target, question = WRITERS[corpus](Draws(hashed_seed(corpus, number, seed)))
    return Document(f"{corpus}-{number:06d}", text, target, question)


def documents(corpus: str, start: int, count: int, seed: int) -> Iterator[Document]:
    """The documents `start` to `start + count - 1` of `corpus`, in order."""
    return (document(corpus, number, seed) for number in range(start, start + count))
