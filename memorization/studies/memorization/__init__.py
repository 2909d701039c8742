"""Rates of memorization over a grid of runs: Tables 1, 2, 5, 6, 7, 9, 10, 11 and Figures 1, 2 and 3."""
