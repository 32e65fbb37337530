"""The one exception of the set-up."""

from __future__ import annotations


class SetupError(Exception):
    """What went wrong and what to do, in a sentence."""
