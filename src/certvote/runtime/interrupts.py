"""Ctrl-C, and being asked to end (SIGTERM: kill, a scheduler's limit), end the work for sure and in the same way.

Both raise ``KeyboardInterrupt``. Python raises it wherever the program happens to be: inside a callback whose errors
are ignored, of a weak reference for instance, it is lost. So it is remembered, and long work asks now and then.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_OURS: dict[signal.Signals, Any] = {
    signal.SIGTERM: signal.SIG_DFL,
    signal.SIGINT: signal.default_int_handler,
}  # unless somebody else handles them
_asked = False


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise ``KeyboardInterrupt`` on both signals; at the end of the block, too, where it was lost inside.

    In other threads than the main one, and inside another such block, only the second is done.
    """
    global _asked
    mine = []
    if threading.current_thread() is threading.main_thread():
        mine = [number for number, usual in _OURS.items() if signal.getsignal(number) == usual]
    if mine:
        _asked = False
    for number in mine:
        signal.signal(number, _interrupt)
    try:
        yield
        check()
    finally:
        for number in mine:
            signal.signal(number, _OURS[number])


def check() -> None:
    """Raise ``KeyboardInterrupt`` if there was one since the block was entered."""
    if _asked:
        raise KeyboardInterrupt


def _interrupt(number: int, frame: FrameType | None) -> None:
    global _asked
    _asked = True
    raise KeyboardInterrupt
