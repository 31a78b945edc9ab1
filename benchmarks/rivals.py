"""What a user would write to count votes with FAISS, scikit-learn or torch: from arrays in memory to votes."""

from __future__ import annotations

from collections.abc import Callable

import faiss
import numpy as np
import torch
from sklearn.neighbors import KNeighborsClassifier, RadiusNeighborsClassifier

from data import Vectors

_ROWS = 256  # queries at a time, where all distances must be held
Job = Callable[[], object]


def knn(data: Vectors) -> dict[str, Job]:
    """Votes of the ``k`` nearest neighbors."""

    def with_faiss() -> np.ndarray:
        index = faiss.IndexFlat(data.train.shape[1], faiss.METRIC_L1)
        index.add(data.train)
        return votes(data.labels[index.search(data.queries, data.k)[1]])

    def with_sklearn() -> np.ndarray:
        classifier = KNeighborsClassifier(data.k, algorithm="brute", metric="manhattan", n_jobs=-1)
        return classifier.fit(data.train, data.labels).predict_proba(data.queries)

    def with_torch() -> np.ndarray:
        train, labels = torch.from_numpy(data.train), torch.from_numpy(data.labels)
        found = []
        for queries in torch.from_numpy(data.queries).split(_ROWS):
            order = torch.cdist(queries, train, p=1.0).sort(dim=1).indices
            found.append(votes(labels[order[:, : data.k]].numpy()))
        return np.concatenate(found)

    return {
        "FAISS IndexFlat(L1).search": with_faiss,
        "scikit-learn KNeighborsClassifier": with_sklearn,
        "torch.cdist + sort": with_torch,
    }


def rnn(data: Vectors) -> dict[str, Job]:
    """Votes of all neighbors within the radius. FAISS's search knows no radius for L1: its distances are counted."""
    one_hot = np.eye(10, dtype=np.float32)[data.labels]

    def with_faiss() -> np.ndarray:
        found = []
        for start in range(0, len(data.queries), _ROWS):
            distances = faiss.pairwise_distances(
                data.queries[start : start + _ROWS], data.train, metric=faiss.METRIC_L1
            )
            found.append((distances <= data.r).astype(np.float32) @ one_hot)
        return np.concatenate(found)

    def with_sklearn() -> np.ndarray:
        classifier = RadiusNeighborsClassifier(
            data.r, algorithm="brute", metric="manhattan", outlier_label=0, n_jobs=-1
        )
        return classifier.fit(data.train, data.labels).predict_proba(data.queries)

    def with_torch() -> np.ndarray:
        train, hot = torch.from_numpy(data.train), torch.from_numpy(one_hot)
        parts = torch.from_numpy(data.queries).split(_ROWS)
        return torch.cat([(torch.cdist(part, train, p=1.0) <= data.r).float() @ hot for part in parts]).numpy()

    return {
        "FAISS pairwise_distances + count": with_faiss,
        "scikit-learn RadiusNeighborsClassifier": with_sklearn,
        "torch.cdist + count": with_torch,
    }


def votes(labels: np.ndarray) -> np.ndarray:
    """Votes for each of ten labels in each row."""
    return np.stack([(labels == label).sum(axis=1) for label in range(10)], axis=1)
