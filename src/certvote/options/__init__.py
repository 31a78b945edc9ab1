"""Declare options, load them, and identify results by them."""

from certvote.options.choices import choice
from certvote.options.labels import Label
from certvote.options.option import option

__all__ = ["Label", "choice", "option"]
