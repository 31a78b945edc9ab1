"""Votes over a training set that is too large for one memory: shards in files, counted by a cluster or by threads."""

from certvote.neighbors.sharded.cluster import Cluster
from certvote.neighbors.sharded.shards import Shard, split_rows, write_shards
from certvote.neighbors.sharded.votes import knn_votes, neighbor_votes, rnn_votes

__all__ = ["Cluster", "Shard", "knn_votes", "neighbor_votes", "rnn_votes", "split_rows", "write_shards"]
