"""A worker ends when its parent was killed; a program whose terminal was closed goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil
import pytest

PARENT = """
import multiprocessing, time
from certvote.runtime.parents import end_with_parent
def work():
    end_with_parent(); print(multiprocessing.current_process().pid, flush=True); time.sleep(60)
process = multiprocessing.get_context("fork").Process(target=work); process.start(); process.join()
"""
PROGRAM = """
import multiprocessing, os, time
from certvote.runtime.parents import end_with_parent
if os.fork() == 0:
    end_with_parent(); print(os.getpid(), flush=True); time.sleep(60)
time.sleep(60)
"""


@pytest.mark.parametrize(("program", "ends"), [(PARENT, True), (PROGRAM, False)])
def test_a_worker_ends_with_its_parent(program, ends):
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        try:
            child.wait(3)
            ended = True
        except psutil.TimeoutExpired:
            ended = False
            os.kill(child.pid, signal.SIGKILL)
    assert ended == ends
