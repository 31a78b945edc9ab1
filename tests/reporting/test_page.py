"""Page definitions: from YAML with clear errors, or derived from the runs without crowded figures."""

from __future__ import annotations

import pytest

from certvote.reporting import page
from certvote.reporting.default_page import default_page
from certvote.reporting.query import prepare
from certvote.reporting.render import page_html

DEFINITION = """
title: Which certificate?
question: What do joint certificates add?
sections:
  - title: All certificates of rNN
    text: As in the paper.
    where: {dataset: mnist, attack: poisoning, algo: rnn, r: 4}
    sizes: [0, 500, 1000]
    baseline: {certificate: island}
  - title: Best of each
    where: {attack: [poisoning]}
    best_per: [algo]
    caption: kNN wins.
"""


def test_a_page_from_yaml(tmp_path, mnist_runs):
    file = tmp_path / "page.yaml"
    file.write_text(DEFINITION)
    definition = page.load(file)
    assert (definition.title, definition.question) == ("Which certificate?", "What do joint certificates add?")
    first, second = definition.sections
    found = prepare(mnist_runs)
    assert [x.certificate for x in first.chosen(found)] == ["individual", "rd", "island", "removal", "budget"]
    assert first.sizes == (0, 500, 1000)
    assert [(x.algo, x.certificate) for x in second.chosen(found)] == [("knn", "budget"), ("rnn", "budget")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "page: expected keys with values"),
        ({"titel": "x", "sections": []}, "page: expected keys among .*, got titel"),
        ({"sections": []}, r"page\.sections: expected a list of sections"),
        ({"sections": [{"where": {}}]}, r"page\.sections\[0\]\.title: expected a text"),
        ({"sections": [{"title": "x", "filter": {}}]}, r"page\.sections\[0\]: expected keys among .*, got filter"),
        ({"sections": [{"title": "x", "where": 3}]}, r"page\.sections\[0\]\.where: expected keys"),
        (
            {"sections": [{"title": "x", "sizes": [-1]}]},
            r"page\.sections\[0\]\.sizes\[0\]: expected a whole number >= 0, got -1",
        ),
        ({"sections": [{"title": "x", "sizes": [True]}]}, r"sizes\[0\]: expected a whole number >= 0, got True"),
        ({"sections": [{"title": "x", "sizes": []}]}, r"sizes: expected a list of whole numbers >= 0, got \[\]"),
        ({"sections": [{"title": "x", "sizes": "5"}]}, r"sizes: expected a list of whole"),
        ({"sections": [{"title": "x", "best_per": "algo"}]}, r"best_per: expected a list of texts, got 'algo'"),
        ({"title": 3, "sections": [{"title": "x"}]}, r"page\.title: expected a text"),
    ],
)
def test_mistakes_in_a_page_are_named(content, message):
    with pytest.raises(ValueError, match=message):
        page.load(content)


def test_default_has_a_section_per_data_set_and_attack(mnist_runs):
    definition = default_page(prepare(mnist_runs))
    assert [section.title for section in definition.sections] == ["MNIST, data poisoning", "MNIST, backdoor attack"]
    assert definition.title == "Certified accuracy on MNIST"


def test_a_crowded_setting_gets_an_overview_and_details(make_run):
    runs = [make_run(id=f"k{k}", params={"algo.k": str(k)}) for k in range(4)]
    runs += [
        make_run("rnn", certificate, id=f"{certificate}{r}", params={"algo.r": str(r)})
        for certificate in ("individual", "rd", "island")
        for r in range(4)
    ]
    found = prepare(runs)
    definition = default_page(found)
    assert [section.title for section in definition.sections] == [
        "MNIST, data poisoning",
        "MNIST, data poisoning: kNN",
        "MNIST, data poisoning: rNN, individual",
        "MNIST, data poisoning: rNN, RD",
        "MNIST, data poisoning: rNN, ISLAND",
    ]
    assert [len(section.chosen(found)) for section in definition.sections] == [4, 4, 4, 4, 4]


def test_every_run_is_in_some_section(mnist_runs):
    found = prepare(mnist_runs)
    shown = {result.id for section in default_page(found).sections for result in section.chosen(found)}
    assert shown == {result.id for result in found}


def test_no_runs():
    assert default_page([]).sections == ()


def test_of_equal_areas_the_strongest_certificate_is_the_best(make_run):
    curve = make_run("rnn", "budget").curve
    found = prepare([make_run("rnn", certificate, curve=curve) for certificate in ("individual", "rd", "removal")])
    (best,) = page.Section("x", {}, best_per=("algo",)).chosen(found)
    assert best.certificate == "removal"


def test_a_missing_run_stays_unless_another_of_its_kind_stands_for_it(make_run):
    failed = {"status": "FAILED", "curve": None}
    found = prepare([make_run("rnn"), make_run("rnn", id="worse", **failed), make_run("knn", id="alone", **failed)])
    assert {x.id for x in page.Section("x", {}, best_per=("algo",)).chosen(found)} == {make_run("rnn").id, "alone"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("    where: {dataset: .nan}", r"line 5: page\.sections\[0\]\.where\.dataset: expected a value.* got nan"),
        ("    where: {dataset: {a: b}}", r"line 5: page\.sections\[0\]\.where\.dataset: expected a value"),
        ("    where: {yes: mnist}", r"line 5: page\.sections\[0\]\.where: expected texts as keys, got yes"),
        ("    where: {algo: knn, algo: rnn}", r"line 5: page\.sections\[0\]\.where: expected every key once, got algo"),
        ("    title: again", r"line 5: page\.sections\[0\]: expected every key once, got title again"),
        (
            f"    sizes: {list(range(2000))}",
            r"line 5: page\.sections\[0\]\.sizes: expected at most 40 sizes.* got 2000",
        ),
        ("    sizes: [true]", r"line 5: page\.sections\[0\]\.sizes\[0\]: expected a whole number >= 0, got True"),
        ("    wher: {}", r"line 4: page\.sections\[0\]: expected keys among .*, got wher"),
        ("    source: x", r"page\.sections\[0\]: expected keys among .*, got source"),
        ("    where: {", r"line \d: expected YAML, got"),
        ("stated: [{says: x, size: 1, of: {}, value: .inf}]", r"line 5: page\.stated\[0\]\.value: expected a finite"),
    ],
)
def test_a_mistake_in_a_file_is_named_with_its_line(tmp_path, line, message):
    file = tmp_path / "page.yaml"
    file.write_text(f"title: T\nquestion: Q\nsections:\n  - title: A\n{line}\n")
    with pytest.raises(ValueError, match=message) as error:
        page.load(file)
    assert str(error.value).startswith(f"{file}, line ")


def test_an_unknown_column_is_named_with_its_line(tmp_path, mnist_runs):
    file = tmp_path / "page.yaml"
    file.write_text(
        "title: T\nsections:\n  - title: A\n    where: {dataset: mnist}\n  - title: B\n    where: {kk: 3}\n"
    )
    definition = page.load(file)
    for runs in ([], prepare(mnist_runs)):
        with pytest.raises(ValueError, match=r"page.yaml, line 6: page\.sections\[1\]\.where\.kk: expected a filter"):
            definition.check(runs)
    with pytest.raises(ValueError, match="line 6"):
        page_html(mnist_runs, page=file)


def test_a_page_has_no_key_for_its_file():
    with pytest.raises(ValueError, match=r"page: expected keys among .*, got source"):
        page.load({"sections": [{"title": "x"}], "source": "y"})
