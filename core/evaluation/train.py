"""`python -m core train-evaluation`: the evaluation network, trained on real frames."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from core.errors import InputError
from core.evaluation.agreement import Agreement
from core.evaluation.evaluation_network import EvaluationNetwork, load_evaluation_network, save_evaluation_network
from core.evaluation.segmenter import MULTIPLE, Segmenter
from core.models.layers import weights_channels_last
from core.training.dataset import ChunkDataset, read_clips
from core.training.label_training import lines, train_on_labels
from core.training.machine import Machine
from core.training.presets import Preset
from core.training.step_rng import StepRng

# Another one than any preset has.
_SEED = 77
_BATCH, _CROP, _RATE = 6, 256, 2e-3


def train_evaluation(
    data: Path,
    out: Path,
    *,
    machine: Machine,
    steps: int,
    begin: Path | None = None,
    minutes: float | None = None,
    val: Path | None = None,
    say: Callable[[str], None] = print,
) -> Path:
    """Train an evaluation network on all frames below `data` and write it to `out`; returns `out`.

    begin    an evaluation network whose weights to begin with; None: new ones
    minutes  take as many of the steps as fit into this time
    val      other clips: says how well their frames are read

    Raises `InputError` for clips that can't be used.
    """
    dataset = ChunkDataset(read_clips(data), rare=Preset.rare, device=machine.device)
    side = min(_CROP, *(min(clip.height, clip.width) for clip in dataset.device_clips)) // MULTIPLE * MULTIPLE
    dataset.check(frames=1, crop=(side, side))
    say(f"{len(dataset.device_clips)} clips, {len(dataset)} frames; evaluation network on {machine.device}")
    torch.manual_seed(_SEED)
    network = Segmenter(dataset.label_set.size)
    recipe: dict[str, object] = {"batch": _BATCH, "crop": side, "seed": _SEED, "clips": dataset.names}
    if begin is not None:
        before = load_evaluation_network(begin)
        if before.label_set != dataset.label_set:
            raise InputError(f"{begin} reads another label set than these clips have.", "Begin with new weights.")
        network.load_state_dict(before.network.state_dict())
        recipe["begun with"] = {"hash": before.hash, **before.recipe}
    network = weights_channels_last(network.to(machine.device))
    taken = train_on_labels(
        network,
        dataset,
        machine,
        steps=steps,
        batch=_BATCH,
        crop=(side, side),
        seed=_SEED if begin is None else _SEED + 1,
        learning_rate=_RATE,
        seconds=None if minutes is None else 60 * minutes,
        on_step=lines("evaluation network", steps, say),
        change=_relit,
    )
    made = save_evaluation_network(out, network, dataset.label_set, recipe | {"steps": taken})
    say(f"wrote {out} ({out.stat().st_size / 1e6:.1f} MB, {made.hash}) after {taken} steps")
    if val is not None:
        for line in reads(load_evaluation_network(out, str(machine.device)), val):
            say(line)
    return out


def reads(network: EvaluationNetwork, folder: Path) -> list[str]:
    """How well a network reads the frames of clips: a sentence over all, then one for each class that occurs."""
    together = Agreement(network.label_set)
    for clip in read_clips(folder):
        network.check(clip)
        pictures = () if clip.small_pictures is None else clip.small_pictures
        for picture, labels in zip(pictures, clip.labels, strict=False):
            together.add(labels, network.read(picture).labels)
    line = f"reads the frames below {folder}: mIoU {together.miou:.3f}, pixels right {together.accuracy:.3f}"
    return [line, *(f"  {name} {iou:.2f}" for name, iou in together.ious.items())]


def _relit(pictures: Tensor, rng: StepRng) -> Tensor:
    """Each channel of each picture brighter or darker: classes are not to be read from colours alone."""
    gain, shift = 0.7 + 0.6 * rng.uniform(3, 1, 1), 0.4 * rng.uniform(3, 1, 1) - 0.2
    return (pictures * gain + shift).clamp(-1, 1)
