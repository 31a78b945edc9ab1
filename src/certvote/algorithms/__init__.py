"""Hold the algorithms: who votes on the label of a test example. One module, one algorithm."""
