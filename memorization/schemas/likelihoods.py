"""Table `likelihoods`."""

from __future__ import annotations

from memorization.schemas.run import ProbeColumn
from memorization.schemas.schema import FLOAT64, INT32, TEXT, Column, list_of


class LikelihoodsTable(ProbeColumn):
    """How likely a model is to write each probe's own suffix: one row per probe and decoding."""

    name = "likelihoods"

    decoding = Column(TEXT, "")
    """decoding whose distribution is measured"""
    tokens = Column(INT32, "tokens")
    """first tokens of the suffix that are measured; fewer if the suffix has fewer"""
    greedy_tokens = Column(INT32, "tokens")
    """tokens at the head of these that are all the likeliest ones"""
    log_probability = Column(FLOAT64, "nats")
    """log of q, the probability that one draw begins with the tokens; -inf where it never does"""
    token_log_probabilities = Column(list_of(FLOAT64), "nats")
    """log-probability of each token after those before it; -inf where the decoding never draws it"""
