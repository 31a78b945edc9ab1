"""Describe one run as everybody reads it: its options as typed values, its labels, its curve."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from certvote.certificates.base import VotesOf
from certvote.checks import is_integer
from certvote.options import columns
from certvote.options.choices import find
from certvote.options.columns import Value
from certvote.options.labels import Label
from certvote.types import Curve

LABELS = "certvote.labels"  # tag with the labels of the chosen objects, for readers that do not have their classes
KIND = "certvote.kind"  # tag: run or sweep

_EXAMPLES = "examples"


@dataclass(frozen=True)
class Run:
    """One job, or one sweep, as the results database has it.

    Attributes
    ----------
    id, name : str
        MLflow's id of the run, and its name.
    status : str
        RUNNING, FINISHED, FAILED or KILLED.
    started : float
        Seconds since the epoch.
    seconds : float or None
        How long it took; ``None`` while it runs.
    params, metrics, tags : mapping
        As MLflow has them; :attr:`options` are the typed parameters.
    curve : Curve or None
        The certified accuracy; ``None`` where none was read or logged.
    url : str or None
        Address in the MLflow UI.
    data : str
        What the data is called; runs with equal names share their data (``certvote.reporting.datanames``).
    """

    id: str
    name: str
    status: str
    started: float
    seconds: float | None
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    curve: Curve | None = None
    url: str | None = None
    data: str = ""

    # --- options -----------------------------------------------------------------------------------------------

    @cached_property
    def options(self) -> Mapping[str, Value]:
        """The options as typed values, by the names of the command line (``algo``, ``algo.k``, ``data.n_train``)."""
        return columns.typed(self.params)

    def option(self, name: str) -> Value:
        """Return an option by any of its names, ``None`` where it is not set or the run has none."""
        return self.options.get(columns.column(name))

    def has(self, wanted: Mapping[str, Any]) -> bool:
        """Return whether options have the values wanted, each given as one value or as a list of them."""
        return all(columns.matches(self.options, name, value) for name, value in wanted.items())

    def _text(self, name: str) -> str:
        value = self.options.get(name)
        return "" if value is None else str(value)

    def _whole(self, name: str) -> int | None:
        value = self.options.get(name)
        return int(value) if isinstance(value, int | float) else None

    @property
    def dataset(self) -> str:
        """Name of the data set's choice."""
        return self._text("dataset")

    @property
    def feature(self) -> str:
        """Name of the feature, "" for classifiers that look at images."""
        return self._text("feature")

    @property
    def attack(self) -> str:
        """Name of the attack on test images."""
        return self._text("attack")

    @property
    def change(self) -> str:
        """What the attacker may do to the training set."""
        return self._text("attack.change") or "any"

    @property
    def algo(self) -> str:
        """Name of the algorithm."""
        return self._text("algo")

    @property
    def learner(self) -> str:
        """Name of an ensemble's base classifier, "" for neighbors."""
        return self._text("learner") if self.is_ensemble else ""

    @property
    def certificate(self) -> str:
        """Name of the certificate."""
        return self._text("certificate")

    @property
    def holdout(self) -> int | None:
        """Number of training examples that took the test set's place, ``None`` for the test set."""
        return self._whole("dataset.holdout")

    @property
    def n_train(self) -> int | None:
        """Number of training examples."""
        return self._whole("data.n_train")

    @property
    def n_test(self) -> int | None:
        """Number of test examples."""
        return self._whole("data.n_test")

    @property
    def num_classes(self) -> int | None:
        """Number of labels."""
        return self._whole("data.num_classes")

    # --- the chosen objects ------------------------------------------------------------------------------------

    def chosen(self, group: str) -> Any:
        """Return the class of the choice that the run made in a group, ``None`` if it is not known here."""
        return find(group, self._text(group))

    def label(self, group: str) -> Label:
        """Return how a choice is named and drawn: as its class says, else as recorded, else grey under its own name."""
        name, cls = self._text(group), self.chosen(group)
        if cls is not None:
            return cls.label_of(self.options) if group == "algo" else cls.label  # type: ignore[no-any-return]
        return _restored(self._recorded_labels.get(group), name) if name else Label("")

    @cached_property
    def _recorded_labels(self) -> Mapping[str, Any]:
        try:
            loaded = json.loads(self.tags.get(LABELS, "{}"))
        except json.JSONDecodeError:
            return {}  # somebody edited the tag: names are still those of the options
        return loaded if isinstance(loaded, dict) else {}

    @property
    def method(self) -> str:
        """The algorithm as reports tell it from others: another election among the same voters is another one."""
        return self.label("algo").key or self.algo

    @property
    def parameters(self) -> tuple[tuple[str, float], ...]:
        """The options that labels state, with their symbols: ``(("k", 5000),)``."""
        values = [(symbol, self.options.get(name)) for symbol, name in self.stated]
        return tuple((symbol, value) for symbol, value in values if isinstance(value, int | float))

    @property
    def stated(self) -> tuple[tuple[str, str], ...]:
        """Symbols and names of the options that labels state: ``(("k", "algo.k"),)``."""
        cls = self.chosen("algo")
        if cls is not None:
            return cls.parameters()  # type: ignore[no-any-return]
        recorded = self._recorded_labels.get("parameters") if self.algo else None
        if not isinstance(recorded, list):
            return ()
        return tuple((str(pair[0]), str(pair[1])) for pair in recorded if isinstance(pair, list) and len(pair) == 2)

    @property
    def is_ensemble(self) -> bool:
        """Whether base classifiers vote."""
        cls = self.chosen("algo")
        return "learner" in self.options if cls is None else cls.votes_of is VotesOf.MEMBERS

    @property
    def members(self) -> tuple[int | None, float | None]:
        """Number of base classifiers, and of the training examples that each sees."""
        cls = self.chosen("algo")
        return (None, None) if cls is None else cls.members(self.options, self.n_train)

    @property
    def joint(self) -> bool:
        """Whether the certificate is about several test examples together, rather than each on its own."""
        cls = self.chosen("certificate")
        return bool(self.certificate) if cls is None else cls.joint

    @property
    def by_groups(self) -> bool:
        """Whether the certificate certifies groups of test examples together."""
        cls = self.chosen("certificate")
        return cls is not None and cls.by_groups

    @property
    def probabilistic(self) -> bool:
        """Whether the certificate holds with a probability rather than for certain."""
        cls = self.chosen("algo")
        return cls is not None and cls.probabilistic

    @property
    def confidence(self) -> float | None:
        """The probability with which a probabilistic certificate holds, ``None`` where it is not known."""
        cls = self.chosen("algo")
        return None if cls is None else cls.confidence(self.options, self.num_classes)

    @property
    def abstained(self) -> float | None:
        """Share of test examples on which an ensemble decides nothing, where it can abstain."""
        return self.metrics.get("abstained")

    @property
    def noun(self) -> str:
        """What a test example is, in the plural."""
        cls = self.chosen("dataset")
        return _EXAMPLES if cls is None else cls.noun

    # --- the record --------------------------------------------------------------------------------------------

    @property
    def kind(self) -> str:
        """``run`` for a job, ``sweep`` for the parent of several."""
        return self.tags.get(KIND, "run")

    @property
    def is_job(self) -> bool:
        """Whether this is a job rather than a sweep."""
        return self.kind == "run"

    def tag(self, name: str) -> str:
        """Return a tag of our own (``fingerprint`` for ``certvote.fingerprint``), "" where there is none."""
        return self.tags.get(f"certvote.{name}", "")

    @property
    def notes(self) -> tuple[str, ...]:
        """Warnings that must follow the numbers into every report."""
        text = self.tag("notes")
        try:
            loaded = json.loads(text) if text else []
        except json.JSONDecodeError:
            loaded = text  # a note that somebody typed into the UI is one as it stands
        return tuple(dict.fromkeys(map(str, loaded))) if isinstance(loaded, list) else (str(loaded),)

    @property
    def bounds(self) -> Mapping[str, int]:
        """At how many sizes each bound gave the certified side, for certificates that have several."""
        try:
            loaded = json.loads(self.tag("bounds") or "{}")
        except json.JSONDecodeError:
            return {}  # somebody edited the tag
        numbers = loaded.items() if isinstance(loaded, dict) else ()
        return {str(name): number for name, number in numbers if is_integer(number)}

    @property
    def identity(self) -> str:
        """The fingerprint of options, data and code; runs without one are told apart by their id."""
        return self.tag("fingerprint") or self.id


