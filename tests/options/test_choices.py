"""Declared options: ranges, names, and what a declaration is read for."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from certvote.options.choices import (
    PACKAGES,
    Choice,
    Options,
    choice,
    choices,
    find,
    meanings,
    option,
    option_name,
    shortcuts,
)


@dataclass
class Example(Options):
    group = "example"

    number: int = option("a number", default=3, least=1, most="n_train")
    share: float = option(default=0.5, least=0, below=1)
    word: str = option(default="a", one_of=("a", "b"))
    sides: tuple[int, int] = option(default=(8, 8), least=1)
    short: int = option(default=1, least=0, shortcut="s")
    free: float = option(default=0.0)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"number": 0}, "option example.number: expected an integer >= 1, got 0"),
        ({"share": 1.0}, "option example.share: expected a finite number from 0 to below 1, got 1.0"),
        ({"share": float("nan")}, "option example.share: expected a finite number from 0 to below 1, got nan"),
        ({"word": "c"}, "option example.word: expected one of a, b, got 'c'"),
        ({"sides": (8, 0)}, "option example.sides: expected an integer >= 1, got 0"),
        ({"short": -1}, "option s: expected an integer >= 0, got -1"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(wrong, said):
    with pytest.raises(ValueError) as error:  # noqa: PT011
        Example(**wrong)
    assert str(error.value) == said


def test_the_ends_of_a_range_are_inside():
    assert Example(number=1, share=0, word="b", sides=(1, 1), short=0, free=float("inf"))


def test_a_range_that_depends_on_the_data_is_checked_when_it_is_known():
    Example(number=5).check_data({"n_train": 5})
    with pytest.raises(ValueError, match="expected at most the number of training examples, 5, got 6"):
        Example(number=6).check_data({"n_train": 5})


def test_names_are_those_that_a_user_sets():
    assert [option_name(Example, name) for name, _ in meanings(Example)] == [
        *("example.number", "example.share", "example.word", "example.sides", "s", "example.free")
    ]
    cls, name = shortcuts()["k"]
    assert (cls, name) == (find("algo", "knn"), "k")


def test_every_choice_says_what_it_is_and_what_its_options_are():
    for group in PACKAGES:
        for name, cls in choices(group).items():
            assert cls.group == group
            assert cls.name == name
            assert (cls.__doc__ or "").strip().endswith((".", ")")), (group, name)
            assert all(meaning.help for _, meaning in meanings(cls)), (group, name)


def test_a_name_that_is_taken_is_refused():
    with pytest.raises(ValueError, match="algo=knn: expected a name that is not taken"):

        @choice("algo", "knn")
        class Other(Choice):
            pass


def test_an_unknown_group_is_refused():
    with pytest.raises(ValueError, match=r"expected an option group among dataset, .*, got 'method'"):
        choice("method", "knn")
