"""Ensembles whose voters are trained on subsamples or parts of the training set: bagging, DPA, Finite Aggregation."""

from certvote.ensembles.learners import LEARNERS, Ensemble, train
from certvote.ensembles.subsets import Subsets, bootstrap, partition, spread

__all__ = ["LEARNERS", "Ensemble", "Subsets", "bootstrap", "partition", "spread", "train"]
