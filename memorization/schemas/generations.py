"""Table `generations`."""

from __future__ import annotations

from memorization.schemas.run import ProbeColumn
from memorization.schemas.schema import BOOL, INT32, TEXT, Column


class GenerationsTable(ProbeColumn):
    """What a model in a state writes for each prefix: one row per probe."""

    name = "generations"

    generation = Column(TEXT, "")
    """f(p): the text written for the prefix"""
    generated_tokens = Column(INT32, "tokens")
    """tokens written, end token not counted"""
    at_limit = Column(BOOL, "")
    """stopped by the decoding's limit, not by the end token"""
