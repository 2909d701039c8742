"""Detection of suffixes in generations: plagiarism detection on pairs of texts."""
