"""What must hold of the elections' certificates: checks that take the package, so that broken copies can be checked.

Each raises ``AssertionError`` where a claim fails.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from certificates import elections, trained
from certificates.elections import Ballot
from certvote.certificates import dpa, finite_aggregation, runoff
from certvote.certificates.votes import UNLIMITED
from certvote.types import Election, Votes

PROGRAM: Any = SimpleNamespace(dpa=dpa, finite_aggregation=finite_aggregation, runoff=runoff)

UNITS = {"any": 2, "insert": 1, "delete": 1, "relabel": 1}
"""Parts that one unit of the poisoning size touches."""


class Case(NamedTuple):
    """Rankings of one test example, and the buckets of its voters."""

    ballots: list[Ballot]
    buckets: np.ndarray
    c: int


class Truth(NamedTuple):
    """Fewest poisoned buckets that change the winner: of a plurality, of a run-off with rankings and without."""

    plurality: int | None
    runoff: int | None
    hard: int | None


SMALL = ((10, 3, 1), (10, 3, 3), (6, 4, 3))
"""Voters, classes and buckets per voter at most, so that all that voters may say can be tried."""

LARGE = ((100, 5, 3), (20, 7, 3))


def draw_case(draw: Callable[[int, int], int], most_voters: int, most_classes: int, most_spread: int) -> Case:
    c = draw(1, most_classes)
    voters = draw(1, most_voters)
    ballots = elections.draw_ballots(draw, voters, c)
    if most_spread == 1:
        return Case(ballots, np.arange(voters)[:, None], c)
    return Case(ballots, elections.draw_buckets(draw, voters, draw(1, most_spread)), c)


def truth(case: Case) -> Truth:
    ballots, buckets, c = case
    first = [ballot[:1] for ballot in ballots]
    hard = [elections.choices(c), buckets, c]
    return Truth(
        elections.least_parts(elections.plurality, first, *hard),
        elections.least_parts(elections.runoff, ballots, elections.rankings(c), buckets, c),
        elections.least_parts(elections.runoff, first, *hard),
    )


def _outcomes(package: Any, case: Case) -> dict[str, list[Election]]:
    ballots, buckets, c = case
    rankings = np.array(ballots)[None]
    first = rankings[:, :, 0]
    fa, run = package.finite_aggregation, package.runoff
    outcomes = {
        "plurality": [fa.elect(first, buckets, num_classes=c)],
        "runoff": [run.elect(rankings, num_classes=c, buckets=buckets)],
        "hard": [run.elect_hard(first, num_classes=c, buckets=buckets)],
    }
    if np.array_equal(buckets, np.arange(len(ballots))[:, None]):
        outcomes["runoff"].append(run.elect(rankings, num_classes=c))
        outcomes["hard"].append(run.elect_hard(first, num_classes=c))
    return outcomes


def sound(package: Any, case: Case, least: Truth) -> None:
    """Elections name the winner, and fewer parts than they say do not change it, whatever the voters say then."""
    for name, outcomes in _outcomes(package, case).items():
        fewest = getattr(least, name)
        rule = elections.plurality if name == "plurality" else elections.runoff
        ballots = [ballot if name == "runoff" else ballot[:1] for ballot in case.ballots]
        for outcome in outcomes:
            assert outcome.winner[0] == rule(ballots, case.c), f"{name} elects another label"
            assert outcome.parts[0] >= 1
            if fewest is not None:
                assert outcome.parts[0] <= fewest, f"{name} is unsound"
                for change, units in UNITS.items():
                    for label in range(case.c):
                        size = package.dpa.election_sizes(outcome, np.array([label]), change=change)[0]
                        assert size < fewest / units, f"{name} with {change} is unsound"
                        assert (size < 0) == (label != outcome.winner[0]), f"{name} certifies a wrong label"


def exact(package: Any, case: Case) -> None:
    """Parts are what the theorems' formulas, evaluated literally, say; sizes are the largest that follow."""
    formulas = {
        "plurality": elections.plurality_formula(case.ballots, case.buckets, case.c),
        "runoff": elections.runoff_formula(case.ballots, case.buckets, case.c),
        "hard": elections.plurality_formula(case.ballots, case.buckets, case.c),
    }
    for name, outcomes in _outcomes(package, case).items():
        for outcome in outcomes:
            expected = UNLIMITED if formulas[name] is None else formulas[name]
            assert outcome.parts[0] == expected, f"{name} is not the formula"
            counts = [sum(ballot[0] == label for ballot in case.ballots) for label in range(case.c)]
            assert outcome.counts.tolist() == [counts]
            for change, units in UNITS.items():
                size = package.dpa.election_sizes(outcome, outcome.winner, change=change)[0]
                assert size == UNLIMITED if formulas[name] is None else size * units < expected <= (size + 1) * units


