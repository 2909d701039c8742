"""Memorization against quality, recipe by recipe."""
