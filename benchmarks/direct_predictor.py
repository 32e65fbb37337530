"""Train the direct predictor, which painted futures are compared with: pixels of the next frame from those of the last.

    python -m benchmarks.direct_predictor --data DIR --out DIR --minutes M [--device NAME] [--precision NAME]

The time is that of the network of futures, on the same clips: an equal budget. Interrupted, however hard, the same
command goes on. It ends in OUT/direct.safetensors, for `python -m benchmarks.painted_futures --direct`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from benchmarks.direct.network_file import save_direct
from benchmarks.direct.trainer import DIRECT, DirectPreset, DirectTrainer
from core.errors import InputError
from core.files import make_folder
from core.training.dataset import ChunkDataset, read_clips
from core.training.machine import Machine
from core.training.pace import Pace
from core.training.whole_run import run_to_end


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="auto")
    arguments = parser.parse_args()
    try:
        machine = Machine.choose(arguments.device, arguments.precision)
        train_direct(DIRECT, arguments.data, arguments.out, machine=machine, minutes=arguments.minutes)
    except InputError as error:
        parser.error(str(error))


def train_direct(
    preset: DirectPreset,
    data: Path,
    out: Path,
    *,
    machine: Machine,
    minutes: float,
    say: Callable[[str], None] = print,
) -> Path:
    """Train on the clips below `data`, the time of earlier commands on the same `out` included; returns the network's
    path. Raises `InputError` for clips that cannot be used, and where it was stopped.
    """
    dataset = ChunkDataset(read_clips(data), device=machine.device)
    say(f"{len(dataset.device_clips)} clips, {len(dataset)} frames")
    for phase in preset.phases:
        dataset.check(frames=phase.frames, crop=phase.crop)
    make_folder(out)
    trainer, pace, state = (
        DirectTrainer(preset, dataset, machine),
        Pace(preset, 60 * minutes),
        out / "state.safetensors",
    )
    if state.exists():
        trainer.load(state, pace)
        say(f"goes on from step {trainer.done}")
    run_to_end(trainer, out, save=lambda: trainer.save(state, pace), say=say, display=None, save_every=120.0, pace=pace)
    path = out / "direct.safetensors"
    recipe = {"preset": preset.to_dict(), "minutes": minutes, "steps": trainer.done, "clips": dataset.names}
    save_direct(path, trainer.averaged, recipe)
    say(f"wrote {path} ({path.stat().st_size / 1e6:.1f} MB) after {trainer.done} steps")
    return path


if __name__ == "__main__":
    main()
