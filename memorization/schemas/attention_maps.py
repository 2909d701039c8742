"""Table `attention_maps`."""

from __future__ import annotations

from memorization.schemas.schema import FLOAT32, INT32, TEXT, Column, Schema, list_of


class AttentionMapsTable(Schema):
    """Attention of the output on the input: one row per sample and layer."""

    name = "attention_maps"

    sample = Column(INT32, "")
    """number of the sample in drawn order, from 0"""
    probe = Column(INT32, "")
    """row number of the probe in its probes table"""
    id = Column(TEXT, "")
    """identifier of the dataset's row"""
    layer = Column(INT32, "")
    """layer of the decoder, from 1; the last is next to the output"""
    output_tokens = Column(INT32, "tokens")
    """T: rows of the map, the end token counted"""
    input_tokens = Column(INT32, "tokens")
    """L: columns of the map, instruction and input"""
    weights = Column(list_of(FLOAT32), "fraction")
    """mean of the heads' attention weights, T x L row by row; a row sums to 1, or is 0 where no input token is attended
    to
    """
    output_texts = Column(list_of(TEXT), "")
    """the T tokens"""
    input_texts = Column(list_of(TEXT), "")
    """the L tokens"""
