"""A whole job, from the command line to the database: cold, warm and done before, and where its time goes.

    python benchmarks/jobs.py [--size quick|standard|full] [--repeats N] [--only TEXT]

Digits, and MNIST with HOG features where it is at hand (not for quick). Cold: no features, votes or database. Warm:
features and votes in the cache, a database with tables. One more in a sweep: what each further job of a warm one adds.
Start-up is what the same command takes to compose its options and to stop; computing is what the run says of its
stages; the rest is mostly MLflow, and most of that is importing it.
"""

from __future__ import annotations

import itertools
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from harness import Bench, Row, measured

_MORE = 10
_STARTS = itertools.count(20, 20)
_RUN = Path(__file__).resolve().parents[1] / "run.py"


def main() -> None:
    with Bench("jobs", about=__doc__) as bench:
        measure(bench, "digits", ["dataset=digits"])
        if bench.size != "quick" and (Path(os.environ.get("CERTVOTE_DATA_ROOT", "data")) / "MNIST").is_dir():
            measure(bench, "MNIST", ["dataset=mnist", "feature=hog", "k=5000"])


def measure(bench: Bench, name: str, options: list[str]) -> None:
    kinds = ("start-up", "cold", "warm", "done before", "one more in a sweep")
    rounds: dict[str, list[tuple[float, float, float]]] = {kind: [] for kind in kinds}
    for _ in range(bench.repeats):
        with tempfile.TemporaryDirectory(prefix="certvote-bench-") as folder:
            places = [f"tracking.uri=sqlite:///{folder}/mlflow.db", f"cache_root={folder}/cache"]
            command = [sys.executable, str(_RUN), *options, *places]
            for what, more in (
                ("start-up", ["--cfg", "job"]),
                ("cold", []),
                ("warm", ["rerun=true"]),
                ("done before", []),
            ):
                seconds, peak = measured(_started([*command, *more], folder))
                rounds[what].append((seconds, peak, _computing(folder) if what in ("cold", "warm") else 0.0))
            sweep = [*command[:2], "-m", *command[2:]]
            few, many = (measured(_started([*sweep, _sizes(jobs)], folder)) for jobs in (2, 2 + _MORE))
            rounds["one more in a sweep"].append(((many[0] - few[0]) / _MORE, many[1], 0.0))
    start_up = statistics.median(seconds for seconds, _, _ in rounds["start-up"])
    whole = [seconds for seconds, _, _ in rounds["warm"]]
    for what in ("warm", "cold", "done before", "one more in a sweep"):
        seconds = [found[0] for found in rounds[what]]
        computing = statistics.median(found[2] for found in rounds[what])
        rest = statistics.median(seconds) - start_up - computing
        shares = {"start-up": start_up, "computing": computing, "MLflow and the rest": rest}
        ratio = statistics.median(a / b for a, b in zip(seconds, whole, strict=True))
        more = what == "one more in a sweep"
        peak = max(found[1] for found in rounds[what])
        bench.add(Row(f"a job, {name}", what, seconds, peak, ratio, None, {} if more else shares))
        if more:
            continue
        print("      " + ", ".join(f"{share}: {took:.1f} s" for share, took in shares.items()))


def _sizes(jobs: int) -> str:
    """A sweep of so many new jobs with the same votes."""
    start = next(_STARTS)
    return "sizes.max=" + ",".join(map(str, range(start, start + jobs)))


def _started(command: list[str], folder: str) -> Callable[[], object]:
    return lambda: subprocess.run(command, cwd=folder, check=True, capture_output=True)


def _computing(folder: str) -> float:
    """Seconds of the latest run's stages, as the database has them."""
    from certvote.results.location import import_mlflow

    import_mlflow()
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{folder}/mlflow.db")
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    run = client.search_runs(experiments, order_by=["attributes.start_time DESC"], max_results=1)[0]
    return sum(value for name, value in run.data.metrics.items() if name.startswith("seconds_"))


if __name__ == "__main__":
    main()
