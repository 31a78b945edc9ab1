"""Figures as files of their own."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from certvote.reporting import save_figure, table_text
from certvote.reporting.tables import plain_table, to_markdown


def test_svg_and_pdf_are_written_whole(mnist_runs, tmp_path):
    save_figure(mnist_runs, tmp_path / "figure.svg")
    save_figure(mnist_runs, tmp_path / "figure.pdf", column=True)
    assert ElementTree.parse(tmp_path / "figure.svg").getroot().tag.endswith("svg")
    assert (tmp_path / "figure.pdf").read_bytes().startswith(b"%PDF")
    assert {path.name for path in tmp_path.iterdir()} == {"figure.svg", "figure.pdf"}


def test_another_kind_of_file_is_refused(mnist_runs, tmp_path):
    with pytest.raises(ValueError, match=r"figure\.png"):
        save_figure(mnist_runs, tmp_path / "figure.png")
    with pytest.raises(ValueError, match="at least one finished run"):
        save_figure([], tmp_path / "figure.svg")
    assert list(tmp_path.iterdir()) == []


def test_a_table_as_markdown_has_the_known_numbers(mnist_runs):
    runs = [run for run in mnist_runs if run.params["attack.name"] == "poisoning" and run.status == "FINISHED"]
    text = table_text(runs, sizes=[0, 1000])
    assert text.startswith("| certified accuracy (%) at e = | 0 | 1,000 |\n| --- | ---: | ---: |\n")
    assert re.search(r"\| rNN[^|]*ISLAND \| .*86\.84.* \| 41\.09 \|", text)


def test_markdown_has_neither_html_nor_an_early_end_of_a_cell():
    table = plain_table(["a", "b"], [["<img src=x onerror=y>|", "1 & 2"]])
    assert "&lt;img src=x onerror=y&gt;\\|" in to_markdown(table, group="")
    assert "1 &amp; 2" in to_markdown(table, group="")


def test_tables_come_in_three_formats_and_no_fourth(mnist_runs):
    assert table_text(mnist_runs, format="csv").startswith("label,")
    assert "\\toprule" in table_text(mnist_runs, format="latex")
    with pytest.raises(ValueError, match="html"):
        table_text(mnist_runs, format="html")
