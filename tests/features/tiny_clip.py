"""A CLIP model of a few thousand weights, fixed and random, saved as a user's checkpoint would be."""

from __future__ import annotations

import json
from pathlib import Path

DIM = 24
CONFIG = {
    "embed_dim": DIM,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8},
    "text_cfg": {"context_length": 8, "vocab_size": 64, "width": 32, "heads": 2, "layers": 1},
}


def save(
    folder: Path, *, seed: int = 0, name: str = "tiny", changes: dict[str, object] | None = None, scale: float = 1.0
) -> dict[str, str]:
    """Write configuration (with ``changes``) and checkpoint (embeddings times ``scale``²); options that name both."""
    import open_clip
    import torch

    whole = {**CONFIG, **(changes or {})}
    torch.manual_seed(seed)
    model = open_clip.CLIP(**whole)
    with torch.no_grad():
        model.visual.proj.mul_(scale).mul_(scale)
    config, weights = folder / f"{name}.json", folder / f"{name}-{seed}.pt"
    config.write_text(json.dumps(whole))
    torch.save(model.state_dict(), weights)
    return {"model": str(config), "weights": str(weights)}
