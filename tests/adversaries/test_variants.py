"""Variants of an example: each falls into the bucket that it was made for, and differs in few entries."""

from __future__ import annotations

from hashlib import sha256

import numpy as np
import pytest

from certvote.adversaries.variants import variants
from certvote.algorithms.subsets import HashRule


def bucket(example: np.ndarray, label: int, rule: HashRule) -> int:
    values = example.astype(np.float64) + 0.0 if example.dtype.kind == "f" else example
    end = np.int64(label).tobytes() if rule.by == "example" else b""
    return int.from_bytes(sha256(values.tobytes() + end).digest(), "big") % rule.buckets


@pytest.mark.parametrize("by", ["example", "input"])
@pytest.mark.parametrize("kind", ["image", "vector"])
def test_a_variant_is_in_its_bucket_and_near_the_example(by, kind):
    rng, rule = np.random.default_rng(0), HashRule(50, by)
    if kind == "image":
        example, how = rng.integers(0, 256, (6, 6, 1)).astype(np.uint8), {"low": 0, "high": 255, "step": 1}
    else:
        example, how = rng.integers(0, 65, 50) / 64, {"low": 0, "high": 1, "step": 1 / 64}
    found = variants(example, 3, range(50), rule, **how, rng=rng)
    assert sorted(found) == list(range(50))
    for wanted, varied in found.items():
        assert bucket(varied, 3, rule) == wanted
        assert varied.dtype == example.dtype
        assert how["low"] <= varied.min() <= varied.max() <= how["high"] or np.array_equal(varied, example)
        assert (varied != example).sum() <= 1


def test_a_bucket_out_of_reach_is_left_out():
    example = np.array([1], dtype=np.int64)
    found = variants(example, 0, range(40), HashRule(40, "input"), low=0, high=2, step=1, rng=np.random.default_rng(0))
    assert 1 <= len(found) <= 3  # 0, 1 and 2 are all that there is
