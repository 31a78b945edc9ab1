"""The page as a file: self-contained, escaped, replaced at once, with everything a reviewer asks for."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import itertools
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from matplotlib.colors import to_hex

from certvote.reporting import render, render_report, templates
from certvote.reporting.figures import ca_figure
from certvote.reporting.line_styles import PAPER
from certvote.reporting.query import prepare
from certvote.reporting.render import page_html

COMMAND = "python run.py -m dataset=mnist algo=knn,rnn 'attack=poisoning,backdoor'"


class Reader(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def links(self) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == "a"]


@pytest.fixture(scope="module")
def html(mnist_runs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    return render(mnist_runs, title="A <b>title</b>", out_dir=folder, command=COMMAND).read_text()


def test_page_reads_in_order(html):
    places = [html.index(part) for part in ('class="question"', 'id="abstract"', 'id="figure-1"', 'id="table-1"')]
    places += [html.index(f'<section id="{name}"') for name in ("section-2", "limits", "settings", "reproduce")]
    places.append(html.index('<section id="provenance"'))
    assert places == sorted(places)


def test_page_is_self_contained_and_small(html):
    reader = Reader(html)
    assert len(html.encode()) < 2_000_000
    assert not [tag for tag, _ in reader.tags if tag in ("link", "img", "iframe", "object")]
    for tag, attributes in reader.tags:
        assert "src" not in attributes, tag
        assert not [name for name in attributes if name.startswith("on")]
    addresses = [link["href"] for link in reader.links()]
    assert all(address.startswith(("#", "data:", "http://127.0.0.1:5000/")) for address in addresses)
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)


def test_one_script_may_run_and_only_as_it_was_written(html):
    types = [attributes.get("type") for tag, attributes in Reader(html).tags if tag == "script"]
    assert types == ["application/json", "application/json", None], "the data of two figures, and the script"
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'\"" in html


def test_text_from_users_is_escaped(html):
    reader = Reader(html)
    assert "A <b>title</b>" in reader.text
    assert '<script>alert("x")</script>' in reader.text
    assert "b" not in [tag for tag, attributes in reader.tags[:20]]


def test_anchors_exist_once_and_links_lead_to_them(html):
    reader = Reader(html)
    ids = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for link in reader.links():
        if link["href"].startswith("#"):
            assert link["href"][1:] in ids


def test_downloads_are_what_they_say(html):
    files = {link["download"]: link["href"] for link in Reader(html).links() if "download" in link}
    names = ("figure-{}.svg", "figure-{}.pdf", "table-{}.csv", "table-{}.tex")
    assert sorted(files) == sorted(name.format(n) for n in (1, 2) for name in names)
    content = {name: base64.b64decode(address.split(",", 1)[1]) for name, address in files.items()}
    assert content["figure-1.pdf"].startswith(b"%PDF-")
    assert b"<svg" in content["figure-1.svg"]
    assert b"\\toprule" in content["table-2.tex"]
    rows = list(csv.DictReader(io.StringIO(content["table-1.csv"].decode())))
    assert next(row for row in rows if row["label"] == "rNN r=4, ISLAND")["CA_1000"] == "0.4109"


def test_commands_digests_versions_and_links_are_there(html, mnist_runs):
    reader = Reader(html)
    assert COMMAND in reader.text
    for run in mnist_runs:
        assert run.tags["certvote.command"] in reader.text
        assert run.url in [link["href"] for link in reader.links()]
    for part in ("d4" * 32, "fe" * 32, "c0" * 32, "certvote 0.1.0", "python 3.11.9"):
        assert part in reader.text


def test_failures_and_notes_stand_beside_the_numbers(html):
    first, second = html.split('<section id="section-2"')
    second = second.split('<section id="limits"')[0]
    assert "failed: MemoryError" in first
    assert "<li>The trigger covers digits of 31 images" in second
    assert re.findall(r"([\w ,=]+)<sup>1</sup>", second) == ["kNN k=3000, individual"], "the row that it is about"
    assert "<sup>" not in first
    assert '<aside class="note"' not in first


def test_notes_on_the_whole_page_and_of_its_sweep(make_run, tmp_path):
    sweep = make_run(id="parent", tags={"certvote.kind": "sweep", "certvote.notes": '["left out: <kNN> in groups"]'})
    text = render([make_run(), sweep], out_dir=tmp_path, notes=["half of <it> is missing"]).read_text()
    before, settings = text.split('<section id="settings"')
    assert '<p class="left-out">Left out: &lt;kNN&gt; in groups.</p>' in settings
    assert "<li>Half of &lt;it&gt; is missing.</li>" in before.split('<section id="section-1"')[0]
    assert "eft out" not in before


def test_what_several_sweeps_left_out_is_said_once(make_run, tmp_path):
    notes = [["left out, as undefined: a=1 b=2; a=1 b=3"], ["left out, as undefined: a=1 b=3; c=4", "half is missing"]]
    sweeps = [
        make_run(id=f"s{i}", tags={"certvote.kind": "sweep", "certvote.notes": json.dumps(note)}, started=float(i))
        for i, note in enumerate(notes)
    ]
    text = render([make_run(), *sweeps], out_dir=tmp_path).read_text()
    assert text.count("Left out") == 1
    assert "Left out, as undefined: a=1 b=2; a=1 b=3; c=4." in text
    assert "<li>Half is missing.</li>" in text


def test_paths_of_the_machine_are_not_told(make_run, tmp_path):
    run = make_run(params={"data_root": "/secret/data", "cache_root": "/secret/cache", "tracking.uri": "/secret/db"})
    assert "secret" not in render([run], out_dir=tmp_path).read_text()


def test_digests_name_what_they_belong_to(make_run, tmp_path):
    runs = [make_run(id="a"), make_run(id="b", attack="backdoor", tags={"certvote.data_digest": "bb" * 32})]
    text = render(runs, out_dir=tmp_path).read_text()
    assert re.search(r"(bb){32}</code></td><td>backdoor attack</td>", text)
    assert re.search(r"(fe){32}</code></td><td>all</td>", text)


def test_many_digests_of_code_are_folded_up_and_say_whose_they_are(make_run, tmp_path):
    def run(number, *kind):
        return make_run(*kind, tags={"certvote.code_digest": f"{number}" * 64})

    certificates = ("individual", "rd", "island", "removal", "budget")
    runs = [run(0), *(run(i, "rnn", certificate) for i, certificate in enumerate(certificates, start=1))]
    text = render(runs, out_dir=tmp_path).read_text()
    folded = text.split("<summary>Code of every run (6 digests)</summary>")[1].split("</details>")[0]
    assert dict(re.findall(r"<code>(\d)\d{63}</code></td><td>([^<]*)</td>", folded)) == {
        **{"0": "kNN", "1": "rNN, individual", "2": "RD", "3": "ISLAND", "4": "removal budget"},
        "5": "budget",
    }
    assert "<summary>Code" not in render(runs[:2], out_dir=tmp_path).read_text()


def test_only_web_addresses_become_links(make_run, tmp_path):
    runs = [make_run(url="javascript:alert(1)"), make_run("rnn", url="file:///etc/passwd")]
    text = render(
        runs, out_dir=tmp_path, links={"evil": "javascript:alert(2)", "docs": "https://example.org/"}
    ).read_text()
    addresses = [link["href"] for link in Reader(text).links()]
    assert not [address for address in addresses if address.startswith(("javascript:", "file:"))]
    assert "https://example.org/" in addresses


def test_same_runs_same_page(mnist_runs, tmp_path):
    pages = [render(runs, out_dir=tmp_path / name) for name, runs in (("a", mnist_runs), ("b", mnist_runs[::-1]))]
    assert pages[0].read_bytes() == pages[1].read_bytes()


@pytest.mark.parametrize("statuses", [[], ["FAILED"], ["RUNNING", "KILLED"], ["FINISHED"]])
def test_pages_without_curves(make_run, tmp_path, statuses):
    runs = [make_run(id=f"r{i}", status=status, curve=None) for i, status in enumerate(statuses)]
    text = Reader(render(runs, out_dir=tmp_path).read_text()).text
    assert "nothing is certified here" in text
    if "RUNNING" in statuses:
        assert "not finished yet" in text
        assert "interrupted" in text
    if statuses == ["FINISHED"]:
        assert "the database holds no curve of it" in text


def test_a_defined_page(mnist_runs, tmp_path):
    definition = {
        "title": "Mine",
        "question": "Why <so>?",
        "sections": [
            {"title": "First", "where": {"algo": "rnn", "attack": "poisoning", "r": 4}, "caption": "ISLAND & co."},
            {"title": "Empty", "where": {"dataset": "nothing"}},
        ],
    }
    text = Reader(render(mnist_runs, out_dir=tmp_path, page=definition).read_text()).text
    for part in ("Mine", "Why <so>?", "ISLAND & co.", "No run matches this section."):
        assert part in text


def test_a_baseline_must_be_one_run(mnist_runs, tmp_path):
    definition = {"sections": [{"title": "x", "where": {}, "baseline": {"algo": "rnn"}}]}
    with pytest.raises(ValueError, match=r"section 'x', baseline: expected exactly one finished run, got 10"):
        render(mnist_runs, out_dir=tmp_path, page=definition)
    assert list(tmp_path.iterdir()) == []


def test_report_goes_below_its_root(make_run, tmp_path):
    path = render_report([make_run()], name="my study-1", title=None, out_root=tmp_path / "a b", command=None)
    assert path == tmp_path / "a b" / "my study-1" / "index.html"
    assert [file.name for file in path.parent.iterdir()] == ["index.html"]


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "/abs", ".hidden", "x.", "a\nb", "a\\b"])
def test_names_that_lead_elsewhere_are_refused(make_run, tmp_path, name):
    with pytest.raises(ValueError, match="option name: expected a plain folder name"):
        render_report([make_run()], name=name, out_root=tmp_path)


def test_a_folder_that_cannot_be_written_is_named_with_its_option(make_run, tmp_path):
    (tmp_path / "reports").write_text("a file where the folder would be")
    with pytest.raises(OSError, match=r"option report_root: cannot write .*reports/study: \w+"):
        render_report([make_run()], name="study", out_root=tmp_path / "reports")


def test_commands_are_those_of_the_python_environment(make_run, tmp_path):
    text = Reader(render([make_run(), make_run("rnn")], out_dir=tmp_path).read_text()).text
    assert "python -m certvote audit RUN" in text


def test_two_files_of_arrays_are_two_data_sets(make_run, tmp_path):
    def run(stem, algo):
        options = {"dataset.name": "arrays", "dataset.path": f"/data/{stem}.npz", "data.name": stem}
        tags = {"certvote.data_digest": stem[0] * 64}
        return make_run(algo, id=f"{stem}{algo}", params=options, tags=tags)

    runs = [run(stem, algo) for stem in ("flowers", "stars") for algo in ("knn", "rnn")]
    text = Reader(render(runs, out_dir=tmp_path).read_text()).text
    assert "Certified accuracy on flowers, stars" in text
    for stem in ("flowers", "stars"):
        assert f"{stem}, data poisoning" in text
        assert f"On {stem}, with 1,000 of 60,000 training examples poisoned" in text


def test_a_page_that_cannot_be_written_leaves_the_old_one(make_run, tmp_path, monkeypatch):
    path = render([make_run()], out_dir=tmp_path)
    before = path.read_bytes()

    def fail(self: Path, target: Path) -> Path:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        render([make_run("rnn")], out_dir=tmp_path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["index.html"]


def test_a_large_sweep_stays_below_two_megabytes(make_run, tmp_path):
    runs = []
    for data, attack, value in itertools.product(("mnist", "cifar10"), ("poisoning", "backdoor"), (1, 2, 3)):
        for algo, certificate in (("knn", "individual"), ("rnn", "individual"), ("rnn", "rd"), ("rnn", "island")):
            params = {"dataset.name": data, "algo.k" if algo == "knn" else "algo.r": str(value)}
            name = f"{data}{attack}{value}{algo}{certificate}"
            runs.append(make_run(algo, certificate, attack, id=name, params=params))
    assert render(runs, out_dir=tmp_path).stat().st_size < 2_000_000


def test_templates_are_found():
    assert (templates.folder() / "page.html").is_file()


def test_markers_in_tables_are_filled_as_those_of_their_curves(make_run):
    changes = [{"attack.change": change} for change in ("any", "insert", "delete")]
    runs = [make_run(algo, params=change) for algo in ("knn", "roe-fa") for change in changes]
    runs.append(make_run("knn", id="k", params={"algo.k": "3000"}))
    html = page_html(runs)
    rows = html.partition('id="table-1"')[2].partition("</figure>")[0].split('<th scope="row">')[1:]
    lines = [line for line in ca_figure(prepare(runs)).axes[0].lines if str(line.get_gid()).startswith("curve-")]
    expected = ["none" if to_hex(line.get_markerfacecolor()) == PAPER else line.get_fillstyle() for line in lines]
    assert {"full", "none", "left", "top"} == set(expected)
    assert [sample_fill(row) for row in rows] == expected


def sample_fill(row: str) -> str:
    """How the marker in a table's row looks: the half that an inner svg shows, or the filling of the whole."""
    whole, inner, half = row.partition("</th>")[0].partition('<svg class="sample"')[2].partition("<svg ")
    if inner:
        assert 'fill="var(--paper)"' in whole
        assert 'fill="#' in half
        return re.findall(r'class="(\w+)"', half)[0]
    return "none" if 'fill="var(--paper)"' in whole else "full"
