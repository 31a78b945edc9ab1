"""End the work reliably on Ctrl-C (SIGINT) and on a request to end (SIGTERM: kill, a scheduler's limit).

Both raise ``KeyboardInterrupt``. Python raises it wherever the program happens to be; inside a callback whose errors
are ignored, of a weak reference for instance, it is lost. So the signal is remembered, and long work calls
:func:`check` now and then.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_REPLACED: dict[signal.Signals, Any] = {
    signal.SIGTERM: signal.SIG_DFL,
    signal.SIGINT: signal.default_int_handler,
}  # the handlers that are replaced; a signal with another handler is left alone
_interrupted = False


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise ``KeyboardInterrupt`` on both signals, and at the end of the block if it was lost inside.

    Outside the main thread, and inside another such block, signals are left alone and only the end of the block checks.
    """
    global _interrupted
    replaced = []
    if threading.current_thread() is threading.main_thread():
        replaced = [number for number, usual in _REPLACED.items() if signal.getsignal(number) == usual]
    if replaced:
        _interrupted = False
    for number in replaced:
        signal.signal(number, _interrupt)
    if replaced:
        report, sys.unraisablehook = sys.unraisablehook, _report_unless_interrupted
    try:
        yield
        check()
    finally:
        if replaced:
            sys.unraisablehook = report
        for number in replaced:
            signal.signal(number, _REPLACED[number])


def check() -> None:
    """Raise ``KeyboardInterrupt`` if a signal came since the block was entered."""
    if _interrupted:
        raise KeyboardInterrupt


def _report_unless_interrupted(lost: Any) -> None:
    """Report an exception that Python has to ignore; a lost interrupt is remembered anyway."""
    if not issubclass(lost.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(lost)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Remember the signal, and raise."""
    global _interrupted
    _interrupted = True
    raise KeyboardInterrupt
