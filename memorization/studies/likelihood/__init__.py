"""How likely models are to write the suffixes, and what n draws would extract."""
