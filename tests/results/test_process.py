"""Runs of processes that died are told from those at work."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from certvote.results.process import died, this_process


def test_this_process_lives():
    assert not died(this_process())


def test_a_process_that_ended_has_died_and_so_has_one_whose_id_was_reused():
    program = "from certvote.results.process import this_process; print(this_process())"
    tag = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert died(tag)
    assert died(json.dumps({**json.loads(tag), "pid": os.getpid()}))


def test_nothing_is_known_about_other_hosts_and_old_records():
    assert not died(json.dumps({"host": "elsewhere", "pid": 1, "created": 0}))
    assert not died(None)
