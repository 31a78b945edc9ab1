"""How votes scale: over the number of training examples, 10 thousand to 1 million, and over threads.

    python benchmarks/scaling.py [--size quick|standard|full] [--repeats N] [--only TEXT]

64 features, 1,000 test examples (quick: 200), kNN with a tenth of the training set as k. The floor of each is the time
of its distances alone at the machine's arithmetic rate with as many threads.
"""

from __future__ import annotations

import numpy as np
from numba import config

from certvote.neighbors import knn_votes
from floor import floor
from harness import Bench

DIMS = 64


def main() -> None:
    with Bench("scaling", about=__doc__) as bench:
        m = bench.pick(quick=200, standard=1000, full=1000)
        largest = bench.pick(quick=100_000, standard=1_000_000, full=1_000_000)
        generator = np.random.default_rng(0)
        train = generator.integers(0, 2**12, (largest, DIMS)).astype(np.float32)
        labels = generator.integers(0, 10, largest)
        queries = generator.integers(0, 2**12, (m, DIMS)).astype(np.float32)

        def job(n: int, threads: int) -> None:
            knn_votes(train[:n], labels[:n], queries, k=n // 10, num_classes=10, backend="numba", threads=threads)

        job(10_000, 1)  # compiled code is read
        cores = config.NUMBA_NUM_THREADS
        for n in (10_000, 30_000, 100_000, 300_000, 1_000_000):
            if n <= largest:
                contender = {f"{cores} threads": lambda n=n: job(n, cores)}
                bench.case(f"n = {n:,}", contender, floor=floor(m, n, DIMS), warm_up=False)
        counts = [threads for threads in (1, 2, 4, 8, 16, 32, 64, 128) if threads < cores] + [cores]
        contenders = {f"{t} threads": lambda t=t: job(100_000, t) for t in counts}
        bench.case("threads, n = 100,000", contenders, floor=floor(m, 100_000, DIMS, 1), warm_up=False)


if __name__ == "__main__":
    main()
