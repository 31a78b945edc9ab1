"""Mutants apply after a change of names and layout, and say what they found where they do not apply."""

from __future__ import annotations

import ast
import sys
from functools import cache
from types import FunctionType

import pytest

from certificates import mutants, mutants_elections, mutants_thresholds
from certificates.mutation import PACKAGE, Mutant, import_copy, mutate, program

TOY = """
LIMITS = {"any": 2, "insert": 1}

def certified(gap, e, change):
    rest = gap - e
    return holds(rest, LIMITS[change])

def holds(x, limit):
    x = x + 1
    x = max(x, limit)
    return x <= limit

def unrelated(x, limit):
    return x <= limit
"""

LAYOUT = '''
LIMITS = {"any": 2, "insert": 1}

def holds(x, limit):
    """Return whether x <= limit."""
    return (
        x
        <= limit  # not x < limit
    )

def certified(gap, e, change):
    return holds(gap - e, LIMITS[change])
'''

NAMES = """
MOST = {"any": 2, "insert": 1}

def certified(difference, size, kind):
    return _is_small(difference - size, MOST[kind])

def _is_small(value, most):
    return value <= most
"""

INLINED = """
def certified(gap, e, change):
    x = gap - e
    return x <= {"any": 2, "insert": 1}[change]
"""

EXTRACTED = """
def certified(gap, e, change):
    return holds(gap - e, 2)

def holds(x, limit):
    return at_most(x, limit)

def at_most(x, limit):
    return x <= limit
"""

METHOD = """
class Rule:
    limit = 2

    def certified(self, gap, e):
        return gap - e < self.limit

    def other(self, gap):
        return gap <= Rule.limit
"""


def mutated(pattern, replacement, source=TOY, where="toy.certified"):
    return mutate({"toy": source}, Mutant("a toy", where, pattern, replacement, "exact"))


def normal(source):
    """Return a source without comments and in one layout."""
    return ast.unparse(ast.parse(source))


@pytest.mark.parametrize("source", [LAYOUT, NAMES, INLINED, EXTRACTED], ids=("layout", "names", "inlined", "extracted"))
def test_the_place_is_found_after_a_change_of(source):
    before, _, after = normal(source).rpartition("<=")
    assert mutated("$x <= $limit", "$x < $limit", source) == f"{before}<{after}"


def test_definitions_that_are_not_used_stay_as_they_are():
    assert mutated("$x <= $limit", "False") == normal(TOY.replace("return x <= limit", "return False", 1))


def test_constants_and_methods_are_definitions():
    assert mutated('{"any": 2, "insert": 1}', "{}") == normal(TOY.replace('{"any": 2, "insert": 1}', "{}"))
    for where in ("toy.Rule.other", "toy.Rule"):
        found = mutated("return $gap <= $_", "return True", METHOD, where)
        assert found == normal(METHOD.replace("return gap <= Rule.limit", "return True"))


def test_a_hole_stands_for_the_same_expression_wherever_it_is_repeated():
    source = "def certified(a, b): return a[0] * a[0] + a[0] * b"
    assert mutated("$x * $x", "$x", source) == normal("def certified(a, b): return a[0] + a[0] * b")
    assert mutated("$x * $y + $_ * $_", "$y", source) == normal("def certified(a, b): return a[0]")


def test_a_variable_is_the_same_whether_it_is_read_or_assigned():
    assert mutated("$x = max($x, $limit)", "$limit = $x") == normal(TOY.replace("x = max(x, limit)", "limit = x"))


def test_statements_stand_one_directly_after_the_other():
    found = mutated("$x = $x + 1; $x = max($x, $limit)", "$x = $limit")
    assert found == normal(TOY.replace("x = x + 1\n    x = max(x, limit)", "x = limit"))
    with pytest.raises(LookupError, match="got 0"):
        mutated("$x = $x + 1; return $y", "pass")


@pytest.mark.parametrize("pattern", ["x + True", "x + 1.0", "x + 2", "x - 1", "y + 1"])
def test_everything_but_holes_is_literal(pattern):
    assert "1" in mutated("x + 1", "x + 1")
    with pytest.raises(LookupError, match="got 0"):
        mutated(pattern, "x")


