"""Two processes that share each batch are one process with the whole batch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from core.errors import InputError
from core.models.label_network import LabelNetwork
from core.training.cache import write_cache
from core.training.dataset import ChunkDataset, read_clips
from core.training.label_training import label_perception
from core.training.loop import Trainer
from core.training.machine import Machine
from core.training.presets import preset
from core.training.processes import machine_of
from core.training.runner import Meter
from tests.core.training.clips import driving_clip

ROOT = Path(__file__).parents[3]
STEPS = (0, 1, 2, 6, 7, 8)  # three of each phase


def losses_of(folder: Path, machine: Machine) -> list[dict[str, float]]:
    """Mean losses over the processes in steps of both phases of a tiny run with batches of two, and what its weights
    add up to.
    """
    phases = tuple(replace(phase, batch=2) for phase in preset("tiny").phases)
    data = ChunkDataset(read_clips(folder), rare=["car"])
    torch.manual_seed(0)
    features = label_perception(LabelNetwork(data.label_set.size, 8))
    trainer = Trainer(replace(preset("tiny"), phases=phases), data, features, machine)
    meter, read = Meter(machine), []
    for step in STEPS:
        trainer.done = step
        meter.add(trainer.step())
        read.append(meter.read())
    weights = sum(value.double().abs().sum() for value in trainer.averaged.state_dict().values())
    return [*read, {"weights": float(weights)}]


@pytest.mark.slow
@pytest.mark.training
def test_two_processes_give_the_losses_of_one(tmp_path: Path) -> None:
    pytest.importorskip("lightning_fabric")
    list(write_cache([driving_clip(), driving_clip("other", (30, 30, 200))], tmp_path / "data"))
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", __file__]
    threads = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [*command, tmp_path / "data", tmp_path / "losses.json"],
        cwd=ROOT, env=threads, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    together = json.loads((tmp_path / "losses.json").read_text())
    alone = losses_of(tmp_path / "data", Machine())
    for mine, theirs in zip(alone, together, strict=True):
        assert theirs == pytest.approx(mine, rel=1e-3, abs=1e-5)


def test_several_processes_without_lightning_are_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setitem(sys.modules, "lightning_fabric", None)
    with pytest.raises(InputError, match="pip install lightning-fabric"):
        machine_of("cpu")


if __name__ == "__main__":
    here = machine_of("cpu", "float32")
    read = losses_of(Path(sys.argv[1]), here)
    if here.first:
        Path(sys.argv[2]).write_text(json.dumps(read))
