"""Find the weights of pre-trained networks: files, or tags of a model hub, with an end to every wait."""

from __future__ import annotations

import contextlib
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")

_PATIENCE = 10.0  # seconds for a server to answer


def checkpoint_file(weights: str) -> Path | None:
    """Return the checkpoint file that the option ``feature.weights`` names, or ``None`` for a tag.

    Raises
    ------
    ValueError
        If it looks like a file and there is none.
    """
    path = Path(weights).expanduser()
    if path.is_file():
        return path.absolute()
    if "/" in weights or path.suffix in (".pt", ".pth", ".bin", ".safetensors"):
        raise ValueError(f"option feature.weights: expected a tag or a file, got {weights!r}, which is no file")
    return None


def check_reachable(url: str = "") -> None:
    """Check that a server answers, since the libraries' own retries take minutes.

    Parameters
    ----------
    url : str
        Address of the weights, "" for the Hugging Face hub.

    Raises
    ------
    OSError
        If there is no way to the server, or ``HF_HUB_OFFLINE`` is set.
    """
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        raise OSError("HF_HUB_OFFLINE is set")
    request = urllib.request.Request(url or constants.ENDPOINT, method="HEAD")
    with contextlib.suppress(urllib.error.HTTPError):  # it answers
        urllib.request.urlopen(request, timeout=_PATIENCE).close()


def with_timeout(download: Callable[[], Result]) -> Result:
    """Call a function that downloads, with a timeout for every wait on a socket."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(3 * _PATIENCE)
    try:
        return download()
    finally:
        socket.setdefaulttimeout(before)


def short(error: BaseException) -> str:
    """Return the beginning of an error message that may be pages long, on one line."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 300 else f"{text[:300]}…"
