"""Turn a composed Hydra configuration into the settings of a job: objects of the chosen classes, checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields, is_dataclass, make_dataclass
from typing import TYPE_CHECKING, Any, get_origin, get_type_hints

from omegaconf import MISSING, OmegaConf

from certvote.adversaries.base import Adversary
from certvote.algorithms.base import Algorithm
from certvote.attacks.base import Attack
from certvote.certificates.base import Certificate
from certvote.datasets.base import Dataset
from certvote.features.base import Feature
from certvote.learners.base import Learner
from certvote.neighbors.backends.base import Backend
from certvote.options.choices import (
    PACKAGES,
    Choice,
    Options,
    choices,
    find,
    has_file,
    meaning_of,
    section,
    shortcuts,
)
from certvote.options.option import option
from certvote.options.sizes import Sizes

if TYPE_CHECKING:
    from omegaconf import DictConfig


class UndefinedCombinationError(ValueError):
    """Report options that are fine one by one, but for which no certificate, or no attack, is defined together."""

    def __init__(self, combination: str, remedy: str, *, lacks: str = "certificate") -> None:
        super().__init__(f"options {combination}: no {lacks} is defined for this combination; {remedy}")
        self.combination, self.lacks = combination, lacks


@section("tracking")
class Tracking(Options):
    """Which results database runs are written to."""

    uri: str = option("folder, or any MLflow tracking URI")
    experiment: str = option("MLflow experiment")
    artifact_root: str | None = option("where artifacts go; null: the folder artifacts beside the database")
    sweep: str | None = option("id of the parent run; a sweep sets it")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.uri:
            raise ValueError(
                "option tracking.uri: expected a tracking URI, here or in the environment variable "
                "MLFLOW_TRACKING_URI, got none"
            )


@dataclass
class Settings(Options):
    """Every option of a job; :func:`schema` adds the shortcuts of the options that have one."""

    dataset: Dataset = MISSING
    feature: Feature = MISSING
    attack: Attack = MISSING
    algo: Algorithm = MISSING
    learner: Learner = MISSING
    certificate: Certificate = MISSING
    backend: Backend = MISSING
    adversary: Adversary = MISSING
    sizes: Sizes = MISSING
    tracking: Tracking = field(default=MISSING)
    plugins: list[str] = option("Python files or modules with choices of your own", default=[], matters=False)
    name: str | None = option("name of the sweep, and folder of its report", matters=False)
    title: str | None = option("title of the report", matters=False)
    rerun: bool = option("whether to compute also what the database has", matters=False)
    plan: bool | str = option(
        "list the jobs with what is done, as text (true) or JSON (json), and do nothing",
        one_of=(False, True, "json"),
        matters=False,
    )
    data_root: str = option("folder of data sets, where they are looked for and downloaded to", matters=False)
    cache_root: str = option("folder of features and votes computed before", matters=False)
    report_root: str = option("folder of reports", matters=False)
    n_jobs: int | None = option("processes and threads; null: all cores", least=1, matters=False)

    @property
    def groups(self) -> tuple[str, ...]:
        """The option groups that the chosen classifier has a use for; that of attacks if one is carried out."""
        idle = {"feature", "learner", "backend"} - self.algo.uses(self.learner)
        if not self.adversary.attacks:
            idle.add("adversary")
        return tuple(group for group in PACKAGES if group not in idle)

    def chosen(self) -> Iterator[Options]:
        """Iterate over the objects that a result depends on: those of the groups in use, and the sizes."""
        yield from (getattr(self, group) for group in self.groups)
        yield self.sizes

    def modules(self) -> list[str]:
        """Return the names of the modules of the chosen objects."""
        return [type(one).__module__ for one in self.chosen()]


def schema() -> type[Settings]:
    """Return the class of settings with a field for every shortcut (``k`` for ``algo.k``)."""
    own = [
        (name, get_type_hints(cls)[of] | None, field(default=None)) for name, (cls, of) in sorted(shortcuts().items())
    ]
    return make_dataclass("Settings", own, bases=(Settings,), namespace={"__module__": __name__})


def register() -> None:
    """Make the schemas known to Hydra, as ``schema/<group>_<choice>``; safe to call twice."""
    from hydra.core.config_store import ConfigStore

    store = ConfigStore.instance()
    store.store(name="schema", node=schema())
    store.store(group="schema", name="sizes", node=Sizes)
    store.store(group="schema", name="tracking", node=Tracking)
    for group in PACKAGES:
        for name, cls in choices(group).items():
            store.store(group="schema", name=f"{group}_{name}", node=_node(cls))
            if not has_file(group, name):  # a plugin: with defaults for all options, the class itself is the choice
                store.store(group=group, name=name, node=_node(cls))


def _node(cls: type[Choice]) -> DictConfig:
    """Return the schema of a choice; an option that is a mapping takes any keys (``learner.options={C: 10}``)."""
    node: DictConfig = OmegaConf.structured(cls)
    for name, hint in get_type_hints(cls).items():
        if get_origin(hint) is dict and name != "recommended":
            OmegaConf.set_struct(node[name], False)
    return node


def load(config: DictConfig) -> Settings:
    """Return the settings of a composed configuration, for which a certificate is defined.

    Raises
    ------
    ValueError
        If an option is missing, unknown or out of range; the message names it, its range and the value.
    UndefinedCombinationError
        If no certificate is defined for the options together.
    """
    settings = read(config)
    check_defined(settings)
    return settings


def read(config: DictConfig) -> Settings:
    """Return the settings of a composed configuration, whether or not a certificate is defined for them.

    Raises
    ------
    ValueError
        If an option is missing, unknown or out of range; the message names it, its range and the value.
    """
    missing = sorted(OmegaConf.missing_keys(config))
    if missing:
        raise ValueError(f"option {missing[0]}: expected a value, got none")
    settings = OmegaConf.to_object(config)
    if not isinstance(settings, Settings):
        raise TypeError(f"expected a configuration made from conf/config.yaml, got {type(settings).__name__}")
    _check_known(config, settings)
    return settings


def _check_known(config: Any, settings: Any, prefix: str = "") -> None:
    """Refuse what ``+option=value`` added and no option of that name reads."""
    names = {item.name for item in fields(settings)}
    for key in config:
        if key not in names:
            raise ValueError(f"option {prefix}{key}: there is no such option")
        if isinstance(getattr(settings, key), Options):
            _check_known(config[key], getattr(settings, key), f"{prefix}{key}.")


def check_defined(settings: Settings) -> None:
    """Refuse options together for which there is no certificate, and say what there is instead.

    Raises
    ------
    UndefinedCombinationError
        If there is none.
    """
    check_proven(settings.algo, settings.certificate, settings.attack.change)
    _check_together(settings)


def check_proven(algo: Algorithm, certificate: Certificate, change: str) -> None:
    """Check that a certificate is proven for the votes of an algorithm and for an attacker.

    Raises
    ------
    UndefinedCombinationError
        If it is not; the message says what there is instead.
    """
    if not certificate.accepts(algo.votes_of):
        known = [name for name, cls in choices("certificate").items() if cls.accepts(algo.votes_of)]  # type: ignore[attr-defined]
        raise UndefinedCombinationError(
            f"algo={algo.name} certificate={certificate.name}",
            f"for algo={algo.name} choose certificate={' or '.join(known)}",
        )
    check_change_of(algo, change)
    if change not in certificate.changes:
        known = [name for name, cls in choices("certificate").items() if change in cls.changes]  # type: ignore[attr-defined]
        raise UndefinedCombinationError(
            f"attack.change={change} certificate={certificate.name}",
            f"with attack.change={change} choose certificate={' or '.join(known)}",
        )


def check_change_of(algo: Algorithm, change: str) -> None:
    """Check that something is proven for an algorithm against an attacker, whatever the certificate.

    Raises
    ------
    UndefinedCombinationError
        If nothing is; the message says which option of the algorithm is at fault.
    """
    undefined = algo.undefined_for(change)
    if undefined is not None:
        at_fault, remedy = undefined
        raise UndefinedCombinationError(f"attack.change={change} algo={algo.name} {at_fault}".rstrip(), remedy)


def _check_together(settings: Settings) -> None:
    """Check what choices of several groups ask of each other."""
    algo = settings.algo
    if {"learner", "feature"} <= set(settings.groups) and settings.feature.num_views > 1:
        raise UndefinedCombinationError(
            f"algo={algo.name} with {settings.feature.num_views} views of a test image",
            "base classifiers look at one vector: choose feature.rotations=[0] feature.mirror=false",
        )
    if not settings.adversary.accepts(algo):
        known = [name for name, cls in choices("adversary").items() if cls().accepts(algo)]  # type: ignore[attr-defined]
        raise UndefinedCombinationError(
            f"algo={algo.name} adversary={settings.adversary.name}",
            f"for algo={algo.name} choose adversary={' or '.join(known)}",
            lacks="attack",
        )
    settings.adversary.chosen_sizes(settings.sizes)


# --- settings as plain values ----------------------------------------------------------------------------------------


def plain(settings: Settings) -> dict[str, Any]:
    """Return the settings as nested built-in types, for YAML, every choice with its name."""
    values: dict[str, Any] = {}
    for item in fields(settings):
        value = getattr(settings, item.name)
        name = {"name": value.name} if isinstance(value, Choice) else {}
        values[item.name] = {**name, **asdict(value)} if isinstance(value, Options) else value  # type: ignore[call-overload]
    return values


def flatten(settings: Settings) -> dict[str, Any]:
    """Return every option under its dotted name, as runs record it.

    Left out are shortcuts and recommendations, which other options consume, and groups that the chosen classifier has
    no use for (the learner of nearest neighbors, for one).
    """
    flat: dict[str, Any] = {}
    for item in fields(Settings):
        value = getattr(settings, item.name)
        if not isinstance(value, Options):
            flat[item.name] = value
        elif item.name not in PACKAGES or item.name in settings.groups:
            flat |= _flat(value)
    return flat


def _flat(part: Options) -> dict[str, Any]:
    name = {f"{part.group}.name": part.name} if isinstance(part, Choice) else {}
    values = {f"{part.group}.{x.name}": getattr(part, x.name) for x in fields(part) if x.name != "recommended"}  # type: ignore[arg-type]
    return name | values


def effective(settings: Settings) -> dict[str, Any]:
    """Return the options that a job's result depends on; with the data and the code they identify it."""
    found: dict[str, Any] = {}
    for part in settings.chosen():
        keeps = {name: value for name, value in _flat(part).items() if _matters(part, name)}
        found |= keeps
    return found


def _matters(part: Options, name: str) -> bool:
    return meaning_of(type(part), name.rpartition(".")[2]).matters


def restore(values: dict[str, Any]) -> Settings:
    """Return the settings that :func:`plain` was given; options that did not exist then have today's defaults.

    Raises
    ------
    ValueError
        If a choice is not known here.
    """
    from hydra import compose, initialize_config_dir

    from certvote.runtime.paths import conf_dir

    register()
    chosen = {group: values[group]["name"] for group in PACKAGES if group in values}  # others came later
    for group, name in chosen.items():
        if find(group, name) is None:
            raise ValueError(f"option {group}: expected one of {', '.join(choices(group))}, got {name!r}")
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        config = compose("config", overrides=[f"{group}={name}" for group, name in chosen.items()])
    _update(config, values)
    return load(config)


def _update(config: Any, values: dict[str, Any]) -> None:
    """Set every option that the configuration has; those of another version that it does not have are dropped."""
    there = list(config)  # ``in`` does not find options without a value
    for name, value in values.items():
        if name not in there:
            continue
        if not OmegaConf.is_missing(config, name) and is_dataclass(OmegaConf.get_type(config[name])):
            _update(config[name], value)
        else:
            config[name] = value
