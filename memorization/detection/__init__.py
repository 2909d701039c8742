"""What of a suffix stands in a generation: plagiarism detection on pairs of texts."""
