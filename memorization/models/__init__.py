"""Models: loading, training from scratch and fine-tuning, generation."""
