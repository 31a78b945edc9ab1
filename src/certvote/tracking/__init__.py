"""The results database: the only part of the program that knows MLflow."""

from certvote.tracking.location import TrackingError
from certvote.tracking.store import Store

__all__ = ["Store", "TrackingError"]
