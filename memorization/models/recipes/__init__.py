"""What a recipe changes about training: one module per switch, loaded only by the recipes that use it."""
