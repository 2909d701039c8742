"""Kinds of studies: one folder per kind, with all that it alone states, computes and shows."""
