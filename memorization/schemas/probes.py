"""Table `probes`."""

from __future__ import annotations

from memorization.schemas.run import ProbeColumn
from memorization.schemas.schema import INT32, TEXT, Column


class ProbesTable(ProbeColumn):
    """Training or test inputs cut into prefix and suffix: one row per probe."""

    name = "probes"

    id = Column(TEXT, "")
    """identifier of the dataset's row"""
    prefix = Column(TEXT, "")
    """p: the first tokens of the input; prefix + suffix is the input"""
    suffix = Column(TEXT, "")
    """s: the rest of the input"""
    prefix_characters = Column(INT32, "characters")
    """length of the prefix"""
    suffix_characters = Column(INT32, "characters")
    """length of the suffix"""
    input_text = Column(INT32, "")
    """number of the whole input's text; probes of one text, or of one prefix, are resampled together"""
