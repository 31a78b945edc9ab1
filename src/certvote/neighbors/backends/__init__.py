"""Hold the backends, what counts the votes of nearest neighbors: one module, one backend."""
