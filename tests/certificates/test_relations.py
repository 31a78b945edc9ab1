"""How the certificates relate to each other and to their bounds, on vote tables of every shape."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from certificates.claims import PROGRAM, exact, nested, ordered
from certificates.instances import tables
from certvote.certificates import search
from certvote.certificates.change import CHANGES


def _settings(number):
    return settings(max_examples=number, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("knn", [False, True])
def test_certificates_are_ordered_and_fall_with_the_size(knn, change):
    @_settings(200)
    @given(tables(6, knn))
    def check(table):
        ordered(PROGRAM, *table, 6, change)

    check()


@pytest.mark.parametrize("knn", [False, True])
def test_one_kind_of_change_is_never_certified_less_than_both(knn):
    @_settings(200)
    @given(tables(6, knn))
    def check(table):
        nested(PROGRAM, *table, 6)

    check()


@pytest.mark.parametrize("knn", [False, True])
@pytest.mark.parametrize("change", CHANGES)
def test_search_equals_trying_every_allocation(change, knn):
    @_settings(100)
    @given(tables(3, knn))
    def check(table):
        exact(PROGRAM, *table, 3, change)

    check()


@pytest.mark.parametrize("knn", [False, True])
def test_search_content_with_its_tolerance_is_sound(knn, monkeypatch):
    monkeypatch.setattr(search, "PATIENCE", 0)
    original = PROGRAM.budget_curve.curve

    @_settings(100)
    @given(tables(3, knn))
    def check(table):
        votes, labels = table
        exact_curve = original(votes, labels, _sizes(3), tolerance=0.0)
        curve = original(votes, labels, _sizes(3), tolerance=0.3)
        assert (curve.certified <= exact_curve.certified + 1e-9).all()
        assert (curve.attained >= exact_curve.certified - 1e-9).all()
        assert (curve.attained - curve.certified <= 0.3 + 1e-9).all()

    check()


def _sizes(largest):
    return np.arange(largest + 1)
