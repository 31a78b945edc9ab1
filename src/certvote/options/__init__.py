"""Declare options, load them, and identify results by them."""

from certvote.options.choices import choice, option
from certvote.options.labels import Label

__all__ = ["Label", "choice", "option"]
