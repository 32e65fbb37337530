"""Which frames of a clip are learnt from, and which are held out to see what was learnt.

Held-out frames come in blocks: neighbouring frames are nearly the same picture, so a single one between two that
are learnt would say little.
"""

from __future__ import annotations

# Frames of a block at the most; one block in so many is held out, not the first.
_LONGEST, _EVERY, _WHICH = 4, 6, 2
# Blocks are shorter where a clip would have fewer than two held out.
_LEAST = 2


def held_out(frames: int) -> list[int]:
    """The frames that are never learnt from, about a sixth; none of a clip of less than three frames."""
    block = max(1, min(_LONGEST, frames // (_LEAST * _EVERY)))
    return [t for t in range(frames) if t // block % _EVERY == _WHICH]


def learnt_runs(frames: int) -> list[tuple[int, int]]:
    """The other frames as runs [start, stop)."""
    left = set(held_out(frames))
    starts = [t for t in range(frames) if t not in left and (t == 0 or t - 1 in left)]
    stops = [t + 1 for t in range(frames) if t not in left and (t + 1 == frames or t + 1 in left)]
    return list(zip(starts, stops, strict=True))
