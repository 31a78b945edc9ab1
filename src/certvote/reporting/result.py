"""One run as reports see it: settings as typed values, named as on the command line, and its curve."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from certvote.reporting import styles
from certvote.types import Curve, Run

_RUNOFF = {"dpa": "roe", "fa": "roe-fa"}


@dataclass(frozen=True)
class Result:
    """One run with its settings as typed values; named as on the command line (``dataset``, ``algo``, ``k``, …).

    ``curve`` is ``None`` unless the run finished: an unfinished curve proves nothing and must not be drawn.
    """

    id: str
    name: str
    status: str
    started: float
    seconds: float | None
    dataset: str
    data: str  # what the data is called: as dataset, or the user's file; runs with equal names share their data
    holdout: int | None  # so many training examples were the test set
    feature: str
    attack: str
    change: str  # what the attacker may do: any, insert or delete
    algo: str
    k: int | None
    r: float | None
    learner: str  # an ensemble's base classifier, "" for neighbors
    voters: int | None
    subsample: int | None
    parts: int | None
    spread: int | None
    election: str
    grouping: str
    stride: int | None  # a certificate's search ran at the multiples of it; None: not recorded, or no search
    alpha: float | None
    n_train: int | None
    n_test: int | None
    num_classes: int | None
    dim: int | None
    fingerprint: str
    data_digest: str
    feature_digest: str
    code_digest: str
    version: str
    command: str
    error: str
    notes: tuple[str, ...]
    url: str | None
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    curve: Curve | None

    @property
    def method(self) -> str:
        """The algorithm as reports name and draw it: another election among the same voters is another one."""
        return _RUNOFF.get(self.algo, self.algo) if self.election == "runoff" else self.algo

    @property
    def parameters(self) -> tuple[tuple[str, float], ...]:
        """The options that matter most, with their symbols: ``(("k", 5000),)``."""
        columns = styles.algorithm(self.method).parameters
        values = [(symbol, getattr(self, column)) for symbol, column in columns]
        return tuple((symbol, value) for symbol, value in values if value is not None)

    @property
    def value(self) -> float | None:
        """The first of the parameters: k, r, ξ or ζ."""
        return self.parameters[0][1] if self.parameters else None

    @property
    def is_ensemble(self) -> bool:
        return styles.algorithm(self.method).ensemble

    @property
    def abstained(self) -> float | None:
        """The share of test examples on which an ensemble does not commit itself to a label, where it can abstain."""
        return self.metrics.get("abstained")

    @property
    def noun(self) -> str:
        return "images" if self.dataset in styles.IMAGE_DATASETS else "examples"


def from_run(run: Run, data: str) -> Result:
    """A run whose data is called ``data``."""
    params, tags = run.params, run.tags
    algo = params.get("algo.name", "")
    learner = _text(params.get("learner.name")) if styles.algorithm(algo).ensemble else ""
    usable = run.status == "FINISHED" and run.curve is not None and len(run.curve.sizes) > 0
    return Result(
        id=run.id,
        name=run.name,
        status=run.status,
        started=run.started,
        seconds=run.seconds,
        dataset=params.get("dataset.name", ""),
        data=data,
        holdout=integer(params.get("dataset.holdout")),
        feature=params.get("feature.name", ""),
        attack=params.get("attack.name", ""),
        change=_text(params.get("attack.change")) or "any",
        algo=algo,
        k=integer(params.get("algo.k")) if algo == "knn" else None,
        r=real(params.get("algo.r")) if algo == "rnn" else None,
        learner=learner,
        voters=integer(params.get("algo.voters")),
        subsample=integer(params.get("algo.subsample")),
        parts=integer(params.get("algo.parts")),
        spread=integer(params.get("algo.spread")),
        election=_text(params.get("algo.election")),
        grouping=params.get("grouping.name", "none"),
        stride=integer(params.get("data.stride")) or integer(params.get("grouping.stride")),
        alpha=real(params.get("algo.alpha")),
        n_train=integer(params.get("data.n_train")),
        n_test=integer(params.get("data.n_test")),
        num_classes=integer(params.get("data.num_classes")),
        dim=integer(params.get("data.dim")),
        fingerprint=tags.get("certvote.fingerprint", ""),
        data_digest=tags.get("certvote.data_digest", ""),
        feature_digest=tags.get("certvote.feature_digest", ""),
        code_digest=tags.get("certvote.code_digest", ""),
        version=tags.get("certvote.version", ""),
        command=tags.get("certvote.command", ""),
        error=tags.get("certvote.error", ""),
        notes=notes(run),
        url=run.url,
        params=params,
        metrics=run.metrics,
        curve=run.curve if usable else None,
    )


def notes(run: Run) -> tuple[str, ...]:
    """Warnings of a run or a sweep, from the record itself and from its tag ``certvote.notes``."""
    tagged: list[str] = []
    text = run.tags.get("certvote.notes")
    if text:
        try:
            loaded = json.loads(text)
        except json.JSONDecodeError:
            loaded = text  # a note that somebody typed into the UI: still shown, as it stands
        tagged = [str(note) for note in loaded] if isinstance(loaded, list) else [str(loaded)]
    return tuple(dict.fromkeys([*run.notes, *tagged]))


def real(text: str | None) -> float | None:
    """A number as the database stores it, ``None`` for what is none."""
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None  # "None" and "null" are how an unset option is stored


def integer(text: str | None) -> int | None:
    """A whole number as the database stores it, ``None`` for what is none."""
    number = real(text)
    return int(number) if number is not None and np.isfinite(number) else None


def _text(text: str | None) -> str:
    return "" if text in (None, "None", "null") else str(text)
