"""Show progress bars and measure how long stages take."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from certvote.runtime import interrupts

Progress = Callable[[int, int], None]
"""A function to be called with the number of items done and their total."""


@contextmanager
def progress_bar(what: str, total: int, unit: str = "ex") -> Iterator[Progress]:
    """Show a progress bar on a terminal; calling it also checks for interrupts.

    Parameters
    ----------
    what : str
        Text beside the bar.
    total : int
        Number of items.
    unit : str
        What an item is.

    Yields
    ------
    callable
        To be called with the number of items done and their total.
    """
    from tqdm import tqdm

    with tqdm(total=total, desc=what, unit=unit, leave=False, disable=None) as shown:

        def show(done: int, _: int) -> None:
            interrupts.check()
            shown.update(done - shown.n)

        yield show


@contextmanager
def timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    """Measure how long the block takes and add it to ``seconds[stage]``."""
    start = time.perf_counter()
    yield
    seconds[stage] = seconds.get(stage, 0.0) + time.perf_counter() - start


@contextmanager
def measured(stage: str, what: str, total: int, seconds: dict[str, float], unit: str = "ex") -> Iterator[Progress]:
    """Show a progress bar for the block, and add how long it takes to ``seconds[stage]``."""
    with timed(seconds, stage), progress_bar(what, total, unit) as progress:
        yield progress
