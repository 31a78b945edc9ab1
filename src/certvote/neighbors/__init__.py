"""Votes of the nearest neighbors: exact, in the L1 distance, the same bits from every backend."""

from certvote.neighbors.votes import knn_votes, neighbor_votes, rnn_votes

__all__ = ["knn_votes", "neighbor_votes", "rnn_votes"]
