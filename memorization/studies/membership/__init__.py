"""Whether the rows that a model was trained on can be told from held-out ones by what it assigns to them."""
