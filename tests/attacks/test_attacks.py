"""The triggers of backdoor attacks."""

from __future__ import annotations

import numpy as np
import pytest

from certvote.attacks.backdoor import Backdoor, backdoor
from certvote.attacks.poisoning import Poisoning
from certvote.options.choices import find
from certvote.runtime.digests import array_digest
from certvote.types import Split


def a_split(height=6, width=8, channels=1):
    generator = np.random.default_rng(0)
    train, test = (generator.integers(0, 255, (n, height, width, channels), dtype=np.uint8) for n in (3, 2))
    labels = np.array([0, 1, 0]), np.array([1, 0])
    return Split("own", train, labels[0], test, labels[1], ("a", "b"), array_digest(train, labels[0], test, labels[1]))


def test_poisoning_leaves_the_test_images():
    split = a_split()
    assert Poisoning(change="any").apply(split) is split


@pytest.mark.parametrize(
    ("position", "corner"),
    [
        ("top-left", (0, 0)),
        ("top-right", (0, 6)),
        ("bottom-left", (4, 0)),
        ("bottom-right", (4, 6)),
        ("center", (2, 3)),
        ([3, 1], (3, 1)),
        ((0, 6), (0, 6)),
        (np.array([3, 1]), (3, 1)),
    ],
)
def test_the_square_and_nothing_else_changes(position, corner):
    split = a_split()
    before = split.test.copy()
    attacked = Backdoor(change="any", size=2, position=position, color=255).apply(split)
    square = np.zeros((6, 8), bool)
    square[corner[0] : corner[0] + 2, corner[1] : corner[1] + 2] = True
    assert (attacked.test[:, square] == 255).all()
    assert (attacked.test[:, ~square] == before[:, ~square]).all()
    assert (split.test == before).all()
    assert attacked.train is split.train
    assert attacked.test_labels is split.test_labels


def test_the_default_is_white_at_the_bottom_right():
    attacked = backdoor(a_split(), size=3)
    assert (attacked.test[:, 3:, 5:] == 255).all()


@pytest.mark.parametrize(
    ("color", "levels"), [(7, [7, 7, 7]), ([255, 0, 9], [255, 0, 9]), (0, [0, 0, 0]), (np.array([1, 2, 3]), [1, 2, 3])]
)
def test_color_of_all_channels_or_each(color, levels):
    attacked = backdoor(a_split(channels=3), size=1, position="top-left", color=color)
    assert attacked.test[0, 0, 0].tolist() == levels


def test_the_whole_image_may_be_the_trigger():
    assert (backdoor(a_split(6, 6), size=6).test == 255).all()


def test_the_digest_is_that_of_the_new_content():
    split = a_split()
    attacked = backdoor(split, size=2)
    assert attacked.digest == array_digest(attacked.train, split.train_labels, attacked.test, split.test_labels)
    assert attacked.digest not in (split.digest, backdoor(split, size=3).digest)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 0}, r"attack\.size: expected 1 to 6 pixels, got 0"),
        ({"size": 7}, r"attack\.size: expected 1 to 6 pixels, got 7"),
        ({"size": True}, r"attack\.size: expected 1 to 6 pixels, got True"),
        ({"size": 2.5}, r"attack\.size: expected 1 to 6 pixels, got 2\.5"),
        ({"size": "3"}, r"attack\.size: expected 1 to 6 pixels, got '3'"),
        ({"size": None}, r"attack\.size"),
        ({"size": 2, "position": np.array([1.0, 2.0])}, r"attack\.position"),
        ({"size": 2, "position": np.array([[1, 2]])}, r"attack\.position"),
        ({"size": 2, "position": np.array(1)}, r"attack\.position"),
        ({"size": 2, "position": [1, 2, "x"]}, r"attack\.position"),
        ({"size": 2, "position": 3}, r"attack\.position"),
        ({"size": 2, "color": np.array([0.5])}, r"attack\.color"),
        ({"size": 2, "position": "middle"}, r"attack\.position: expected one of top-left, .* got 'middle'"),
        ({"size": 2, "position": [5, 0]}, r"attack\.position: expected \[0…4, 0…6\]"),
        ({"size": 2, "position": [0, -1]}, r"attack\.position"),
        ({"size": 2, "position": [1]}, r"attack\.position"),
        ({"size": 2, "position": [1, 2, 3]}, r"attack\.position"),
        ({"size": 2, "position": [1, "2"]}, r"attack\.position"),
        ({"size": 2, "position": [1.0, 2]}, r"attack\.position"),
        ({"size": 2, "position": None}, r"attack\.position"),
        ({"size": 2, "color": 256}, r"attack\.color: expected an integer 0 to 255, or 1 of them"),
        ({"size": 2, "color": -1}, r"attack\.color"),
        ({"size": 2, "color": 0.5}, r"attack\.color"),
        ({"size": 2, "color": True}, r"attack\.color"),
        ({"size": 2, "color": "white"}, r"attack\.color"),
        ({"size": 2, "color": [1, 2]}, r"attack\.color"),
        ({"size": 2, "color": []}, r"attack\.color"),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        backdoor(a_split(), **options)


def test_vectors_have_no_place_for_a_trigger():
    labels = np.zeros(2, np.int64)
    split = Split("own", np.zeros((2, 3)), labels, np.zeros((2, 3)), labels, ("a",), "")
    with pytest.raises(ValueError, match="attack=backdoor expected images, got a data set of feature vectors"):
        backdoor(split, size=1)


def test_an_unknown_attack():
    assert find("attack", "backdoor") is Backdoor
    assert find("attack", "evasion") is None


def test_an_unknown_change_is_refused():
    with pytest.raises(
        ValueError, match=r"option attack\.change: expected one of any, insert, delete, relabel, got 'swap'"
    ):
        Poisoning(change="swap")
