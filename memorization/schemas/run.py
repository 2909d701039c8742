"""Columns that tell a run, and a probe, from others."""

from __future__ import annotations

from memorization.schemas.schema import INT32, TEXT, Column, Schema


class ProbeColumn(Schema):
    """The column that says which probe a row is about."""

    probe = Column(INT32, "")
    """row number of the probe in its probes table"""


class StateColumns(Schema):
    """Coordinates of a model in a state, with a dataset."""

    dataset = Column(TEXT, "")
    """dataset"""
    task = Column(TEXT, "")
    """task of the dataset"""
    model = Column(TEXT, "")
    """base model"""
    state = Column(TEXT, "")
    """base, or the recipe of the fine-tuning"""
    epoch = Column(INT32, "epochs")
    """epochs of fine-tuning; 0 for base"""
    seed = Column(INT32, "")
    """seed of the fine-tuning; 0 for base"""


class AttentionColumns(StateColumns):
    """Coordinates of a model in a state whose attention on a dataset is measured."""

    state = Column(TEXT, "")
    """base or a recipe"""
    population = Column(TEXT, "")
    """member (train split) or control (test split)"""


class AnswerColumns(StateColumns):
    """Coordinates of a model in a state whose answers to a dataset's test rows are scored."""

    decoding = Column(TEXT, "")
    """decoding"""


class GeneratedColumns(StateColumns):
    """Coordinates of what a model in a state writes for the probes of a dataset."""

    population = Column(TEXT, "")
    """member (train split) or control (test split)"""
    prefix_tokens = Column(INT32, "tokens")
    """prefix length of the configuration"""
    decoding = Column(TEXT, "")
    """decoding"""


class RunColumns(GeneratedColumns):
    """Coordinates of a run: one cell of the grid."""

    prompting = Column(TEXT, "")
    """how the model is asked: bare (the prefix alone), or another prompting"""
    side = Column(TEXT, "")
    """what is searched for: input (suffixes of training inputs), target, or both"""
    profile = Column(TEXT, "")
    """profile of the aligner"""
