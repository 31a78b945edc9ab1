"""The runs that the paper's experiments would leave behind: every job of every sweep, with curves that are made up."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from certvote.options import aliases, settings
from certvote.results.run import Run
from certvote.runtime.paths import conf_dir
from certvote.types import Curve

SIZES = np.arange(1001, dtype=np.int64)
JOINT = ("individual", "rd", "island", "removal", "budget")
ENSEMBLES = ("bagging", "dpa", "fa")


def study_runs(make_run: Callable[..., Run], experiments: tuple[str, ...]) -> list[Run]:
    """One run per job that has a certificate; jobs that sweeps share are there once, as in the database."""
    settings.register()
    runs: dict[str, Run] = {}
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        for experiment in experiments:
            config = compose("config", overrides=[f"experiment={experiment}"], return_hydra_config=True)
            for job in jobs(config):
                run = one_run(make_run, config, job)
                runs[run.id] = run
    return list(runs.values())


def jobs(config: DictConfig) -> Iterator[dict[str, str]]:
    """The product of a sweep's choices, without what no certificate is defined for."""
    params = {aliases.option_name(name): str(values).split(",") for name, values in config.hydra.sweeper.params.items()}
    chosen = config.hydra.runtime.choices
    for values in itertools.product(*params.values()):
        job = {"algo": chosen.algo, "attack.change": "any", "feature": chosen.feature, "learner": chosen.learner}
        job |= {"certificate": "individual", **dict(zip(params, values, strict=True))}
        job["certificate"] = aliases.choice_name("certificate", job["certificate"])
        algo, certificate = job["algo"], job["certificate"]
        if algo in ENSEMBLES and certificate != "individual":
            continue
        if certificate in ("rd", "island", "removal") and (algo == "knn" or job["attack.change"] == "insert"):
            continue
        yield job


def one_run(make_run: Callable[..., Run], config: DictConfig, job: Mapping[str, str]) -> Run:
    algo, certificate, known = job["algo"], job["certificate"], config.dataset.recommended
    dataset, attack = config.hydra.runtime.choices.dataset, config.hydra.runtime.choices.attack
    options = {"learner.name": job["learner"]} if algo in ENSEMBLES else {}
    options |= {"dataset.name": dataset, "feature.name": job["feature"], "attack.change": job["attack.change"]}
    options |= {
        "knn": {"algo.k": job.get("k", str(config.k))},
        "rnn": {"algo.r": str(float(job.get("r", config.r)))},
        "bagging": {"algo.subsample": str(known.subsample)},
        "dpa": {"algo.parts": str(known.parts)},
        "fa": {"algo.parts": str(known.parts), "algo.spread": "2"},
    }[algo]
    if algo in ENSEMBLES and job["learner"] == "network":
        options["feature.name"] = ""  # networks look at images
    method = {"dpa": "roe", "fa": "roe-fa"}.get(algo, algo) if job.get("election") == "runoff" else algo
    if dataset == "cifar10":
        options["data.n_train"] = "50000"
    identity = json.dumps([method, certificate, attack, options], sort_keys=True)
    drawn = curve(identity, JOINT.index(certificate), 2.0 if dataset == "cifar10" else 1.0)
    notes = ["the images went through JPEG once"] if dataset == "cifar10" else []
    tags = {"certvote.notes": json.dumps(notes), "certvote.data_digest": dataset.encode().hex().ljust(64, "0")}
    id = hashlib.sha256(identity.encode()).hexdigest()[:32]
    return make_run(method, certificate, attack, id=id, params=options, tags=tags, curve=drawn)


def curve(identity: str, joint: int, scale: float) -> Curve:
    """A falling curve of whole test examples that is the same for the same run."""
    draw = np.random.default_rng(list(identity.encode()))
    start, width = draw.uniform(0.8, 0.92) / math.sqrt(scale), draw.uniform(300, 700) * (1 + joint / 3) / scale
    certified = np.floor(1e4 * start * np.exp(-((SIZES / width) ** 1.5))) / 1e4
    attained = np.floor(1e4 * np.minimum(certified * 1.01, start)) / 1e4
    return Curve(SIZES, certified, np.maximum(attained, certified) if joint == 4 else None)
