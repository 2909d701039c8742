"""Table `matches`."""

from __future__ import annotations

from memorization.schemas.run import ProbeColumn
from memorization.schemas.schema import INT32, TEXT, Column


class MatchesTable(ProbeColumn):
    """Aligned spans of generations and their candidates: one row per detection."""

    name = "matches"

    rank = Column(INT32, "")
    """rank of the candidate"""
    document = Column(INT32, "")
    """probe whose suffix was aligned"""
    span = Column(INT32, "")
    """number of the match among those of this candidate, from 0"""
    type = Column(TEXT, "")
    """verbatim, summary or other"""
    generation_start = Column(INT32, "characters")
    """start of the span in the generation"""
    generation_length = Column(INT32, "characters")
    """length of that span"""
    suffix_start = Column(INT32, "characters")
    """start of the span in the suffix"""
    suffix_length = Column(INT32, "characters")
    """length of that span"""
