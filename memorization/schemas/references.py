"""Table `references`."""

from __future__ import annotations

from memorization.schemas.run import ProbeColumn
from memorization.schemas.schema import INT32, TEXT, Column, list_of


class ReferencesTable(ProbeColumn):
    """Prefixes and suffixes as a model's tokenizer can write them: one row per probe."""

    name = "references"

    prompt = Column(TEXT, "")
    """what the tokens of the prefix decode to"""
    reference = Column(TEXT, "")
    """what the tokens of the suffix decode to"""
    reference_tokens = Column(list_of(INT32), "")
    """the tokens of that text"""
    prefix_inputs = Column(INT32, "")
    """training inputs that contain the prefix"""
