"""The motion stage: flow of a film's frames, both ways, with its validity."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.lib.format import open_memmap

from core.clip.frames import Frames
from core.errors import InputError
from core.footage.estimated_flow import Estimate, dis_flow, flow_to_before
from core.importing.progress import OnProgress

_FLOW, _VALID = "flow.npy", "valid.npy"


@dataclass(frozen=True, eq=False)
class Motion:
    """Motion of N frames, each to the one before, on the disk.

    flow   (N, H, W, 2) float16, pixels, x then y; frame 0 has none
    valid  (N, H, W) bool: following it there and back comes home
    """

    flow: np.ndarray
    valid: np.ndarray


@dataclass(frozen=True)
class MotionChoice:
    """What estimates motion: DIS, or RAFT with the weights in a file."""

    raft: Path | None = None

    @classmethod
    def parse(cls, text: str) -> MotionChoice:
        """Read dis or raft:FILE. Raises `InputError`."""
        kind, _, name = text.partition(":")
        if (kind, name) == ("dis", ""):
            return cls()
        if kind == "raft" and name:
            return cls(Path(name))
        raise InputError(f"{text!r} is no way to estimate motion.", "Write dis, or raft:FILE with the weights of RAFT.")

    def open(self, device: torch.device) -> tuple[Estimate, str]:
        """It, ready, and what tells it from others. Raises `InputError` for a file that is no RAFT."""
        if self.raft is None:
            return dis_flow, "dis"
        from core.importing.raft import Raft

        raft = Raft(self.raft, device)
        return raft, raft.hash


def find_motion(frames: Frames, folder: Path, progress: OnProgress, estimate: Estimate = dis_flow) -> None:
    """Estimate the motion of frames (N, H, W, 3) uint8 RGB into `folder`, for `read_motion`."""
    flow = open_memmap(folder / _FLOW, "w+", np.float16, (*frames.shape[:3], 2))
    valid = open_memmap(folder / _VALID, "w+", bool, frames.shape[:3])
    for t in range(1, len(frames)):
        found, holds = flow_to_before(np.asarray(frames[t]), np.asarray(frames[t - 1]), estimate)
        flow[t], valid[t] = np.where(holds[..., None], found, 0), holds
        progress(t + 1, len(frames))
    flow.flush()
    valid.flush()


def read_motion(folder: Path) -> Motion:
    """What `find_motion` left in a folder."""
    return Motion(np.load(folder / _FLOW, "r"), np.load(folder / _VALID, "r"))
