"""Counters for CUDA devices; they also run on torch's CPU device, where their tests do."""
