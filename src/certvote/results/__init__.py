"""Read and write the results database: the only part of the program that imports MLflow."""

from certvote.results.location import TrackingError
from certvote.results.store import Store
from certvote.results.tables import certified_sizes, curves, runs, sweeps, votes

__all__ = ["Store", "TrackingError", "certified_sizes", "curves", "runs", "sweeps", "votes"]