def _restored(recorded: Any, name: str) -> Label:
    """Return a label from its record; a record that somebody broke is that of a choice without one."""
    try:
        dashes = recorded["dashes"]
        texts = {key: str(recorded[key]) for key in ("short", "color", "marker", "fill", "key")}
        return Label(
            name=str(recorded["name"]),
            order=int(recorded["order"]),
            width=float(recorded["width"]),
            dashes=None if dashes is None else tuple(map(float, dashes)),
            **texts,  # type: ignore[arg-type]
        )
    except (TypeError, ValueError, KeyError):
        return Label(name)


def recorded_labels(settings: Any) -> str:
    """Return the labels of the chosen objects as JSON, for the tag by which readers without their classes draw them."""
    from dataclasses import asdict

    from certvote.options.settings import flatten

    options = {columns.column(name): value for name, value in flatten(settings).items()}
    labels: dict[str, Any] = {}
    for group in settings.groups:
        chosen = getattr(settings, group)
        label = chosen.label_of(options) if group == "algo" else getattr(chosen, "label", None)
        if label is not None:
            labels[group] = asdict(label)
    return json.dumps({**labels, "parameters": settings.algo.parameters()}, ensure_ascii=False)


def jobs(runs: Sequence[Run]) -> list[Run]:
    """Return the jobs among runs, without sweeps."""
    return [run for run in runs if run.is_job]


def sweeps(runs: Sequence[Run]) -> list[Run]:
    """Return the parent runs, oldest first."""
    return sorted((run for run in runs if run.kind == "sweep"), key=lambda run: run.started)


def last_words(runs: Sequence[Run]) -> list[Run]:
    """Return of runs with the same fingerprint the newest that finished, or else the newest: the last word on a job."""
    ranked = sorted(jobs(runs), key=lambda run: (run.status == "FINISHED", run.started, run.id))
    return list({run.identity: run for run in ranked}.values())


def finished(runs: Sequence[Run]) -> list[Run]:
    """Return the runs that finished with a curve; an unfinished curve proves nothing and must not be drawn."""
    return [run for run in runs if run.status == "FINISHED" and run.curve is not None and len(run.curve.sizes) > 0]
