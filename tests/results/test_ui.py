"""The MLflow UI over a sweep, in a real browser; and its server as a tracking URI."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from certvote.results import Store
from certvote.results.ui import address
from reporting.browsing import started

pytestmark = pytest.mark.browser
SMALL = ["dataset.n_train=300", "dataset.n_test=40", "sizes.max=20"]


def run(repository: Path, cwd: Path, *overrides: str) -> None:
    command = [sys.executable, str(repository / "run.py"), *overrides, *SMALL]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def project(tmp_path_factory, repository) -> Path:
    """A folder with a finished sweep."""
    folder = tmp_path_factory.mktemp("a project")
    run(repository, folder, "-m", "name=seen", "algo=knn,rnn", "attack=poisoning")
    return folder


@pytest.fixture(scope="module")
def server(project):
    """The address of ``certvote ui`` over it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "certvote", "ui", "--port", str(port)]
    log = project / "server.log"
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=project, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{address}/health", timeout=1)
                break
            except OSError:
                assert process.poll() is None, log.read_text()
                time.sleep(0.5)
        else:
            pytest.fail("the server did not start within two minutes")
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


@pytest.fixture
def page():
    with started() as browser:
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(60_000)
        yield page


def test_a_run_shows_its_curve(project, server, page):
    store = Store(str(project / "mlruns"))
    (record, *_) = store.read_runs()
    page.goto(f"{server}/#/experiments/{store.experiment_id}/runs/{record.id}/model-metrics")
    page.wait_for_selector(".js-plotly-plot")
    page.wait_for_function("document.body.innerText.includes('CA')")
    page.wait_for_function("document.querySelectorAll('.js-plotly-plot .scatterlayer path.js-line').length > 0")
    if shots := os.environ.get("CERTVOTE_SCREENSHOTS"):
        page.screenshot(path=f"{shots}/ui-curve.png")


def test_the_address_that_is_printed_shows_the_curves_overlaid(project, server, page):
    store = Store(str(project / "mlruns"))
    page.goto(address(store, int(server.rsplit(":", 1)[1])))
    page.wait_for_function("document.querySelectorAll('.js-plotly-plot .scatterlayer path.js-line').length >= 2")


def test_the_runs_of_the_sweep_are_listed_under_their_parent(project, server, page):
    store = Store(str(project / "mlruns"))
    sweep = store.latest_sweep()
    page.goto(f"{server}/#/experiments/{store.experiment_id}/runs?workflowType=machine_learning")
    expand = page.locator(f"[role=row][row-id='{sweep}'] button").first
    expand.wait_for()
    page.wait_for_function("document.body.innerText.includes('seen')")
    expand.click()
    page.wait_for_function("document.body.innerText.includes('digits poisoning rnn r=10 individual')")
    if shots := os.environ.get("CERTVOTE_SCREENSHOTS"):
        page.screenshot(path=f"{shots}/ui-runs.png")


def test_the_report_is_an_artifact_of_the_sweep(project, server, page):
    store = Store(str(project / "mlruns"))
    sweep = store.latest_sweep()
    page.goto(f"{server}/#/experiments/{store.experiment_id}/runs/{sweep}/artifacts/report/index.html")
    frame = page.frame_locator("iframe.mlflow-html-iframe")
    frame.locator("h1").wait_for()
    assert frame.locator("figure svg:visible").count()
    if shots := os.environ.get("CERTVOTE_SCREENSHOTS"):
        page.screenshot(path=f"{shots}/ui-report.png")
    assert re.search(r"certified accuracy", frame.locator("body").inner_text(), re.IGNORECASE)


def test_a_server_serves_as_tracking_uri(project, server, repository, tmp_path):
    run(repository, tmp_path, "-m", "name=remote", f"tracking.uri={server}", "tracking.experiment=remote", "k=10,11")
    store = Store(server, "remote")
    assert sorted(record.params["algo.k"] for record in store.read_runs()) == ["10", "11"]
    assert not (tmp_path / "mlruns").exists()
    audit = [
        sys.executable,
        "-m",
        "certvote",
        "audit",
        store.read_runs()[0].id,
        "--uri",
        server,
        "--experiment",
        "remote",
    ]
    done = subprocess.run(audit, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert "the record holds" in done.stdout, done.stdout + done.stderr