def test_the_error_without_a_match_names_the_places_most_like_it_and_matches_elsewhere():
    with pytest.raises(LookupError) as caught:
        mutate({"toy": TOY, "other": METHOD}, Mutant("a toy", "toy.certified", "$gap - $e < $limit", "0", "exact"))
    assert str(caught.value).splitlines() == [
        "a toy: expected one match of '$gap - $e < $limit' in toy.certified and what it uses of its module "
        "(certified, holds, LIMITS), got 0; candidates:",
        "  other.Rule, line 6: gap - e < self.limit",
        "  toy.holds, line 11: x <= limit",
    ]


def test_the_error_after_several_matches_names_them_all():
    with pytest.raises(LookupError) as caught:
        mutated("$x = $y", "pass")
    _, *candidates = str(caught.value).splitlines()
    assert candidates == [
        "  toy.certified, line 5: rest = gap - e",
        "  toy.holds, line 9: x = x + 1",
        "  toy.holds, line 10: x = max(x, limit)",
    ]


@pytest.mark.parametrize("hole", ["$y", "$_"])
def test_a_replacement_has_holes_of_its_pattern_only(hole):
    with pytest.raises(ValueError, match=r"expected a replacement with holes of its pattern, got \$."):
        mutated("$x <= $_", f"$x < {hole}")


@pytest.mark.parametrize(
    ("where", "candidates"),
    [
        ("new.certified", "toy.certified"),
        ("toy.certify", "LIMITS, certified, holds, unrelated"),
        ("new.certify", "toy, new"),
    ],
)
def test_the_error_without_the_definition_names_where_it_may_be(where, candidates):
    with pytest.raises(LookupError, match=f"a toy: expected a definition {where}, got {candidates}$"):
        mutate({"toy": TOY, "new": ""}, Mutant("a toy", where, "$x <= $y", "$x < $y", "exact"))


def test_a_copy_is_plain_python_and_no_part_of_the_program():
    before = set(sys.modules)
    copy = import_copy(None)
    assert not {name for name in set(sys.modules) - before if "copy_of" in name}
    assert set(vars(copy)) == set(program())
    assert isinstance(copy.allocation.allocate, FunctionType)
    assert copy.coarse_to_fine.search is copy.search.search
    assert copy.coarse_to_fine.search.__module__ != f"{PACKAGE}.search"


def test_a_mistake_is_in_its_copy_alone():
    wrong = Mutant("nothing allowed", "change.allowed", "return $allowed", "return 0, 0", "exact")
    assert import_copy(wrong).budget.allowed("any", 3) == (0, 0)
    assert import_copy(None).budget.allowed("any", 3) == (3, 3)


class Rename(ast.NodeTransformer):
    """Rename the variables and definitions of a module, and what it imports from the package, but for one."""

    def __init__(self, tree, kept):
        nodes = list(ast.walk(tree))
        names = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        names |= {node.arg for node in nodes if isinstance(node, ast.arg)}
        names |= {node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
        imports = [node for node in nodes if isinstance(node, ast.ImportFrom) and str(node.module).startswith(PACKAGE)]
        names |= {alias.name for node in imports for alias in node.names}
        self.new = {name: f"{name}_renamed" for name in names - {"_", *kept.split(".")}}

    def visit_alias(self, node):
        if node.name in self.new:
            node.asname = self.new[node.name]
        return node

    def generic_visit(self, node):
        for field in ("id", "arg", "name"):
            name = getattr(node, field, None)
            if name in self.new and not isinstance(node, ast.keyword):
                setattr(node, field, self.new[name])
        return super().generic_visit(node)


@cache
def renamed(module, kept):
    """Return a module with new names, and the function that gives a source these names."""
    source = program()[module]
    rename = Rename(ast.parse(source), kept)
    assert len(rename.new) >= 4
    return ast.unparse(rename.visit(ast.parse(source))), lambda text: ast.unparse(rename.visit(ast.parse(text)))


@pytest.mark.parametrize(
    "all_mutants",
    [mutants.MUTANTS, mutants_elections.MUTANTS, mutants_thresholds.MUTANTS],
    ids=("votes", "elections", "thresholds"),
)
def test_mutants_make_the_same_mistake_after_a_change_of_all_names(all_mutants):
    for mutant in all_mutants:
        module, _, name = mutant.where.partition(".")
        source, rename = renamed(module, name)
        assert mutate({module: source}, mutant) == rename(mutate(program(), mutant)), mutant.name
