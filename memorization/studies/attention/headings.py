"""Headings of the measures of density, for tables."""

HEADINGS = {
    "normalized_entropy": "Entropy / ln L",
    "effective_tokens": "Effective tokens",
    "gini": "Gini",
    "share_above_uniform": "Tokens above 1/L",
}
"""Headings by measure, in the table's order."""
