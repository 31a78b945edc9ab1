"""Hold the features, vectors of examples on the exact grid: one module, one feature."""
