"""Table `candidates`."""

from __future__ import annotations

from memorization.schemas.run import ProbeColumn
from memorization.schemas.schema import FLOAT32, INT32, Column


class CandidatesTable(ProbeColumn):
    """Suffixes that the index returns for each generation, best first."""

    name = "candidates"

    rank = Column(INT32, "")
    """rank from 1, best first"""
    document = Column(INT32, "")
    """probe whose suffix was retrieved"""
    score = Column(FLOAT32, "")
    """BM25 score"""
