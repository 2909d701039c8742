"""Measure how much of its fine-tuning data a language model gives back (after Zeng et al., ACL 2024)."""

__version__ = "0.1.0"
