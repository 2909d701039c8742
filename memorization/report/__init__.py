"""What people read: tables and the closing words of a run."""
