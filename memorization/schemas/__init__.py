"""Schemas of the tables that stages hand to one another: one module per table, so that a change concerns that table."""
