"""Free memory between what is kept goes back to the system."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from core import heap
from core.heap import give_back

_LARGE, _SMALL, _MANY = 100_000, 1_000, 400


def own_memory() -> int:
    """Bytes of this process that are no file's."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) << 10


def test_gaps_are_given_back() -> None:
    if not Path("/proc/self/status").is_file() or not hasattr(ctypes.CDLL(None), "malloc_trim"):
        pytest.skip("no glibc here")
    large, kept = [], []
    for _ in range(_MANY):
        large.append(bytearray(_LARGE))
        kept.append(bytearray(_SMALL))
    give_back()
    before = own_memory()
    large.clear()
    give_back()
    assert before - own_memory() > 0.8 * _MANY * _LARGE
    assert len(kept) == _MANY


def test_without_such_a_library_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heap, "_c_library", lambda: None)
    give_back()
