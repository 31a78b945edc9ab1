"""Show progress bars and measure how long stages take."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from certvote.runtime import interrupts

Progress = Callable[[int, int], None]
"""A function that is told how many items are done, and of how many."""


@contextmanager
def progress_bar(what: str, total: int, unit: str = "ex") -> Iterator[Progress]:
    """Show a bar on a terminal, as a function of what is done; an interrupt is noticed there as well."""
    from tqdm import tqdm

    with tqdm(total=total, desc=what, unit=unit, leave=False, disable=None) as shown:

        def show(done: int, _: int) -> None:
            interrupts.check()
            shown.update(done - shown.n)

        yield show


@contextmanager
def timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    """Add how long the block takes to ``seconds[stage]``."""
    start = time.perf_counter()
    yield
    seconds[stage] = seconds.get(stage, 0.0) + time.perf_counter() - start


@contextmanager
def measured(stage: str, what: str, total: int, seconds: dict[str, float], unit: str = "ex") -> Iterator[Progress]:
    """Show a progress bar and add how long the block takes to ``seconds[stage]``."""
    with timed(seconds, stage), progress_bar(what, total, unit) as progress:
        yield progress
