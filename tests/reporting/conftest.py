"""Runs as the results database would return them: MNIST with the published numbers, a failure, notes, hostile text.

The curves of ensembles are made up; no test takes them for results.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping

import numpy as np
import pytest

from certvote.results.run import Run
from certvote.types import Curve
from reporting.browsing import started

HOSTILE = '<script>alert("x")</script> =1+1 50% & #_{}~^\\ $\\frac{1}{0$'

# Certified accuracy at e = 0, 100, …, 1000, in ten-thousandths.
CERTIFIED = {
    ("knn", "individual"): [8496, 8125, 7742, 7267, 6744, 6230, 5687, 5143, 4596, 4012, 3445],
    ("knn", "budget"): [8496, 8374, 8259, 8134, 7999, 7834, 7649, 7472, 7272, 7077, 6865],
    ("rnn", "individual"): [8684, 7956, 7275, 6585, 5903, 5262, 4601, 4043, 3500, 3025, 2596],
    ("rnn", "rd"): [8684, 8011, 7402, 6790, 6201, 5650, 5098, 4632, 4180, 3790, 3401],
    ("rnn", "island"): [8684, 8144, 7656, 7180, 6678, 6208, 5738, 5313, 4912, 4540, 4109],
    ("rnn", "removal"): [8684, 8237, 7814, 7432, 7041, 6624, 6225, 5847, 5470, 5127, 4785],
    ("rnn", "budget"): [8684, 8440, 8166, 7901, 7634, 7309, 6984, 6645, 6323, 6018, 5717],
}
ATTAINED = {
    ("knn", "budget"): [8496, 8375, 8262, 8137, 8003, 7841, 7658, 7482, 7287, 7093, 6883],
    ("rnn", "budget"): [8684, 8440, 8167, 7906, 7639, 7318, 6994, 6662, 6343, 6037, 5738],
}
ENSEMBLES = {
    "bagging": [8830, 8310, 7640, 6890, 6050, 5220, 4370, 3560, 2790, 2120, 1550],
    "dpa": [8920, 8020, 6760, 5120, 3480, 2010, 970, 330, 60, 0, 0],
    "fa": [8920, 8110, 6980, 5490, 3920, 2480, 1330, 560, 160, 20, 0],
    "roe": [8960, 8190, 7050, 5630, 4060, 2610, 1420, 600, 170, 20, 0],
    "roe-fa": [8960, 8230, 7190, 5890, 4360, 2930, 1700, 790, 260, 50, 0],
}
OPTIONS = {
    "knn": {"algo.k": "5000", "algo.ranking": "index"},
    "rnn": {"algo.r": "4.0"},
    "bagging": {"algo.voters": "1000", "algo.subsample": "20", "algo.alpha": "0.001", "algo.seed": "0"},
    "dpa": {"algo.parts": "2500"},
    "fa": {"algo.parts": "1250", "algo.spread": "2"},
}


def _filled_in(values: list[int], *, scale: float) -> np.ndarray:
    """All sizes 0 … 1000 from every hundredth, in whole test examples."""
    drawn = np.interp(np.arange(1001), np.arange(0, 1001, 100), values)
    return np.floor(drawn * scale + 1e-6) / 10_000


@pytest.fixture(scope="session")
def make_run() -> Callable[..., Run]:
    """Build one finished MNIST run; keywords replace parts of it."""

    def make(
        algo: str = "knn",
        certificate: str = "individual",
        attack: str = "poisoning",
        *,
        id: str | None = None,
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
        **changes: object,
    ) -> Run:
        scale = 1.0 if attack == "poisoning" else 0.985
        attained = ATTAINED.get((algo, certificate))
        method, algo = algo, {"roe": "dpa", "roe-fa": "fa"}.get(algo, algo)
        curve = Curve(
            np.arange(1001, dtype=np.int64),
            _filled_in(ENSEMBLES.get(method) or CERTIFIED[algo, certificate], scale=scale),
            None if attained is None else _filled_in(attained, scale=scale),
        )
        id = id or f"{method}{certificate}{attack}{(params or {}).get('attack.change', '')}".encode().hex()
        settings = {
            "dataset.name": "mnist",
            "dataset.n_train": "None",
            "dataset.n_test": "None",
            "dataset.seed": "0",
            "feature.name": "hog",
            "feature.orientations": "9",
            "attack.name": attack,
            "algo.name": algo,
            "certificate.name": certificate,
            "sizes.max": "1000",
            "sizes.step": "1",
            "backend.name": "auto",
            "data.n_train": "60000",
            "data.n_test": "10000",
            "data.num_classes": "10",
            "data.dim": "81",
        }
        settings |= OPTIONS[algo]
        if method in ENSEMBLES:
            settings |= {"learner.name": "logistic", "learner.epochs": "50"}
            if algo != "bagging":
                settings |= {"algo.election": "runoff" if method.startswith("roe") else "plurality"}
        settings |= {"attack.size": "5", "attack.position": "bottom-right"} if attack == "backdoor" else {}
        settings |= {"certificate.seed": "0"} if certificate == "rd" else {}
        settings |= params or {}
        labels = {
            "certvote.kind": "run",
            "certvote.fingerprint": id,
            "certvote.data_digest": "d4" * 32,
            "certvote.feature_digest": "fe" * 32,
            "certvote.code_digest": "c0" * 32,
            "certvote.version": "0.1.0",
            "certvote.command": f"python run.py dataset=mnist algo={algo} certificate={certificate} attack={attack}",
            "certvote.environment": json.dumps({"python": "3.11.9", "numpy": "2.4.6"}),
            **(tags or {}),
        }
        measured = {"seconds_training": 6.4} if method in ENSEMBLES else {}
        measured |= {"abstained": 0.0213} if algo == "bagging" else {}
        run = Run(
            id=id,
            name=f"{algo} {certificate}",
            status="FINISHED",
            started=1_790_000_000.0,
            seconds=12.3,
            params=settings,
            metrics={"CA_0": float(curve.certified[0]), "seconds_votes": 1.9, **measured},
            tags=labels,
            curve=curve,
            url=f"http://127.0.0.1:5000/#/experiments/1/runs/{id}",
        )
        return dataclasses.replace(run, **changes)

    return make


@pytest.fixture(scope="session")
def mnist_runs(make_run: Callable[..., Run]) -> list[Run]:
    """Every certificate under both attacks, a failed run and one whose data carries a warning."""
    runs = [
        make_run(algo, certificate, attack) for attack in ("poisoning", "backdoor") for algo, certificate in CERTIFIED
    ]
    failed = make_run(
        "rnn",
        "island",
        id="failed00",
        params={"algo.r": "4.5"},
        tags={"certvote.error": f"MemoryError: expected 3 GB of free memory, got 1 GB {HOSTILE}"},
        status="FAILED",
        curve=None,
    )
    noted = make_run(
        "knn",
        "individual",
        "backdoor",
        id="noted000",
        params={"algo.k": "3000"},
        tags={"certvote.notes": json.dumps([f"the trigger covers digits of 31 images {HOSTILE}"])},
    )
    return [*runs, failed, noted]


@pytest.fixture(scope="session")
def ensemble_runs(make_run: Callable[..., Run]) -> list[Run]:
    """The paper's comparison: neighbors, every ensemble, and DPA against an attacker who may only insert."""
    runs = [make_run(algo, certificate) for algo in ("knn", "rnn") for certificate in ("individual", "budget")]
    runs += [make_run("rnn", "island"), *(make_run(name) for name in ENSEMBLES)]
    curve = make_run("dpa").curve
    assert curve is not None
    wider = np.interp(curve.sizes / 2, curve.sizes, curve.certified)
    inserting = {"attack.change": "insert"}
    return [*runs, make_run("dpa", params=inserting, curve=Curve(curve.sizes, np.floor(wider * 1e4) / 1e4))]


@pytest.fixture(scope="module")
def browser():
    with started() as running:
        yield running
