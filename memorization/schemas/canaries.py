"""Table `canaries`."""

from __future__ import annotations

from memorization.schemas.schema import BOOL, FLOAT64, INT32, INT64, TEXT, Column, Schema


class CanariesTable(Schema):
    """What a model in a state knows of each canary of its dataset: one row per canary, with its secret."""

    name = "canaries"

    number = Column(INT32, "")
    """number of the canary in the key file"""
    form = Column(TEXT, "")
    """form of its secret"""
    copies = Column(INT32, "rows")
    """training rows that contain it, or would if it were not held out"""
    held_out = Column(BOOL, "")
    """it is in no row: the toss of its coin kept it out"""
    held_out_share = Column(FLOAT64, "probability")
    """probability with which that coin keeps a canary out"""
    secret = Column(TEXT, "")
    """its secret"""
    tokens = Column(INT32, "tokens")
    """tokens of the secret, behind what all secrets of its form begin with"""
    log_probability = Column(FLOAT64, "nats")
    """log-probability of these tokens after the row up to the secret"""
    greedy_tokens = Column(INT32, "tokens")
    """tokens at their head that are all the likeliest ones"""
    extracted = Column(BOOL, "")
    """greedy decoding of the row up to the secret writes all of them"""
    space = Column(FLOAT64, "secrets")
    """|R|: possible secrets of the form"""
    candidates = Column(INT64, "secrets")
    """secrets that it is ranked among, itself included: the whole space, or a sample of it"""
    rank = Column(INT64, "")
    """candidates that are at least as likely after the same row, itself included"""
    exposure = Column(FLOAT64, "bits")
    """log2 candidates - log2 rank (Carlini et al., 2019)"""
    exposure_low = Column(FLOAT64, "bits")
    """lower bound of the exposure in the whole space: the same where that is ranked, else exact binomial, 95%"""
    exposure_high = Column(FLOAT64, "bits")
    """upper bound of the exposure in the whole space"""
