"""Runs on different files are never shown as one data set, and runs on the same content always are."""

from __future__ import annotations

import pytest

from certvote.reporting import labels
from certvote.reporting.datanames import data_names
from certvote.reporting.query import prepare


@pytest.fixture
def on_file(make_run):
    def make(path, digest, *, name=None, attack="poisoning"):
        params = {"dataset.name": "arrays", "dataset.path": path} | ({"data.name": name} if name else {})
        return make_run(attack=attack, params=params, tags={"certvote.data_digest": digest})

    return make


def test_data_sets_and_files_have_their_names(make_run, on_file):
    assert data_names([make_run(), on_file("/d/flowers.npz", "a", name="flowers")]) == ["mnist", "flowers"]


def test_a_run_that_failed_before_it_read_its_file_belongs_to_the_file(on_file):
    runs = [on_file("/d/flowers.npz", ""), on_file("/d/flowers.npz", "a", name="flowers"), on_file("/d/stars.npz", "")]
    assert data_names(runs) == ["flowers", "flowers", "stars"]


def test_data_without_a_name_or_path(make_run):
    run = make_run(params={"dataset.name": "arrays"})
    assert data_names([run]) == ["arrays"]
    assert labels.data_name(*prepare([run])) == labels.dataset_name("arrays") == "the user's arrays"


def test_equal_names_in_different_folders_are_told_apart(on_file):
    runs = [on_file(f"/d/{folder}/x.npz", folder, name="x") for folder in ("clean", "dirty", "clean")]
    assert data_names(runs) == ["clean/x", "dirty/x", "clean/x"]
    assert data_names([on_file("x.npz", "1", name="x"), on_file("/d/x.npz", "2", name="x")]) == ["x.npz", "d/x"]


def test_a_file_that_moved_is_the_same(on_file):
    runs = [
        on_file("/old/x.npz", "1", name="x"),
        on_file("/new/x.npz", "2", name="x", attack="backdoor"),
        on_file("/new/x.npz", "1", name="x"),
    ]
    assert data_names(runs) == ["x", "x", "x"]


def test_a_file_called_like_a_data_set_is_not_taken_for_it(make_run, on_file):
    assert data_names([make_run(), on_file("/d/mnist.npz", "a", name="mnist")]) == ["mnist", "mnist (arrays)"]
