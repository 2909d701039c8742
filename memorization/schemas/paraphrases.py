"""Table `paraphrases`."""

from __future__ import annotations

from memorization.schemas.run import ProbeColumn
from memorization.schemas.schema import BOOL, FLOAT64, INT32, Column, Nullable


class ParaphrasesTable(ProbeColumn):
    """Confidence in every match that may be a paraphrase: one row per match of type `other`."""

    name = "paraphrases"

    rank = Column(INT32, "")
    """rank of the candidate"""
    document = Column(INT32, "")
    """probe whose suffix was aligned"""
    span = Column(INT32, "")
    """number of the match among those of this candidate, from 0"""
    pairs = Column(INT32, "pairs")
    """(generated, training) sentence pairs judged; equal sentences are not"""
    cut_pairs = Column(INT32, "pairs")
    """of these, pairs longer than the classifier reads, judged when cut"""
    probability = Nullable(FLOAT64, "")
    """highest p(equivalent) of a pair; null without pairs"""
    probability_between = Nullable(FLOAT64, "")
    """highest p(equivalent) strictly between the configured bounds; null where there is none"""
    high = Column(BOOL, "")
    """high confidence: a pair lies between the bounds"""
