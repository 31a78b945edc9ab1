"""Make a deliberate mistake in a copy of the certificates, at a place that is found in the syntax tree.

A mutant names a definition, a pattern and its replacement. A pattern is Python code with holes: ``$x`` stands for any
expression, and for the same one wherever it is repeated; ``$_`` stands for any expression each time. Everything else is
literal. A pattern of several statements stands for these statements, one directly after the other.

The pattern is searched for in the definition and in all definitions of the same module that it uses, directly or not,
and must match exactly once. So comments, line breaks, names of variables and names of helpers may change, and a helper
may be taken out of a function or put back, without a change to the mutant.
"""

from __future__ import annotations

import ast
import builtins
import difflib
import importlib
import re
import sys
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from importlib.abc import Loader, MetaPathFinder
from importlib.util import spec_from_loader
from pathlib import Path
from types import CodeType, ModuleType, SimpleNamespace
from typing import Any, NamedTuple
from unittest import mock

import certvote.certificates
from certvote.options import choices

PACKAGE = certvote.certificates.__name__
COPY = "copy_of_certificates"
COMPILED = "njit"  # functions whose decorator names this run as plain Python in a copy
HOLE = "hole_"  # what "$" is replaced by, to parse a pattern as Python

Definitions = dict[str, ast.stmt]


class Mutant(NamedTuple):
    """Describe a mistake: in the definition ``where`` ("module.name"), ``pattern`` becomes ``replacement``."""

    name: str
    where: str
    pattern: str
    replacement: str
    noticed_by: str


class Site(NamedTuple):
    """Locate a match: the index ``start`` in a node's field (0 if that is no list), and what each hole stands for."""

    definition: str
    parent: ast.AST
    field: str
    start: int
    bound: dict[str, ast.expr]

    def quote(self, module: str) -> str:
        return _quote(module, self.definition, _as_list(getattr(self.parent, self.field))[self.start])


def mutate(sources: Mapping[str, str], mutant: Mutant) -> str:
    """Return the source of the mutant's module with the mistake in it.

    ``LookupError`` unless the definition is there and the pattern matches exactly once; the message names candidates.
    """
    module, _, name = mutant.where.partition(".")
    tree = ast.parse(sources.get(module, ""))
    if name not in _definitions(tree):
        elsewhere = [f"{other}.{name}" for other, text in sources.items() if name in _definitions(ast.parse(text))]
        present = elsewhere or list(_definitions(tree)) or list(sources)
        raise LookupError(f"{mutant.name}: expected a definition {mutant.where}, got {', '.join(present)}")

    pattern, scope = _parse(mutant.pattern), _scope(tree, name)
    sites = list(_sites(pattern, scope))
    if len(sites) != 1:
        candidates = [site.quote(module) for site in sites] or _candidates(sources, pattern, module, scope)
        raise LookupError(
            f"{mutant.name}: expected one match of {mutant.pattern!r} in {mutant.where} and what it uses of its module "
            f"({', '.join(scope)}), got {len(sites)}; candidates:\n" + "\n".join(candidates)
        )
    (site,) = sites
    block = _as_list(getattr(site.parent, site.field))
    block[site.start : site.start + len(pattern)] = [_fill(node, site.bound) for node in _parse(mutant.replacement)]
    if block is not getattr(site.parent, site.field):
        setattr(site.parent, site.field, *block)
    return ast.unparse(tree)


def import_copy(mutant: Mutant | None) -> SimpleNamespace:
    """Import a copy of all certificates, as plain Python and with the mutant's mistake; return its modules by name.

    The choices that it declares are registered nowhere: the program's own have these names.
    """
    code = dict(_compiled())
    if mutant is not None:
        module = mutant.where.partition(".")[0]
        code[module] = _compile(module, mutate(program(), mutant))
    finder = _Finder({_copied(module): compiled for module, compiled in code.items()})
    sys.meta_path.insert(0, finder)
    try:
        with mock.patch.object(choices, "_registered", {group: {} for group in choices.PACKAGES}):
            return SimpleNamespace(**{module: importlib.import_module(_copied(module)) for module in code})
    finally:
        sys.meta_path.remove(finder)
        for module in code:
            sys.modules.pop(_copied(module), None)


@cache
def program() -> dict[str, str]:
    """Read the sources of all modules of the certificates."""
    folder = Path(certvote.certificates.__file__).parent
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py"))}


def _parse(text: str) -> list[ast.AST]:
    """Parse a pattern or replacement into its statements, or into its only expression."""
    body = ast.parse(re.sub(r"\$(?=\w)", HOLE, text)).body
    return [body[0].value] if len(body) == 1 and isinstance(body[0], ast.Expr) else list(body)


