"""What the numbers of a page assume and do not say, for the certificates, attacks and features that are on it."""

from __future__ import annotations

from collections.abc import Sequence

from certvote.reporting import labels, styles
from certvote.reporting.query import Result

_THREATS = {
    "any": "An attack of size e removes at most e training examples and adds at most e others, anywhere, with any "
    "features and any labels; changing one example is one removal and one addition and counts once.",
    "insert": "An attack of size e that may only insert (attack.change=insert) adds at most e training examples, "
    "anywhere, with any features and any labels, and removes none: e counts additions.",
    "delete": "An attack of size e that may only remove (attack.change=delete) removes at most e training examples and "
    "adds none: e counts removals.",
}
_KNOWLEDGE = "The attacker knows everything: the data, the algorithm and its randomness."
_ENSEMBLES = {
    "bagging": "Jia, Cao, Gong (2021): N base classifiers, each trained on ξ examples drawn with replacement. "
    "Its certificate bounds the vote of infinitely many by that of N (Clopper and Pearson, for all test examples and "
    "labels at once); where these bounds certify no label, it abstains.",
    "dpa": "Levine, Feizi (2021): ζ base classifiers, each trained on one part of a partition by a hash of the "
    "example. One removal and one addition touch two parts, so of e units of any change at most 2e voters turn; of e "
    "insertions or removals alone, e.",
    "fa": "Wang, Levine, Feizi (2022): ζ·d base classifiers; a hash spreads every example over d "
    "of them, so that fewer votes than in DPA must be taken for lost together.",
    "roe": "Rezaei, Banihashem, Chegini, Feizi (2023): the same voters, a second round between the two labels with "
    "the most votes; a voter whose first choice is out votes for the one that it ranks higher.",
}
_MEANING = (
    "Certified accuracy CA(e) is the accuracy that is left after the worst attack of size e. Every number here is a "
    "lower bound of it, proven for exactly these training and test examples: the true value may be higher, never "
    "lower. A test example that is misclassified without an attack counts as wrong at every e."
)
_CERTIFICATES = {
    "none": (
        "individual",
        "Each test example on its own: the attacker may spend all e examples on every single one, as if there were "
        "one attack for each of them.",
    ),
    "rd": (
        "RD",
        "Joint, by random groups of test examples with different predicted labels, among which one removal serves at "
        "most one. Depends on the seed of the division.",
    ),
    "island": (
        "ISLAND",
        "Joint, as RD, but test examples that cost an attacker about the same are grouped, for every e anew.",
    ),
    "removal": (
        "removal budget",
        "Joint: at most e removals are shared out among the labels, and the worst way to do so is computed exactly. "
        "Never below RD or ISLAND.",
    ),
    "budget": (
        "budget",
        "Joint: removals and additions both have one label each and at most e of each are shared out. A search by "
        "branch and bound stops at a tolerance or time limit; what it has proven until then is certified, and "
        "how far the other side of the search was away is stated beside it.",
    ),
}


def meaning(found: Sequence[Result]) -> list[str]:
    """What a certificate says, and what an attacker may do in the runs on the page."""
    changes = {result.change for result in found} or {"any"}
    threats = [text for change, text in _THREATS.items() if change in changes]
    return [_MEANING, " ".join([*threats, _KNOWLEDGE])]


def certificates(found: Sequence[Result]) -> list[tuple[str, str]]:
    """Name and meaning of each certificate on the page, in the order of their strength."""
    used = {result.grouping for result in found if not result.is_ensemble}
    return [text for name, text in _CERTIFICATES.items() if name in used]


def ensembles(found: Sequence[Result]) -> list[tuple[str, str]]:
    """Name and meaning of each voting ensemble on the page."""
    used = {part for x in found for part in (x.algo, x.method.removesuffix("-fa"))}
    return [(styles.algorithm(name).name, text) for name, text in _ENSEMBLES.items() if name in used]


def assumptions(found: Sequence[Result]) -> list[str]:
    """Exact or probabilistic, what the backdoor's test set is, and what the features must not depend on."""
    said = []
    confidences = {labels.method_name(x): labels.confidence(x) for x in found if labels.confidence(x)}
    probabilistic = set(confidences)
    exact = {labels.method_name(x) for x in found} - probabilistic
    if exact:
        said.append(f"The certificates of {_listed(exact)} are exact statements: they hold with certainty.")
    if probabilistic:
        said.append(
            f"The certificates of {_listed(probabilistic)} are probabilistic: they hold with the confidence stated "
            f"({', '.join(dict.fromkeys(confidences.values()))} for all test examples together), over the randomness "
            "of training."
        )
    learners = dict.fromkeys(labels.learner_name(x.learner) for x in found if x.learner)
    if learners:
        said.append(
            f"Base classifiers are ours ({labels.listed(list(learners))}): their accuracy is not that of the networks "
            "in the papers named. Those of DPA, Finite Aggregation and Run-Off Election are deterministic functions of "
            "the set of examples in their part, as their certificates assume."
        )
    if any(result.holdout is not None for result in found):
        said.append(
            "Runs with dataset.holdout are of a validation part, drawn from the training set and taken out of it; they "
            "serve to choose options and are no results on the test set."
        )
    if any(result.attack == "backdoor" for result in found):
        said.append(
            "Backdoor attack: the trigger is drawn into the test images and their labels are kept. The guarantee is "
            "the same and does not depend on what the poisoned training examples look like, but it holds for this "
            "trigger's test images only."
        )
    said.append(
        "A feature vector depends on its own example alone. Where an extractor was trained, the guarantee covers "
        "attacks on the training set named here, not on the data that the extractor was trained on."
    )
    return said


def _listed(names: set[str]) -> str:
    ordered = sorted(names, key=str.lower)
    return ordered[0] if len(ordered) == 1 else f"{', '.join(ordered[:-1])} and {ordered[-1]}"
