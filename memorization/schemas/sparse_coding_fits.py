"""Table `sparse_coding_fits`."""

from __future__ import annotations

from memorization.schemas.schema import BOOL, FLOAT64, INT32, INT64, TEXT, Column, Nullable, Schema


class SparseCodingFitsTable(Schema):
    """Fits of the sparse coding experiment: one row per fit."""

    name = "sparse_coding_fits"

    task = Column(TEXT, "")
    """classification (y = a^T X b) or summarization (X)"""
    solver = Column(TEXT, "")
    """linear, attention, or attention_uniform (v2 held at 1/D)"""
    feature_mean = Column(FLOAT64, "")
    """spread of the means of features, in standard deviations of a feature about its mean"""
    signs = Nullable(TEXT, "")
    """signs of b': mixed or positive; null in summarization"""
    nonzeros = Nullable(INT32, "tokens")
    """tokens where b' is not 0; null in summarization"""
    seed = Column(INT32, "")
    """seed of everything drawn"""
    start = Column(INT32, "")
    """number of the random start, from 0"""
    chosen = Column(BOOL, "")
    """of a solver's starts the one with the least training loss"""
    parameters = Column(INT64, "numbers")
    """numbers that the solver learns"""
    train_loss = Column(FLOAT64, "fraction")
    """squared error / that of the best constant, on texts learned"""
    test_loss = Column(FLOAT64, "fraction")
    """the same on further texts"""
    recovered = Column(FLOAT64, "fraction")
    """variance of Z that outputs and learned weights give back (R^2)"""
    recovery_error = Column(FLOAT64, "fraction")
    """mean of |Z^ - Z| / |Z| (Frobenius) of that recovery"""
    recovered_from_pairs = Column(FLOAT64, "fraction")
    """R^2 of a linear map learned from pairs (f(Z), Z)"""
    alignment = Column(FLOAT64, "")
    """mean |cosine| of a text's aggregated attention and b' (columns of V^T)"""
    v2_alignment = Nullable(FLOAT64, "")
    """the same of v2 itself; null in linear solutions"""
    wanted_effective_tokens = Column(FLOAT64, "tokens")
    """exp(entropy) of the magnitudes of b', or of the columns of V^T"""
    wanted_participation = Column(FLOAT64, "tokens")
    """1 / sum of squared shares of the magnitudes of b', or of the columns of V^T"""
    wanted_gini = Column(FLOAT64, "")
    """Gini coefficient of the magnitudes of b', or of the columns of V^T"""
    aggregated_effective_tokens = Column(FLOAT64, "tokens")
    """exp(entropy) of the magnitudes of softmax(...) v2, or of the linear solution's right side"""
    aggregated_participation = Column(FLOAT64, "tokens")
    """1 / sum of squared shares of the magnitudes of softmax(...) v2, or of the linear solution's right side"""
    aggregated_gini = Column(FLOAT64, "")
    """Gini coefficient of the magnitudes of softmax(...) v2, or of the linear solution's right side"""
    attention_effective_tokens = Nullable(FLOAT64, "tokens")
    """exp(entropy) of the magnitudes of softmax(...) 1/D, what a token gets from all queries; null in linear solutions
    """
    attention_participation = Nullable(FLOAT64, "tokens")
    """1 / sum of squared shares of the magnitudes of softmax(...) 1/D, what a token gets from all queries; null in
    linear solutions
    """
    attention_gini = Nullable(FLOAT64, "")
    """Gini coefficient of the magnitudes of softmax(...) 1/D, what a token gets from all queries; null in linear
    solutions
    """
    aggregated_support_share = Nullable(FLOAT64, "fraction")
    """magnitude of the aggregated attention on the tokens of b'; null in summarization"""
    attention_support_share = Nullable(FLOAT64, "fraction")
    """attention that the tokens of b' get; null in summarization and linear solutions"""
    attention_to_itself = Nullable(FLOAT64, "fraction")
    """mean attention of a token to itself; null in linear solutions"""
