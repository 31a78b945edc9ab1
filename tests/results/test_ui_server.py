"""The server of ``certvote ui``: ports that cannot be used are named, and no process is left when it ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from functools import partial

import psutil
import pytest

from certvote.results.ui import check_port

PROGRAM = """
import os, sys; from certvote.results.ui import run_until_interrupted
child = "import subprocess, sys; p = subprocess.Popen(['sleep', '60']); print(p.pid, flush=True); p.wait()"
sys.exit(run_until_interrupted([sys.executable, "-c", child], os.environ))
"""


@pytest.mark.parametrize("port", [0, -1, 65536, 10**6])
def test_a_port_that_there_is_not_is_named(port):
    with pytest.raises(ValueError, match=f"option --port: expected 1 to 65535, got {port}"):
        check_port(port)


def test_a_port_that_is_taken_is_named():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        with pytest.raises(ValueError, match=r"option --port: expected a free port, got \d+: .*in use"):
            check_port(server.getsockname()[1])
        port = server.getsockname()[1]
    check_port(port)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_with_its_workers(number):
    start = [sys.executable, "-c", PROGRAM]
    heard = partial(signal.signal, number, signal.SIG_DFL)  # whoever started the tests may ignore it (nohup, &)
    with subprocess.Popen(start, stdout=subprocess.PIPE, text=True, preexec_fn=heard) as process:
        worker = psutil.Process(int(process.stdout.readline()))
        process.send_signal(number)
        assert process.wait(20) == 0
    assert not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE
