"""Table `density`."""

from __future__ import annotations

from memorization.schemas.run import ProbeColumn
from memorization.schemas.schema import FLOAT64, INT32, TEXT, Column


class DensityTable(ProbeColumn):
    """How dense attention is: one row per sample and layer."""

    name = "density"

    id = Column(TEXT, "")
    """identifier of the dataset's row"""
    input_digest = Column(TEXT, "")
    """digest of the input's text; samples of one are resampled together"""
    layer = Column(INT32, "")
    """layer of the decoder, from 1; the last is next to the output"""
    output_tokens = Column(INT32, "tokens")
    """T: output tokens, the end token counted"""
    input_tokens = Column(INT32, "tokens")
    """L: input tokens, instruction and input"""
    input_share = Column(FLOAT64, "fraction")
    """attention on input tokens; 1 in cross-attention"""
    normalized_entropy = Column(FLOAT64, "fraction")
    """H / ln L; mean over output tokens, as the others"""
    effective_tokens = Column(FLOAT64, "tokens")
    """exp(H): input tokens attended to"""
    gini = Column(FLOAT64, "fraction")
    """Gini's coefficient of the weights: 0 for uniform, 1 - 1/L for one"""
    share_above_uniform = Column(FLOAT64, "fraction")
    """input tokens with a weight above 1/L"""
