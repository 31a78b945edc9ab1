"""What ``run.py --help`` prints; Hydra's own help takes two seconds to list groups that nobody chooses from."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from certvote.options.schema import SCHEMAS
from certvote.runtime.paths import conf_dir

_TEMPLATE = """\
certvote: how accurate does a vote-based classifier stay, provably, when an attacker changes e training examples?

  python run.py                                    one run with the defaults
  python run.py -m algo=knn,rnn k=50,100           a sweep over every combination; ends with a report
  python run.py --cfg job --resolve                show the options of a run, do nothing
  python -m certvote --help                        report, figure, table, audit, ui

Choices (group=choice):
{choices}

Options with their values here (option=value; several values with -m option=a,b):

{options}
conf/ explains every option. Hydra's own flags: --hydra-help
"""


def usage(overrides: Sequence[str]) -> str:
    """The help text, with the options as ``overrides`` set them."""
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf

    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        config = compose("config", overrides=list(overrides))
    groups = {group: list(choices) for group, choices in SCHEMAS.items()}
    folder = conf_dir() / "experiment"
    files = (file.relative_to(folder).with_suffix("") for file in folder.rglob("*.yaml"))
    groups["experiment"] = sorted((file.as_posix() for file in files), key=lambda name: (name.count("/"), name))
    choices = "\n".join(_listed(group, names) for group, names in groups.items())
    return _TEMPLATE.format(choices=choices, options=OmegaConf.to_yaml(config))


def _listed(group: str, names: Sequence[str]) -> str:
    return textwrap.fill(
        "  ".join(names),
        width=116,
        initial_indent=f"  {group:<12}",
        subsequent_indent=" " * 14,
        break_long_words=False,
        break_on_hyphens=False,
    )
