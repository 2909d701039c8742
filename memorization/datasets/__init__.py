"""Where samples come from: stored datasets, and synthetic corpora that need no download."""
