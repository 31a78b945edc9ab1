"""Votes of the nearest neighbors: exact, in the L1 distance, the same bits from every backend."""

from certvote.neighbors.backends import Backend
from certvote.neighbors.backends.dask import Dask
from certvote.neighbors.backends.torch import Torch
from certvote.neighbors.votes import knn_votes, neighbor_votes, rnn_votes

__all__ = ["Backend", "Dask", "Torch", "knn_votes", "neighbor_votes", "rnn_votes"]
