"""Repeat a trial with seeds: a few times with the other tests, for hours with ``make faults SECONDS=3600 SEED=1``.

``CERTVOTE_FAULT_SECONDS`` is how long each campaign lasts, ``CERTVOTE_FAULT_SEED`` where its seeds start, and
``CERTVOTE_FAULT_TABLE`` a file that gets a line per campaign: its name, the trials, and those that lost something.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import random
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

SECONDS = float(os.environ.get("CERTVOTE_FAULT_SECONDS", "0"))
SEED = int(os.environ.get("CERTVOTE_FAULT_SEED", "0"))


def run_campaign(name: str, trial: Callable[[random.Random], None], *, few: int) -> None:
    """Call a trial with generators of rising seeds; fail at the end with the seeds that lost something.

    Parameters
    ----------
    name : str
        Name of the campaign, for the table.
    trial : callable
        Raises an error if something is lost.
    few : int
        How many trials to make unless a time is asked for.
    """
    begun, tried = time.monotonic(), 0
    lost: dict[int, str] = {}
    for seed in itertools.count(SEED):
        if (time.monotonic() - begun >= SECONDS) if SECONDS else (tried >= few):
            break
        tried += 1
        try:
            trial(random.Random(seed))
        except Exception:
            lost[seed] = traceback.format_exc()
    if table := os.environ.get("CERTVOTE_FAULT_TABLE"):
        with Path(table).open("a") as file:
            file.write(f"| {name} | {tried:,} | {len(lost):,} |\n")
    assert not lost, f"{name}: {len(lost)} of {tried} lost, seeds {list(lost)}:\n" + "\n".join(lost.values())


def damage(path: Path, rng: random.Random) -> None:
    """Flip, cut, blank, repeat or empty a file's bytes."""
    content = bytearray(path.read_bytes())
    place, length = rng.randrange(len(content)), rng.randint(1, 64)
    match rng.randrange(5):
        case 0:
            content[place] ^= 1 << rng.randrange(8)
        case 1:
            del content[place:]
        case 2:
            content[place : place + length] = b"\0" * len(content[place : place + length])
        case 3:
            content[place:place] = content[place : place + length]
        case 4:
            content.clear()
    path.write_bytes(bytes(content))


_context: Any = None


def start(victim: Callable[..., None], *arguments: object) -> Any:
    """Start a process that has the libraries imported already, and return it."""
    global _context
    if _context is None:
        _context = multiprocessing.get_context("forkserver")
        _context.set_forkserver_preload(["faults.victims"])
    process = _context.Process(target=victim, args=arguments)
    process.start()
    return process
