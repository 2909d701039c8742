"""How well models do their tasks on test rows: Tables 16 to 21."""