def _match(pattern: Any, found: Any, bound: dict[str, ast.expr]) -> bool:
    """Return whether a tree has the shape of a pattern, and write what each hole stands for into ``bound``."""
    if isinstance(pattern, ast.Name) and pattern.id.startswith(HOLE):
        if not isinstance(found, ast.expr):
            return False
        return pattern.id == f"{HOLE}_" or _match(bound.setdefault(pattern.id, found), found, {})
    if isinstance(pattern, ast.expr_context):
        return True  # a variable is the same whether it is read or assigned
    if isinstance(pattern, ast.AST):
        return type(pattern) is type(found) and all(
            _match(getattr(pattern, field), getattr(found, field), bound) for field in pattern._fields
        )
    if isinstance(pattern, list):
        return len(pattern) == len(found) and all(_match(*pair, bound) for pair in zip(pattern, found, strict=True))
    return type(pattern) is type(found) and pattern == found


def _sites(pattern: list[ast.AST], scope: Definitions) -> Iterator[Site]:
    """Find all matches of a pattern in some definitions."""
    seen = set()  # a method may be in scope by itself and with its class
    for name, definition in scope.items():
        for parent in ast.walk(definition):
            if parent in seen:
                continue
            seen.add(parent)
            for field, value in ast.iter_fields(parent):
                block = _as_list(value)
                for start in range(len(block) - len(pattern) + 1):
                    bound: dict[str, ast.expr] = {}
                    if _match(pattern, block[start : start + len(pattern)], bound):
                        yield Site(name, parent, field, start, bound)


def _fill(replacement: ast.AST, bound: dict[str, ast.expr]) -> ast.AST:
    """Put what the holes stand for into a replacement."""

    class Filler(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.AST:
            if not node.id.startswith(HOLE):
                return node
            if node.id not in bound:
                raise ValueError(f"expected a replacement with holes of its pattern, got ${node.id.removeprefix(HOLE)}")
            return deepcopy(bound[node.id])

    filled: ast.AST = Filler().visit(replacement)
    return filled


def _definitions(tree: ast.Module | ast.ClassDef) -> Definitions:
    """Collect what a module defines: functions, classes, constants, and members of classes as "Class.member"."""
    found: Definitions = {}
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found[node.name] = node
        if isinstance(node, ast.ClassDef):
            found |= {
                f"{node.name}.{method.name}": method for method in node.body if isinstance(method, ast.FunctionDef)
            }
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id: node for target in targets if isinstance(target, ast.Name)}
    return found


def _scope(tree: ast.Module, name: str) -> Definitions:
    """Select a definition, and the definitions of its module that it uses, directly or not."""
    definitions = _definitions(tree)
    scope: Definitions = {}
    names = [name]
    while names:
        name = names.pop()
        if name in definitions and name not in scope:
            scope[name] = definitions[name]
            names += sorted(_names(definitions[name]))
    return scope


def _candidates(sources: Mapping[str, str], pattern: list[ast.AST], module: str, scope: Definitions) -> list[str]:
    """Quote the matches of a pattern anywhere in the package, and what is most like it in its scope."""
    elsewhere = [
        site.quote(other) for other, text in sources.items() for site in _sites(pattern, _definitions(ast.parse(text)))
    ]
    alike = [(name, node) for name, root in scope.items() for node in ast.walk(root) if type(node) is type(pattern[0])]
    text = ast.unparse(pattern[0])
    alike.sort(key=lambda pair: difflib.SequenceMatcher(None, text, ast.unparse(pair[1])).ratio(), reverse=True)
    return elsewhere + [_quote(module, name, node) for name, node in alike[:3]]


def _quote(module: str, definition: str, node: ast.AST) -> str:
    return f"  {module}.{definition}, line {getattr(node, 'lineno', '?')}: {ast.unparse(node).splitlines()[0]}"


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _copied(module: str) -> str:
    """Name the copy of a module."""
    return COPY if module == "__init__" else f"{COPY}.{module}"


def _compile(module: str, source: str) -> CodeType:
    """Compile a module as plain Python that imports the copies of the other modules."""
    tree = ast.parse(source.replace(PACKAGE, COPY))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.decorator_list = [decorator for decorator in node.decorator_list if COMPILED not in _names(decorator)]
    return compile(tree, f"<{_copied(module)}>", "exec", dont_inherit=True)


@cache
def _compiled() -> dict[str, CodeType]:
    return {module: _compile(module, source) for module, source in program().items()}


class _Finder(MetaPathFinder, Loader):
    """Import modules from code in memory; what their functions import when they are called is from the same copy."""

    def __init__(self, code: dict[str, CodeType]) -> None:
        self._code = code
        self._modules: dict[str, ModuleType] = {}

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname not in self._code:
            return None
        return spec_from_loader(fullname, self, is_package=fullname == COPY)

    def exec_module(self, module: Any) -> None:
        self._modules[module.__name__] = module
        module.__builtins__ = vars(builtins) | {"__import__": self._import}
        exec(self._code[module.__name__], module.__dict__)

    def _import(self, name: str, *how: Any) -> ModuleType:
        """Import a module, one of the copy also when the copy has left ``sys.modules``."""
        if name in self._modules and name not in sys.modules:
            return self._modules[name]
        return builtins.__import__(name, *how)
