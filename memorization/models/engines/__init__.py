"""Engines of generation: token ids in, token ids out; one module per engine."""
