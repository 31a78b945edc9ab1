"""Hold the attacks, what is done to test images: one module, one attack."""
