"""Names of the solvers, for the table and the figure of a sparse coding study."""

SOLVERS = {
    "linear": "linear solution",
    "attention": "attention, v2 trained",
    "attention_uniform": "attention, v2 = 1/D",
}
"""Names of the solvers, in the table's order."""
