"""Interrupts and requests to end are not lost."""

from __future__ import annotations

import subprocess
import sys

import pytest

_PROGRAM = """
import os, signal, sys, weakref

from certvote.runtime.interrupts import check, interruptible

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs inherit that it is ignored


class Thing:
    pass


def lose_one(reference):
    os.kill(os.getpid(), getattr(signal, sys.argv[1]))  # what is raised in here is ignored
    for _ in range(1000):
        pass


try:
    with interruptible():
        thing = Thing()
        reference = weakref.ref(thing, lose_one)
        del thing
        print("lost", flush=True)
        with interruptible():  # as of a job inside a sweep
            if sys.argv[2] == "asked":
                check()
            print("end of the inner block", flush=True)
        print("never", flush=True)
except KeyboardInterrupt:
    print("interrupted", flush=True)
with interruptible():
    check()
    print("again", flush=True)
assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
assert signal.getsignal(signal.SIGINT) == signal.default_int_handler
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("asked", ["asked", "not asked"])
def test_one_that_is_lost_in_a_callback_is_raised_later(name, asked):
    done = subprocess.run([sys.executable, "-c", _PROGRAM, name, asked], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    middle = [] if asked == "asked" else ["end of the inner block"]
    assert done.stdout.splitlines() == ["lost", *middle, "interrupted", "again"]


def test_outside_the_main_thread_nothing_is_changed():
    program = """
import signal, threading
from certvote.runtime.interrupts import interruptible

def work():
    with interruptible():
        found.append(signal.getsignal(signal.SIGTERM))

found = []
thread = threading.Thread(target=work)
thread.start()
thread.join()
assert found == [signal.SIG_DFL]
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
