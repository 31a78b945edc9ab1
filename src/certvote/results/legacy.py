"""Read what version 0.1 recorded, under today's names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from certvote.options import aliases

# Options of version 0.1 that its fingerprints left out.
_WITHOUT_EFFECT = {
    *("name", "title", "rerun", "data_root", "cache_root", "report_root", "n_jobs", "dataset.path"),
    *("backend.address", "backend.workers", "backend.memory"),
    *("feature.train", "feature.test", "feature.test_backdoor", "feature.batch_size"),
}


def identity(config: Mapping[str, Any], params: Mapping[str, str]) -> dict[str, Any]:
    """Return the options that version 0.1 identified a result by, from its ``config.yaml`` and its parameters."""
    found: dict[str, Any] = {}
    for name in params:
        if name not in _WITHOUT_EFFECT and not name.startswith(("tracking.", "data.")):
            value: Any = config
            for key in name.split("."):
                value = value[key]
            found[name] = value
    return found


def renamed(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recorded configuration with today's names of groups and choices."""
    values: dict[str, Any] = {}
    for key, value in config.items():
        group = aliases.GROUPS.get(key, key)
        if isinstance(value, Mapping) and "name" in value:
            value = {**value, "name": aliases.choice_name(group, value["name"])}
        values[group] = value
    return values
