"""Hold the attacks: what is done to test images. One module, one attack."""
