"""How much models know of secrets that were planted in their training data."""
