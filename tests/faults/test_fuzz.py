"""Junk gets one clear line, or is taken for what it is; nothing in between."""

from __future__ import annotations

import random

import numpy as np

import certvote
from certvote import datasets
from certvote.reporting import page
from faults.campaign import damage, run_campaign

PAGE = """title: T
question: Q
experiments: [demo]
abstract: {algo: knn}
sections:
  - {title: A, where: {dataset: mnist, algo: [knn, rnn]}, sizes: [0, 5, 10], best_per: [algo]}
  - {title: B, text: C, baseline: {certificate: island}, gain_sizes: [5]}
stated:
  - {says: x, size: 5, of: {algo: knn}, minus: {algo: rnn}, value: 3.5, tolerance: 0.1}
"""
JUNK = (
    "{}",
    "[]",
    "null",
    "true",
    ".nan",
    "-1",
    "1e400",
    "'",
    "{",
    ":",
    "&a",
    "*a",
    "!!python/object:os.system x",
    "\t",
    "\0",
)


def test_page_definitions(tmp_path):
    file = tmp_path / "page.yaml"

    def trial(rng: random.Random) -> None:
        text = PAGE
        for _ in range(rng.randint(1, 3)):
            start = rng.randrange(len(text))
            text = text[:start] + rng.choice(JUNK) + text[start + rng.randrange(8) :]
        file.write_text(text)
        message = ""
        try:
            page.load(file).check()
        except ValueError as error:
            message = str(error)
        assert not message or message.startswith(str(file)), message

    run_campaign("a page definition with junk in it", trial, few=60)


def test_data_files(tmp_path):
    file = tmp_path / "data.npz"
    whole = np.random.default_rng(0)
    arrays = {"x_train": whole.random((9, 4)), "x_test": whole.random((3, 4)), "y_train": np.arange(9) % 3}

    def trial(rng: random.Random) -> None:
        np.savez(file, **arrays, y_test=np.arange(3), class_names=np.array(["a", "b", "c"]))
        damage(file, rng)
        message = ""
        try:
            split = datasets.arrays(path=file)
        except ValueError as error:
            message = str(error)
        assert not message or str(file) in message
        if not message:
            np.testing.assert_array_equal(split.train_labels, arrays["y_train"])
            np.testing.assert_array_equal(split.train, arrays["x_train"])

    run_campaign("a damaged data file", trial, few=100)


def test_vote_tables():
    def trial(rng: random.Random) -> None:
        m, c, n = rng.randint(1, 6), rng.randint(1, 5), rng.choice([1, 5, 2**31 - 1, 2**40])
        kind = rng.choice([np.int32, np.int64, np.uint64, np.float64, np.int8, ">i4"])
        with np.errstate(invalid="ignore"):
            counts = np.array([[rng.randint(-1, n) for _ in range(c)] for _ in range(m)]).astype(kind)
        labels = np.array([rng.randint(-1, c) for _ in range(m)])
        sizes = np.array(sorted(rng.sample(range(50), 5)))
        try:
            sure = certvote.individual_curve(certvote.Votes(counts), labels, sizes=sizes).certified
            joint = certvote.budget_curve(certvote.Votes(counts), labels, sizes=sizes).certified
        except ValueError:
            return
        assert ((sure >= 0) & (sure <= joint + 1e-12) & (joint <= 1)).all()
        assert (np.diff(sure) <= 0).all()

    run_campaign("a hostile table of votes", trial, few=60)
