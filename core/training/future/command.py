"""`python -m core train --preset future`: the predictor's network is trained on the clips that generators are."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from core.errors import InputError
from core.files import make_folder
from core.prediction.network_file import load_future, save_future
from core.training.dataset import ChunkDataset, read_clips
from core.training.future.presets import FuturePreset
from core.training.future.trainer import FutureTrainer
from core.training.machine import Machine
from core.training.pace import Pace
from core.training.progress import Display
from core.training.start import fill
from core.training.whole_run import run_to_end, said_by_first


def train_future(
    recipe: FuturePreset,
    data: Path,
    out: Path,
    *,
    machine: Machine | None = None,
    begin: Path | None = None,
    minutes: float | None = None,
    export_only: bool = False,
    say: Callable[[str], None] = print,
    display: Display | None = None,
    save_every: float = 300.0,
) -> Path:
    """Train a preset on the clips below `data`; everything goes into `out`. Returns the path of the network's file.

    Arguments are those of `core.training.command.train`, and so is what happens after an interruption.
    """
    machine = machine or Machine.choose()
    say = said_by_first(machine, say)
    began = time.monotonic()
    dataset = ChunkDataset(read_clips(data), rare=recipe.rare, device=machine.device)
    say(f"{len(dataset.device_clips)} clips, {len(dataset)} frames, read in {time.monotonic() - began:.0f} s")
    for index, phase in enumerate(recipe.phases):
        left_out = dataset.check(frames=phase.frames, crop=phase.crop)
        if left_out:
            say(f"phase {index + 1} leaves out clips that are too short or too small: {', '.join(left_out)}")
    make_folder(out)
    pace = None if minutes is None else Pace(recipe, 60 * minutes)
    trainer, state = FutureTrainer(recipe, dataset, machine), out / "state.safetensors"
    if state.exists():
        trainer.load(state, pace)
        say(f"goes on from step {trainer.done}")
    elif export_only:
        raise InputError(f"There is no state in {out} to make a network's file of.", "Train first.")
    elif begin is not None:
        _start_from(trainer, begin, say)
    if not export_only:

        def save() -> None:
            trainer.save(state, pace)

        run_to_end(trainer, out, save=save, say=say, display=display, save_every=save_every, pace=pace)
    path = out / "future.safetensors"
    if machine.first:
        recipe_of = {
            "preset": recipe.to_dict(),
            "steps": trainer.done,
            "steps of each phase": list(trainer.plan.steps),
            "clips": dataset.names,
        }
        made = save_future(path, trainer.averaged, dataset.label_set, recipe_of)
        say(f"wrote {path} ({path.stat().st_size / 1e6:.1f} MB, sha256 {made.hash})")
    return path


def _start_from(trainer: FutureTrainer, path: Path, say: Callable[[str], None]) -> None:
    begun = load_future(path)
    if begun.label_set.hash != trainer.data.label_set.hash:
        raise InputError(f"{path} has another label set than the clips.", "Begin with a network of the same.")
    for line in fill(trainer.network, begun.state, "network"):
        say(line)
    trainer.averaged.load_state_dict(trainer.network.state_dict())
