"""Hold the backends, which count the votes of nearest neighbors: one module, one backend."""
