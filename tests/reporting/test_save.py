"""Figures as files of their own."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from certvote.reporting import save_figure


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
