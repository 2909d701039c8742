"""Table `membership`."""

from __future__ import annotations

from memorization.schemas.schema import FLOAT64, INT32, INT64, TEXT, Column, Nullable, Schema


class MembershipTable(Schema):
    """What a model in a state assigns to rows as a training reads them: one row per row of a split."""

    name = "membership"

    row = Column(INT64, "")
    """number of the row within its split of the dataset, from 0"""
    id = Column(TEXT, "")
    """identifier of the dataset's row"""
    tokens = Column(INT32, "tokens")
    """tokens that are scored: those that the training's loss counts"""
    zlib_bytes = Column(INT64, "bytes")
    """size of the text of these tokens in UTF-8, compressed by zlib"""
    loss = Column(FLOAT64, "nats per token")
    """mean of the tokens' negative log-probabilities"""
    base_loss = Nullable(FLOAT64, "nats per token")
    """the same of the base model, of the same tokens; null for base, and where nothing tells it"""
    min_k = Column(FLOAT64, "nats")
    """mean log-probability of the least likely tokens (Min-K%, Shi et al., 2024)"""
    min_k_plus_plus = Nullable(FLOAT64, "standard deviations")
    """mean of the lowest normalized log-probabilities (Min-K%++, Zhang et al., 2025); null where a server gives
    probabilities of the texts' own tokens alone
    """
