"""What `--memory` is for: everything that is kept because it saves work has a share of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """Bytes. One clip is open whatever its size; no clip is larger than 2 GB (core.clip.native).

    frames  rendered frames, and what makes the next ones quick
    folds   maps of frames under edits, and strokes along the clip
    clips   clips as they were read
    looks   crops of looks to choose from
    """

    frames: int
    folds: int
    clips: int
    looks: int

    @classmethod
    def of(cls, total: int) -> Budget:
        """60 % for frames, 18 % for folds, 18 % for clips, 4 % for looks."""
        return cls(total * 60 // 100, total * 18 // 100, total * 18 // 100, total * 4 // 100)
