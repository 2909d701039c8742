"""Table `all_pairs`."""

from __future__ import annotations

from memorization.schemas.run import ProbeColumn
from memorization.schemas.schema import BOOL, INT64, TEXT, Column

TYPES = ("verbatim", "other", "summary", "none")
"""The aligner's types, from the strongest evidence to the weakest, in the order of `outcomes.STRENGTH`."""


class AllPairsTable(ProbeColumn):
    """Generations compared with every suffix, beside what their candidates have: one row per probe of a draw."""

    name = "all_pairs"

    pairs = Column(INT64, "pairs")
    """suffixes that the generation is compared with: all of its probes table"""
    matching_suffixes = Column(INT64, "suffixes")
    """suffixes that have a match of any type"""
    found_suffixes = Column(INT64, "suffixes")
    """those of them that are among the candidates"""
    own_matches = Column(BOOL, "")
    """the probe's own suffix has a match"""
    own_found = Column(BOOL, "")
    """it has one, and is among the candidates"""
    found = Column(BOOL, "")
    """a candidate has a match"""
    missed = Column(BOOL, "")
    """a suffix has a match, and no candidate has one"""
    type = Column(TEXT, "")
    """strongest type of match over all suffixes: verbatim, other, summary or none"""
    found_type = Column(TEXT, "")
    """strongest type of match over the candidates"""
