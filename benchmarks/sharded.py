"""Votes over a training set in files: rate, and peak memory of each worker, with Dask on this machine.

    python benchmarks/sharded.py [--size quick|standard|full]       1, 5 (the default) or 20 million × 128

Shards are generated one by one into a temporary folder (512 bytes an example; TMPDIR says where). Two numbers of
queries tell what an example costs by itself (reading, packing) from what it costs for each query (distances); with both
the table of docs/scaling.md is extrapolated.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from certvote.neighbors import sharded
from certvote.neighbors.sharded import Shard, write_shards
from certvote.neighbors.sharded.cluster import local_client
from certvote.neighbors.sharded.runners import DaskRunner, piece_size
from harness import Bench, Row

DIMS, CLASSES, ROWS, MEMORY = 128, 10, 500_000, 10**9
WORKERS, QUERIES = 2, (20, 200)
HOW = {"ks": [5000], "rs": [200.0], "window": 100, "num_classes": CLASSES}


def main() -> None:
    with Bench("sharded", about=__doc__) as bench, tempfile.TemporaryDirectory(prefix="certvote-bench-") as folder:
        total = bench.pick(quick=1_000_000, standard=5_000_000, full=20_000_000)
        free = shutil.disk_usage(folder).free
        if free < 1.2 * 4 * DIMS * total:
            raise SystemExit(f"expected {1.2 * 4e-9 * DIMS * total:.1f} GB free in {folder}, got {free / 1e9:.1f}")
        start = time.perf_counter()
        shards = write_shards(blocks(total), folder)
        print(f"{total} x {DIMS} written in {time.perf_counter() - start:.0f} s")
        queries = examples(np.random.default_rng(0), max(QUERIES))[0]
        few, many = (measure(bench, shards, queries[:m], total) for m in QUERIES)
        for what, less, more in (("of the clock", few[0], many[0]), ("of a processor", few[1], many[1])):
            query = (more - less) / (QUERIES[1] - QUERIES[0]) / total * WORKERS
            example = less / total * WORKERS - QUERIES[0] * query
            print(f"\nper worker, time {what}: {1e6 * example:.2f} µs an example + {1e9 * query:.2f} ns for each query")
            print("| training examples | queries | 2 workers | 64 workers | 512 workers |\n|---|---:|---:|---:|---:|")
            for n, m in ((10**8, 200), (10**8, 10_000), (10**9, 200), (10**9, 10_000)):
                work = n * (example + m * query)
                print(f"| {n:,} × {DIMS} | {m:,} |" + "".join(f" {span(work / w)} |" for w in (2, 64, 512)))


def measure(bench: Bench, shards: list[Shard], queries: np.ndarray, total: int) -> tuple[float, float]:
    """Median seconds of the clock, and of a worker's processor; the row's peak is that of the largest worker."""
    seconds, processor, peak = [], [], 0.0
    for _ in range(bench.repeats):
        with local_client(WORKERS, MEMORY) as client:
            runner = DaskRunner(client, piece_size(MEMORY))
            sharded.knn_votes(shards[:1], queries[:4], k=10, num_classes=CLASSES, cluster=runner)  # reads compiled code
            before, start = sum(client.run(time.process_time).values()), time.perf_counter()
            sharded.neighbor_votes(shards, queries, cluster=runner, **HOW)
            seconds.append(time.perf_counter() - start)
            processor.append((sum(client.run(time.process_time).values()) - before) / WORKERS)
            peak = max(peak, *client.run(peak_mb).values())
    name = f"{total:,} x {DIMS}, {len(queries)} queries, {WORKERS} Dask workers of at most {MEMORY // 10**6} MB"
    notes = {"peak": "of a worker, mapped files included", "processor_seconds_of_a_worker": processor}
    bench.add(Row(name, "certvote: k=5000 window=100 and r=200", seconds, peak, 1.0, None, notes))
    return statistics.median(seconds), statistics.median(processor)


def peak_mb() -> float:
    """In a worker: the most memory that it ever had in use, mapped files included, in MB."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def blocks(total: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    generator = np.random.default_rng(1)
    for start in range(0, total, ROWS):
        yield examples(generator, min(ROWS, total - start))


def examples(generator: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Normal clouds around a point for each label, on a grid of 1/512."""
    centers = np.random.default_rng(2).standard_normal((CLASSES, DIMS), dtype=np.float32)
    labels = generator.integers(0, CLASSES, rows)
    values = generator.standard_normal((rows, DIMS), dtype=np.float32)
    values += centers[labels]
    np.clip(values, -8, 8, out=values)
    values *= 512
    np.rint(values, out=values)
    values /= 512
    return values, labels


def span(seconds: float) -> str:
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


if __name__ == "__main__":
    main()
