"""The clearest cases of each type of match: Table 22."""
