"""What all benchmarks share: contenders that take turns in one process, medians, spread, peak memory, the machine.

A benchmark makes a ``Bench``, gives it cases (functions that do the same work, ours first) and closes it:

    with Bench("votes") as bench:
        bench.case("kNN k=5000", {"certvote": ours, "FAISS": theirs}, floor=seconds)

Each case prints its rows when it is done; at the end everything is written as JSON (--json).
"""

from __future__ import annotations

import argparse
import gc
import importlib.metadata
import json
import os
import platform
import statistics
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType

import psutil

SIZES = ("quick", "standard", "full")
RESULTS = Path(__file__).parent / "results"
_LIBRARIES = ("certvote", "numpy", "numba", "faiss-cpu", "scikit-learn", "torch", "scikit-image", "dask", "mlflow")
Job = Callable[[], object]


@dataclass(frozen=True)
class Row:
    """One contender of a case over all rounds."""

    case: str
    contender: str
    seconds: list[float]
    peak_mb: float  # memory beyond what was in use before
    ratio: float  # median over the rounds of its time over the first contender's
    floor: float | None  # seconds that this machine's arithmetic needs at least
    notes: dict[str, object] = field(default_factory=dict)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def spread(self) -> float:
        """How far the rounds are apart, over their median."""
        return (max(self.seconds) - min(self.seconds)) / self.median


class Bench:
    """A benchmark that reads the options all of them have, measures case after case, and reports."""

    def __init__(self, name: str, *, about: str | None = None, arguments: Sequence[str] | None = None) -> None:
        parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument("--size", choices=SIZES, default="standard", help="how much work (default: standard)")
        parser.add_argument("--repeats", type=int, help="rounds in which every contender has its turn")
        parser.add_argument("--only", default="", help="leave out cases without this text in their name")
        parser.add_argument("--json", type=Path, default=RESULTS / f"{name}.json", help="where results are written")
        options = parser.parse_args(arguments)
        self.name, self.size, self.only, self.json = name, options.size, options.only, options.json
        self.repeats: int = options.repeats or {"quick": 1, "standard": 3, "full": 5}[self.size]
        self.rows: list[Row] = []

    def pick(self, **by_size: int) -> int:
        """The number for the size that was asked for: ``pick(quick=500, standard=2000, full=10_000)``."""
        return by_size[self.size]

    def wanted(self, case: str) -> bool:
        return self.only in case

    def case(
        self,
        name: str,
        contenders: Mapping[str, Job],
        *,
        floor: float | None = None,
        warm_up: bool = True,
        repeats: int | None = None,
        notes: Mapping[str, object] | None = None,
    ) -> list[Row]:
        """Let the contenders take turns; the first is the one that the others are compared with.

        ``warm_up``: each runs once beforehand, unmeasured, so that nobody pays for compilation or imports.
        """
        if not self.wanted(name):
            return []
        if warm_up:
            for job in contenders.values():
                job()
        rounds: dict[str, list[tuple[float, float]]] = {contender: [] for contender in contenders}
        for _ in range(repeats or self.repeats):
            for contender, job in contenders.items():
                rounds[contender].append(measured(job))
        first = [seconds for seconds, _ in next(iter(rounds.values()))]
        rows = [
            Row(
                name,
                contender,
                [seconds for seconds, _ in found],
                max(peak for _, peak in found),
                statistics.median(mine / ours for (mine, _), ours in zip(found, first, strict=True)),
                floor,
                dict(notes or {}),
            )
            for contender, found in rounds.items()
        ]
        self.add(*rows)
        return rows

    def add(self, *rows: Row) -> None:
        """Take rows as measured elsewhere, and print them."""
        for row in rows:
            if row.case not in {known.case for known in self.rows}:
                floor = "" if row.floor is None else f"   (floor {row.floor:.3g} s)"
                print(f"\n{row.case}{floor}\n  {'':44}{'median s':>10}{'spread':>8}{'ratio':>8}{'peak MB':>9}")
            self.rows.append(row)
            print(
                f"  {row.contender:44}{row.median:10.3f}{row.spread:8.0%}{row.ratio:8.2f}{row.peak_mb:9.0f}", flush=True
            )

    def __enter__(self) -> Bench:
        print(f"# {self.name}, size {self.size}, {self.repeats} rounds")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.rows:
            return
        print(f"\n{describe(machine())}")
        self.json.parent.mkdir(parents=True, exist_ok=True)
        rows = [{**asdict(row), "median": row.median, "spread": row.spread} for row in self.rows]
        found = {"name": self.name, "size": self.size, "complete": kind is None, "machine": machine(), "rows": rows}
        self.json.write_text(json.dumps(found, indent=1) + "\n")


def measured(job: Job) -> tuple[float, float]:
    """Seconds, and the most memory in MB that this process and its children had beyond what they had before."""
    gc.collect()
    process, done = psutil.Process(), threading.Event()
    before = peak = _memory(process)

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.02):
            peak = max(peak, _memory(process))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        start = time.perf_counter()
        job()
        seconds = time.perf_counter() - start
    finally:
        done.set()
        watcher.join()
    return seconds, (peak - before) / 2**20


def _memory(process: psutil.Process) -> int:
    total: int = process.memory_info().rss
    for child in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            total += child.memory_info().rss
    return total


def machine() -> dict[str, object]:
    """What the numbers were measured on."""
    versions = {}
    for name in _LIBRARIES:
        with suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "processor": _processor(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "load": round(os.getloadavg()[0], 1),
        "date": time.strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        "versions": versions,
    }


def describe(found: Mapping[str, object]) -> str:
    """One line about a machine."""
    versions = found["versions"]
    assert isinstance(versions, dict)
    listed = ", ".join(f"{name} {version}" for name, version in versions.items())
    cores, processor, memory, load, date, python = (
        found[key] for key in ("cores", "processor", "memory_gb", "load", "date", "python")
    )
    return f"{cores} cores, {processor}, {memory} GB, load {load}, {date}; Python {python}, {listed}"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
