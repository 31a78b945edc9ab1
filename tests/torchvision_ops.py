"""Lets torchvision be imported beside a torch that it was not built for (CUDA's beside CPU's): transforms need no more.

Its Python code declares shapes for operators that its compiled part would have brought; without them the import fails.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

_kept: list[object] = []  # a library's operators go away with it


def declare() -> None:
    """Declare the operators that are missing; without effect where torchvision fits, and when called again."""
    import torch

    spec = find_spec("torchvision")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent
    try:
        torch.ops.load_library(str(next(folder.glob("_C*.so"))))
        return
    except OSError:
        pass
    if _kept:
        return
    library = torch.library.Library("torchvision", "DEF")
    names = re.findall(r'register_fake\("torchvision::(\w+)"\)', (folder / "_meta_registrations.py").read_text())
    for name in sorted(set(names)):
        library.define(f"{name}() -> ()")
    _kept.append(library)
