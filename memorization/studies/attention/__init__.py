"""Attention of the output on the input: heatmaps, density, correlation with memorization (Section 6.2)."""
