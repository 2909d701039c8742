"""May a model be shipped? Everything that is measured of it, against thresholds."""
