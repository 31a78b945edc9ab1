"""The public interface of the library: every name resolves, and importing it costs nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import certvote

SOURCE = ast.parse(Path(certvote.__file__).read_text())
HEAVY = {"numpy", "numba", "hydra", "omegaconf", "jaxtyping", "mlflow", "torch", "sklearn", "matplotlib", "pandas"}


@pytest.mark.parametrize("name", certvote.__all__)
def test_a_public_name_resolves_and_is_documented(name):
    found = getattr(certvote, name)
    assert name in dir(certvote)
    assert name == "__version__" or found.__doc__


def test_type_checkers_see_what_is_there():
    """The imports for type checkers, ``__all__`` and the table of origins name the same things."""
    block = next(node for node in SOURCE.body if isinstance(node, ast.If))
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    seen = {alias.asname or alias.name: (node.module, alias.name) for node in imports for alias in node.names}
    origins = {
        name: (module.rpartition(".")[0], module.rpartition(".")[2]) if not attribute else (module, attribute)
        for name, (module, attribute) in certvote._ORIGINS.items()
    }
    assert seen == origins
    assert sorted(certvote.__all__) == sorted(["__version__", *origins])


def test_an_unknown_name_is_an_error():
    with pytest.raises(AttributeError, match="module 'certvote' has no attribute 'absent'"):
        certvote.absent  # noqa: B018


def test_importing_the_package_imports_nothing_heavy():
    program = f"import sys, certvote; print(*({HEAVY} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_votes_certify_through_the_public_names():
    train = certvote.snap(np.array([[0.0], [0.1], [0.2], [0.9], [1.0]]), certvote.bits_for(1))
    labels = np.array([0, 0, 0, 1, 1])
    votes = certvote.knn_votes(train, labels, train[:1], k=3, window=2, num_classes=2)
    assert votes.counts.tolist() == [[3, 0]]
    assert certvote.certified_sizes(votes, labels[:1]).tolist() == [1]  # 3 : 0, and a poisoned example moves two votes
    assert certvote.budget_curve(votes, labels[:1], np.arange(3)).certified.tolist() == [1, 1, 0]


def test_certified_sizes_of_knn_count_what_insertions_push_out():
    """Of rNN, only additions count; of kNN each addition also pushes a neighbor out, so the size is smaller."""
    labels = np.array([0, 0, 0, 1])
    votes = certvote.Votes(counts=np.array([[3, 0]], dtype=np.int32))
    assert certvote.certified_sizes(votes, labels[:1], change="insert").tolist() == [2]
    votes = certvote.Votes(counts=np.array([[3, 0]], dtype=np.int32), k=3)
    assert certvote.certified_sizes(votes, labels[:1], change="insert").tolist() == [1]
