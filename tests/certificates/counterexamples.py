"""Search for a case at which a claim about the certificates does not hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import Any

Case = tuple[Any, ...]  # the arguments of a claim after the package


class Cases:
    """Draw the cases of a claim when they are needed, and try those that were counterexamples before first.

    Mistakes in one formula have the same few counterexamples, so most searches are short. The order does not change
    whether there is one: all cases are tried before the answer is None.
    """

    def __init__(self, claim: Callable[..., None], drawn: Iterable[Case]) -> None:
        self.claim = claim
        self._known: list[Case] = []
        self._drawn = iter(drawn)

    def counterexample(self, package: SimpleNamespace) -> Case | None:
        """Return the first case at which the claim does not hold of a package, None if it holds at all of them."""
        for j, case in enumerate(self._all()):
            try:
                self.claim(package, *case)
            except AssertionError:
                self._known.insert(0, self._known.pop(j))
                return case
        return None

    def _all(self) -> Iterator[Case]:
        """Iterate over the known cases, then over new ones."""
        yield from self._known
        for case in self._drawn:
            self._known.append(case)
            yield case
