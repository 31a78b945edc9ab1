"""What the numbers of a page assume and do not say, for the certificates, attacks and features that are on it."""

from __future__ import annotations

from collections.abc import Sequence

from certvote.reporting import styles
from certvote.reporting.query import Result

_THREAT = (
    "An attack of size e removes at most e training examples and adds at most e others, anywhere, with any features "
    "and any labels; changing one example is one removal and one addition and counts once. The attacker knows "
    "everything: the data, the algorithm and its randomness."
)
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


def meaning() -> list[str]:
    """What a certificate says, whatever is on the page."""
    return [_MEANING, _THREAT]


def certificates(found: Sequence[Result]) -> list[tuple[str, str]]:
    """Name and meaning of each certificate on the page, in the order of their strength."""
    used = {result.grouping for result in found}
    return [text for name, text in _CERTIFICATES.items() if name in used]


def assumptions(found: Sequence[Result]) -> list[str]:
    """Exact or probabilistic, what the backdoor's test set is, and what the features must not depend on."""
    said = []
    probabilistic = {styles.algorithm(x.algo).name for x in found if styles.algorithm(x.algo).probabilistic}
    exact = {styles.algorithm(x.algo).name for x in found} - probabilistic
    if exact:
        said.append(f"The certificates of {_listed(exact)} are exact statements: they hold with certainty.")
    if probabilistic:
        said.append(
            f"The certificates of {_listed(probabilistic)} are probabilistic: they hold with the confidence stated, "
            "over the randomness of training."
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
