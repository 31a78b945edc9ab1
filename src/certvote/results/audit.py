"""Recompute what a run claims from the evidence that it stored."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from certvote.options import columns
from certvote.options.identity import code_digest, fingerprint
from certvote.options.settings import flatten, restore
from certvote.results import legacy
from certvote.results.evidence import IDENTITY, load_votes, per_example, votes_digest
from certvote.results.headline import headline
from certvote.results.run import Run
from certvote.runtime.temporary import temporary_folder
from certvote.types import Certified, Curve, Election

if TYPE_CHECKING:
    from certvote.options.settings import Settings
    from certvote.results.store import Store

_ARTIFACTS = ("votes.npz", "certified_sizes.npz", "curve.csv", "curve.svg", "config.yaml")


@dataclass(frozen=True)
class Check:
    """State something about a record, and whether it holds."""

    statement: str
    holds: bool
    detail: str = ""
    checked: bool = True

    def __str__(self) -> str:
        state = ("ok" if self.holds else "FAIL") if self.checked else "?"
        return f"{state:4}  {self.statement}" + (f": {self.detail}" if self.detail else "")


def audit(store: Store, run: str) -> list[Check]:
    """Check the record of a run; every statement is about what the database holds now.

    Raises
    ------
    TrackingError
        If there is no such run.
    ValueError
        If it is not a finished job.
    """
    (record,) = store.read_runs(run_ids=[run])
    if record.status != "FINISHED" or not record.is_job:
        raise ValueError(f"expected a finished run, got {run}, which is {record.status}")
    sealed = _seal_check(store.differences(run))
    with temporary_folder() as folder:
        try:
            for artifact in _ARTIFACTS:
                store.download(run, artifact, folder)
            if record.tag("labels"):  # version 0.1 did not write it
                store.download(run, IDENTITY, folder)
        except Exception as error:
            return [sealed, Check("every artifact is there", False, str(error))]
        checks = [sealed]
        try:
            for check in _checks(record, folder):
                checks.append(check)
        except Exception as error:  # whatever was altered may break any of the steps
            checks.append(Check("the record can be read to its end", False, f"{type(error).__name__}: {error}"))
        return checks


def _seal_check(differences: list[str] | None) -> Check:
    """Check the digest over the record; runs of earlier versions have none."""
    statement = "the record is what it was when the run ended"
    if differences is None:
        return Check(statement, True, "not checked, as there is no digest over the record", checked=False)
    return Check(statement, not differences, ", ".join(differences))


def _checks(record: Run, folder: Path) -> Iterator[Check]:
    """Check everything that a record says, one statement after the other."""
    import yaml

    from certvote import stages

    tags = record.tags
    config = yaml.safe_load((folder / "config.yaml").read_text())
    settings = restore(legacy.renamed(config))
    params = columns.typed({name: str(value) for name, value in flatten(settings).items()})
    wrong = sorted(name for name, value in record.options.items() if name in params and params[name] != value)
    yield Check("the parameters are those of config.yaml", not wrong, ", ".join(wrong))

    identity = _identity(folder, config, record)
    expected = fingerprint(identity, tags["certvote.data_digest"], tags["certvote.code_digest"])
    sources = json.loads(tags.get("certvote.sources", "{}"))
    stated = columns.typed({name: str(value) for name, value in identity.items() if name not in sources})
    wrong = sorted(name for name, value in stated.items() if name in params and params[name] != value)
    holds = expected == tags["certvote.fingerprint"] and not wrong
    yield Check("the fingerprint fits options, data and code", holds, ", ".join(wrong))

    votes, labels = load_votes(folder / "votes.npz")
    same = votes_digest(votes, labels) == tags["certvote.evidence_digest"]
    yield Check("the votes are those that were counted", same)

    again = stages.certify(votes, labels, int(record.params["data.n_train"]), settings)
    with np.load(folder / "certified_sizes.npz", allow_pickle=False) as file:
        claimed, recomputed = dict(file), per_example(again)
    same = claimed.keys() == recomputed.keys() and all(np.array_equal(claimed[x], recomputed[x]) for x in claimed)
    yield Check("the certified sizes follow from the votes", same)

    if isinstance(votes, Election):
        yield from _election_checks(votes, runoff=settings.algo.second_round)
    yield _data_check(settings, tags["certvote.data_digest"], labels)
    yield from _curve_checks(record, read_csv(folder / "curve.csv"), again, settings)

    unchanged = tags["certvote.code_digest"] == code_digest([stages.__name__, *settings.modules()])
    detail = "unchanged" if unchanged else "it has changed since; everything above was checked with today's"
    yield Check("the code that made the run is known", len(tags["certvote.code_digest"]) == 64, detail)


def _election_checks(election: Election, runoff: bool) -> Iterator[Check]:
    """Check an election against the first choices, which are stored; ballots are not, so margins are not checked."""
    from certvote.certificates.runoff import finalists

    leader, second = finalists(election.counts)
    wins = (election.winner == leader) | (runoff & (election.winner == second))
    yield Check("the winners fit the votes", bool(wins.all()))
    yield Check(
        "the margins follow from the ballots",
        True,
        "not checked, as ballots are not stored; a run with rerun=true and an empty cache_root polls all voters again",
        checked=False,
    )


def _curve_checks(record: Run, curve: Curve, certified: Certified, settings: Settings) -> Iterator[Check]:
    """Check the logged curve against curve.csv, and both against what follows from the stored votes now."""
    stored = record.curve
    same = (
        stored is not None and np.array_equal(stored.sizes, curve.sizes) and _equal(stored.certified, curve.certified)
    )
    yield Check("the logged curve is that of curve.csv", same)
    sizes = settings.sizes.all()
    yield Check("the curve has every poisoning size", np.array_equal(sizes, curve.sizes))

    again = certified.curve
    if again.attained is None:
        worst = float(np.abs(again.certified - curve.certified).max())
        yield Check("the curve follows from the votes", worst < 1e-12, f"largest difference {worst:.1e}")
    else:  # a search that may stop early: both searches bound the same maximum from both sides
        low, high = curve.certified, curve.attained
        holds = high is not None and bool(
            (low <= again.attained + 1e-12).all() and (again.certified <= high + 1e-12).all()
        )
        yield Check("the curve agrees with a new search over the votes", holds)
    metrics = headline(replace(certified, curve=curve))
    wrong = sorted(name for name, value in metrics.items() if abs(record.metrics.get(name, np.nan) - value) > 1e-12)
    missing = sorted(set(metrics) - set(record.metrics))
    yield Check("the headline numbers are those of the curve", not wrong and not missing, ", ".join(wrong + missing))


def _data_check(settings: Settings, digest: str, labels: np.ndarray) -> Check:
    """Compare with the data itself, where it is at hand; nothing is downloaded for an audit."""
    from certvote.stages import load_split

    statement = "the data is what it was"
    try:
        split = load_split(settings, download=False)
    except (OSError, ValueError) as error:
        return Check(statement, True, f"not checked, as it is not at hand: {str(error).splitlines()[0]}", checked=False)
    return Check(statement, split.digest == digest and np.array_equal(split.test_labels, labels))


def _identity(folder: Path, config: dict[str, Any], record: Run) -> dict[str, Any]:
    """Return the options that the fingerprint was computed from."""
    if (folder / IDENTITY).is_file():
        recorded: dict[str, Any] = json.loads((folder / IDENTITY).read_text())
        return recorded
    sources: dict[str, Any] = json.loads(record.tags.get("certvote.sources", "{}"))
    return legacy.identity(config, record.params) | sources


def read_csv(path: Path) -> Curve:
    """Read the curve that ``curve.csv`` holds."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    attained = np.array([float(row["attained"]) for row in rows]) if "attained" in rows[0] else None
    return Curve(
        np.array([int(row["poisoning_size"]) for row in rows], dtype=np.int64),
        np.array([float(row["certified_accuracy"]) for row in rows]),
        attained,
    )


def _equal(a: np.ndarray, b: np.ndarray) -> bool:
    """Return whether two arrays are equal up to rounding."""
    return a.shape == b.shape and bool(np.abs(a - b).max() < 1e-12)
