"""Endings of the files of tables and figures, known before anything is loaded that writes them."""

TABLE = ("parquet", "csv", "md", "tex", "html", "json")
"""Of a table's files; `formats` writes them."""
FIGURE = ("svg", "png")
"""Of a figure's files; `drawing` writes them."""
