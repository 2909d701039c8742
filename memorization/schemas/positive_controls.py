"""Table `positive_controls`."""

from __future__ import annotations

from memorization.schemas.run import ProbeColumn
from memorization.schemas.schema import BOOL, INT32, TEXT, Column, Nullable

CUTS = ("length", "limit")
"""Where a probe's true suffix is cut: at the length of the run's generation, or at the limit of its decoding."""


class PositiveControlsTable(ProbeColumn):
    """What the detector finds in the true suffixes, in place of a run's generations: one row per cut and probe."""

    name = "positive_controls"

    cut = Column(TEXT, "")
    """length (the suffix is cut to as many tokens as the model wrote for the probe) or limit (to as many as the
    decoding allows)
    """
    tokens = Column(INT32, "tokens")
    """at most so many first tokens of the suffix"""
    characters = Column(INT32, "characters")
    """length of the cut suffix, as the model's tokenizer writes it"""
    outcome = Column(TEXT, "")
    """as in `outcomes`"""
    own_suffix = Nullable(BOOL, "")
    """the deciding suffix is the probe's own; null for none"""
