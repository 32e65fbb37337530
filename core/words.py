"""Sentences for people."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """A number with what it is of: 1 frame, 2 frames."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
