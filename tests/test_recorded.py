"""Votes, certified sizes and curves are, bit for bit, those that version 0.1.0 recorded (tests/fixtures/record.py).

Jobs are composed by the command line and compared by the artifacts of their runs, whatever lies between. HOG, logistic
regressions and networks compute with floating point numbers, which another version of a library may round differently;
a failure therefore lists the libraries whose versions are not those of the record.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fixtures.jobs import observe, run_jobs
from fixtures.vectors import write_vectors
from fixtures.version import libraries

RECORDED = json.loads((Path(__file__).parent / "fixtures" / "recorded.json").read_text())


def differences(recorded: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Name the arrays whose digests differ, and show the numbers that can be read."""
    names = [
        f"{part}: {name}"
        for part in ("votes", "examples", "curve")
        for name in sorted(recorded[part].keys() | found[part].keys())
        if recorded[part].get(name) != found[part].get(name)
    ]
    shown = [f"recorded {recorded['readable']}", f"found {found['readable']}"]
    return [f"{' '.join(recorded['options'])}: {', '.join(names)}", *shown] if names else []


def changed_libraries() -> dict[str, tuple[str, str]]:
    """Libraries whose version is not the recorded one, with both versions."""
    now = libraries()
    return {name: (was, now[name]) for name, was in RECORDED["libraries"].items() if was != now[name]}


@pytest.mark.parametrize("group", ["neighbors", "ensembles", pytest.param("mnist", marks=pytest.mark.slow)])
def test_results_are_those_recorded(group, tmp_path, request):
    if group == "mnist":
        request.getfixturevalue("data_root")
    recorded = RECORDED["groups"][group]
    write_vectors(tmp_path / "vectors.npz")
    runs = run_jobs([job["options"] for job in recorded], tmp_path)
    found = [differences(job, observe(tmp_path, run)) for job, run in zip(recorded, runs, strict=True)]
    wrong = [line for lines in found for line in lines]
    assert not wrong, "\n".join([*wrong, f"libraries since: {changed_libraries() or 'unchanged'}"])


def test_every_kind_of_job_is_recorded():
    overrides = {override for jobs in RECORDED["groups"].values() for job in jobs for override in job["options"]}
    wanted = {
        "algo": ("knn", "rnn", "bagging", "dpa", "fa"),
        "grouping": ("rd", "island", "removal", "budget"),
        "grouping.bound": ("plain", "sharp"),
        "attack": ("poisoning", "backdoor"),
        "attack.change": ("any", "insert", "delete"),
        "election": ("plurality", "runoff"),
        "learner": ("nearest", "logistic", "network"),
        "feature": ("hog", "vectors"),
        "backend": ("reference", "numba", "faiss"),
    }
    assert {f"{name}={value}" for name, values in wanted.items() for value in values} <= overrides
    assert sum(len(jobs) for name, jobs in RECORDED["groups"].items() if name != "mnist") >= 60
    assert len(RECORDED["groups"]["mnist"]) >= 12


def test_searches_of_budget_certificates_were_exact():
    """So that a better search has the same curve: certified and attained are one number at every size."""
    budget = [job for jobs in RECORDED["groups"].values() for job in jobs if "grouping=budget" in job["options"]]
    assert budget
    for job in budget:
        assert job["curve"]["certified_accuracy"] == job["curve"]["attained"], job["options"]
