"""The folder in which a clip is being learnt: what of which, and the last save."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from core.checkpoint import Checkpoint
from core.clip.clip import Clip
from core.errors import InputError, reason
from core.files import make_folder, read_json, write_json
from core.training.adapt.gain import Nearness

_MOST_BYTES = 1 << 16


@dataclass(frozen=True)
class Job:
    """What is learnt there. before: how near the render was to the film when it began."""

    clip: str  # hash
    checkpoint: str  # hash of the one that it began with
    before: Nearness


class Work:
    """The folder beside the checkpoint that is to be made; it is removed when that is written."""

    def __init__(self, out: Path) -> None:
        self.folder = out.with_suffix(".learning")

    @property
    def state(self) -> Path:
        """The last save of the training."""
        return self.folder / "state.safetensors"

    def begun(self, clip: Clip, checkpoint: Checkpoint) -> Job | None:
        """What was begun there; None: nothing. Raises `InputError` when it is something else."""
        if not self.folder.exists():
            return None
        another = f"Delete {self.folder}, or give another name with -o."
        try:
            facts = read_json(self.folder / "job.json", _MOST_BYTES, another)
            before = facts["before"]
            left = before["held_out"]
            nearness = Nearness(float(before["learnt"]), None if left is None else float(left))
            job = Job(str(facts["clip"]), str(facts["checkpoint"]), nearness)
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(
                f"{self.folder} is not a folder that this can go on in: {reason(error)}.", another
            ) from error
        if (job.clip, job.checkpoint) != (clip.hash, checkpoint.hash):
            raise InputError(f"In {self.folder} another clip or checkpoint was being learnt.", another)
        return job

    def begin(self, job: Job) -> None:
        """Note what is learnt. Raises `InputError` where nothing can be written."""
        make_folder(self.folder)
        facts = {"clip": job.clip, "checkpoint": job.checkpoint, "before": job.before.to_dict()}
        write_json(self.folder / "job.json", facts)

    def remove(self) -> None:
        """The checkpoint is written: nothing of this is needed any more."""
        shutil.rmtree(self.folder, ignore_errors=True)
