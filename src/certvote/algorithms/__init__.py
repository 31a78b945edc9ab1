"""Hold the algorithms, who votes on the label of a test example: one module, one algorithm."""
