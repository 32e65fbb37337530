"""Segmenters trained on real frames: the evaluation network, and the label networks that clips are labelled with."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from core.errors import InputError
from core.evaluation.agreement import Agreement
from core.evaluation.trained import EVALUATION, FileKind, TrainedSegmenter, load_segmenter, save_segmenter
from core.files import make_folder
from core.models.layers import weights_channels_last
from core.models.segmenter import MULTIPLE, Segmenter
from core.training.dataset import ChunkDataset, read_clips
from core.training.label_training import LabelRecipe, LabelTraining, run_label_training
from core.training.machine import Machine
from core.training.presets import Preset
from core.training.progress import Display, Lines
from core.training.step_rng import StepRng

_BATCH, _CROP, _RATE = 6, 256, 2e-3
# Others than any preset has.
EVALUATION_SEED = 77


def train_segmenter(
    kind: FileKind,
    data: Path,
    out: Path,
    *,
    seed: int,
    machine: Machine,
    steps: int,
    begin: TrainedSegmenter | None = None,
    minutes: float | None = None,
    val: Path | None = None,
    domain: str = "",
    say: Callable[[str], None] = print,
    display: Display | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Path:
    """Train a network of some kind on all frames below `data` and write it to `out`; returns `out`.

    begin    a network whose weights to begin with; None: new ones
    minutes  take as many of the steps as fit into this time, all commands on this `out` together
    val      other clips: says how well their frames are read
    domain   a sentence for the file: which pictures it is made for; "": which clips it was trained on
    display  shows where the training is; None: lines
    stop     asked after every step; what was learnt is kept then

    Interrupted, however hard, the same call goes on from its last save. Raises `InputError` for clips that can't be
    used, and when it was stopped.
    """
    dataset = ChunkDataset(read_clips(data), rare=Preset.rare, device=machine.device)
    side = min(_CROP, *(min(clip.height, clip.width) for clip in dataset.device_clips)) // MULTIPLE * MULTIPLE
    dataset.check(frames=1, crop=(side, side))
    say(f"{len(dataset.device_clips)} clips, {len(dataset)} frames; {kind.what} on {machine.device}")
    torch.manual_seed(seed)
    network = Segmenter(dataset.label_set.size)
    facts: dict[str, object] = {"batch": _BATCH, "crop": side, "seed": seed, "clips": dataset.names}
    recipe = LabelRecipe(steps, _BATCH, (side, side), seed, _RATE, None if minutes is None else 60 * minutes, _relit)
    if begin is not None:
        if begin.label_set != dataset.label_set:
            raise InputError(
                "The network to begin with reads another label set than these clips have.", "Begin with new weights."
            )
        network.load_state_dict(begin.network.state_dict())
        facts["begun with"] = {"hash": begin.hash, **begin.recipe}
        recipe = replace(recipe, seed=_following(seed, begin))
    training = LabelTraining(weights_channels_last(network.to(machine.device)), dataset, machine, recipe)
    state = out.with_name(f".{out.name}.training")
    make_folder(out.parent)
    if state.exists():
        training.load(state)
        say(f"goes on from step {training.done}")
    shown = display or Lines(say)
    try:
        run_label_training(training, displays=[shown], stop=stop, save=lambda: training.save(state))
    finally:
        shown.close()
    if training.done < training.steps:
        say(f"stopped at step {training.done}, saved in {state}")
        raise InputError("Training was stopped before its end.", "The same command goes on from here.")
    domain = domain or (_domain(dataset) if kind is not EVALUATION else "")
    made = save_segmenter(kind, out, network, dataset.label_set, facts | {"steps": training.done}, domain)
    with suppress(FileNotFoundError):
        state.unlink()
    say(f"wrote {out} ({out.stat().st_size / 1e6:.1f} MB, {made.hash}) after {training.done} steps")
    if val is not None:
        for line in reads(load_segmenter(out, kind, device=machine.device), val):
            say(line)
    return out


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
    display: Display | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Path:
    """Train an evaluation network, as `train_segmenter` says; begin: one whose weights to begin with."""
    return train_segmenter(
        EVALUATION,
        data,
        out,
        seed=EVALUATION_SEED,
        machine=machine,
        steps=steps,
        begin=None if begin is None else load_segmenter(begin, EVALUATION),
        minutes=minutes,
        val=val,
        say=say,
        display=display,
        stop=stop,
    )


def reads(network: TrainedSegmenter, folder: Path) -> list[str]:
    """How well a network reads the frames of clips: a sentence over all, then one for each class that occurs."""
    together = Agreement(network.label_set)
    for clip in read_clips(folder):
        network.check(clip)
        pictures = () if clip.small_pictures is None else clip.small_pictures
        for picture, labels in zip(pictures, clip.labels, strict=False):
            together.add(labels, network.read(picture).labels)
    line = f"reads the frames below {folder}: mIoU {together.miou:.3f}, pixels right {together.accuracy:.3f}"
    return [line, *(f"  {name} {iou:.2f}" for name, iou in together.ious.items())]


def _following(seed: int, begin: TrainedSegmenter) -> int:
    """The seed of a training that goes on from another: it draws other crops, also than one that began in between."""
    digest = hashlib.sha256(f"{seed} {begin.hash}".encode()).digest()
    return int.from_bytes(digest[:4], "little")


def _domain(dataset: ChunkDataset) -> str:
    """What is known of the films that a network was trained on."""
    names = ", ".join(dataset.names[:4]) + (" and others" if len(dataset.names) > 4 else "")
    return (
        f"It was trained on {len(dataset)} frames of {len(dataset.names)} clips ({names[:200]}): films like these are "
        "read best, in others much is wrong."
    )


def _relit(pictures: Tensor, rng: StepRng) -> Tensor:
    """Each channel of each picture brighter or darker: classes are not to be read from colours alone."""
    gain, shift = 0.7 + 0.6 * rng.uniform(3, 1, 1), 0.4 * rng.uniform(3, 1, 1) - 0.2
    return (pictures * gain + shift).clamp(-1, 1)
