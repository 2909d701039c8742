"""Commands of the program `memorization`: one stage of the workflow per module."""