def partition(package: Any, case: Case) -> None:
    """DPA's sizes are exact: no change of the votes in fewer parts beats them, some change in one more part does."""
    ballots, _, c = case
    first, own = [ballot[:1] for ballot in ballots], np.arange(len(ballots))[:, None]
    counts = np.array([[first.count((label,)) for label in range(c)]])
    needed = elections.least_parts(elections.plurality, first, elections.choices(c), own, c)
    for change, units in UNITS.items():
        sizes = [package.dpa.certified_sizes(counts, np.array([label]), change=change)[0] for label in range(c)]
        assert [label for label, size in enumerate(sizes) if size >= 0] == [elections.plurality(first, c)]
        size = max(sizes)
        assert size == UNLIMITED if needed is None else size * units < needed <= (size + 1) * units, change


class Trained(NamedTuple):
    """A training set, and what becomes of each test example under all attacks: labels by election, change and size."""

    problem: trained.Problem
    labels: dict[tuple[str, str, int], list[set[int]]]


def draw_trained(draw: Callable[[int, int], int], most: int = 1) -> Trained:
    problem = trained.draw_problem(draw, draw(1, 2))
    reached = {}
    for change in UNITS:
        if change == "relabel" and not problem.by_input:
            continue  # not certified: the label takes part in choosing the bucket
        for size in range(1, most + 1 + (change != "any")):
            for name, rule in (
                ("plurality", elections.plurality),
                ("runoff", elections.runoff),
                ("hard", elections.runoff),
            ):
                reached[name, change, size] = trained.winners(problem, rule, change, size, name != "runoff")
    return Trained(problem, reached)


def learned(package: Any, case: Trained) -> None:
    """No certificate above what is left of a trained ensemble under the worst poisoned training set."""
    problem = case.problem
    rankings, buckets = trained.clean_rankings(problem), np.array(problem.buckets)
    first = rankings[:, :, 0]
    fa, run = package.finite_aggregation, package.runoff
    outcomes = {
        "plurality": fa.elect(first, buckets, num_classes=problem.c),
        "runoff": run.elect(rankings, num_classes=problem.c, buckets=buckets),
        "hard": run.elect_hard(first, num_classes=problem.c, buckets=buckets),
    }
    for (name, change, size), reached in case.labels.items():
        outcome = outcomes[name]
        kept = np.array([labels == {winner} for labels, winner in zip(reached, outcome.winner.tolist(), strict=True)])
        curves = [package.dpa.election_curve(outcome, outcome.winner, np.array([size]), change=change)]
        certified = package.dpa.election_sizes(outcome, outcome.winner, change=change) >= size
        if buckets.shape[1] == 1 and name != "runoff":
            curves.append(package.dpa.curve(Votes(outcome.counts), outcome.winner, np.array([size]), change=change))
            certified |= package.dpa.certified_sizes(outcome.counts, outcome.winner, change=change) >= size
        assert (certified <= kept).all(), f"{name} with {change} certifies what {size} can change"
        assert all(curve.certified[0] <= kept.mean() + 1e-9 for curve in curves), f"{name} with {change}: curve"
