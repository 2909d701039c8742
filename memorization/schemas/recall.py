"""Table `recall`."""

from __future__ import annotations

from memorization.schemas.run import ProbeColumn
from memorization.schemas.schema import BOOL, INT32, TEXT, Column, Nullable


class RecallTable(ProbeColumn):
    """What the detector finds in disguised suffixes, in place of generations: one row per disguise and probe."""

    name = "recall"

    input_text = Column(INT32, "")
    """number of the probe's whole input, as in `probes`"""
    disguise = Column(TEXT, "")
    """how the probe's suffix is changed: a name of `detection.disguises.DISGUISES`"""
    characters = Column(INT32, "characters")
    """length of the disguised suffix"""
    changed = Column(BOOL, "")
    """it differs from the suffix, as the model's tokenizer writes that, by more than white space"""
    outcome = Column(TEXT, "")
    """as in `outcomes`"""
    own_suffix = Nullable(BOOL, "")
    """the deciding suffix is the probe's own; null for none and for test inputs, whose suffixes are not searched"""
