"""Ensembles whose voters are trained on subsamples or parts of the training set: bagging, DPA, Finite Aggregation."""

from certvote.algorithms.subsets import Subsets, bootstrap, partition, spread
from certvote.learners.ensemble import LEARNERS, Ensemble, train

__all__ = ["LEARNERS", "Ensemble", "Subsets", "bootstrap", "partition", "spread", "train"]
