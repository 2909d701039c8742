"""Seeded synthetic corpora, and labelled sentence pairs made of them."""
