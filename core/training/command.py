"""The train command: label network, generator, sample pictures, checkpoint at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save

from core.checkpoint import LabelWeights, load_checkpoint
from core.clip.clip import Clip
from core.clip.label_set import LabelSet
from core.errors import InputError
from core.files import make_folder, write_atomically
from core.models.label_network import LabelNetwork
from core.models.layers import weights_channels_last
from core.training.dataset import ChunkDataset, read_clips
from core.training.export import export
from core.training.label_training import LabelRecipe, label_perception, train_label_network
from core.training.loop import Trainer
from core.training.machine import Machine
from core.training.pace import Pace
from core.training.perceptual import PerceptualLoss, load_vgg19
from core.training.presets import Preset
from core.training.progress import Display, Lines
from core.training.samples import write_sheet
from core.training.start import judged_by, start_from
from core.training.variants import named
from core.training.whole_run import run_to_end, said_by_first

_SAVE_EVERY = 300.0
# Of a run that is given a time, the label network may have this share.
_LABEL_SHARE = 0.1
_LABEL_RATE = 1e-2
# In a run's folder: what its perceptual loss is measured with. A run that finds one trains none.
LABEL_NETWORK = "label_network.safetensors"


def train(
    recipe: Preset | str,
    data: Path,
    out: Path,
    *,
    machine: Machine | None = None,
    begin: Path | None = None,
    minutes: float | None = None,
    val: Path | None = None,
    labels: Path | None = None,
    export_only: bool = False,
    say: Callable[[str], None] = print,
    display: Display | None = None,
    save_every: float = _SAVE_EVERY,
) -> Path:
    """Train a preset on the clips below `data`; everything goes into `out`. Returns the checkpoint's path.

    machine      where; None: the fastest device that is here
    begin        a checkpoint whose weights a new run begins with; a run that goes on has its own. Discriminators of
                 the run that made it go on too, where its state still lies beside it
    minutes      lay the phases out over this time, that of earlier commands on the same `out` included
    val          clips that are not trained on, for the sample pictures
    labels       a label network that the checkpoint carries, as train-labels wrote it; None: that of `begin`, if any
    export_only  only write the checkpoint of the last save
    display      shows where the run is; None: lines

    A run that was interrupted, however hard, goes on from its last save when the same command is given again.
    Ctrl-C saves and stops. Raises `InputError` for unusable clips, an unknown preset, or an `out` of another preset.
    """
    began = time.monotonic()
    recipe = named(recipe) if isinstance(recipe, str) else recipe
    machine = machine or Machine.choose()
    say = said_by_first(machine, say)
    recipe, dataset = read_data(recipe, data, machine, say)
    shown = list(read_clips(val)) if val else [_middle(dataset)]
    make_folder(out)
    pace = None if minutes is None else Pace(recipe, 60 * minutes)
    carried = labels_carried(labels, begin, dataset.label_set)
    perceptual = network = None
    if recipe.perceives and not export_only:
        if recipe.features == "vgg":
            perceptual = PerceptualLoss(load_vgg19().to(machine.device))
        else:
            network = _label_network(recipe, dataset, machine, out, minutes, say)
            perceptual = label_perception(network)
    trainer = Trainer(recipe, dataset, perceptual, machine)
    if network is not None:
        trainer.segment_as(network)
    state = out / "state.safetensors"
    _begin(trainer, state, pace, begin, export_only, say)
    if export_only:
        return export(trainer, out, say, carried)
    if pace is not None:
        pace.used += time.monotonic() - began

    def save() -> None:
        trainer.save(state, pace)
        _sample(trainer, shown, out, say)

    run_to_end(trainer, out, save=save, say=say, display=display, save_every=save_every, pace=pace)
    return export(trainer, out, say, carried) if machine.first else out / "checkpoint.safetensors"


def label_network_for(
    recipe: Preset, data: Path, out: Path, machine: Machine, minutes: float | None, say: Callable[[str], None]
) -> Path | None:
    """The label network that a run of these minutes would train, written into `out` unless it is there; None where the
    preset needs none. Raises `InputError` as `train` does.
    """
    if not recipe.perceives:
        return None
    path = out / LABEL_NETWORK
    if not path.exists():
        recipe, dataset = read_data(recipe, data, machine, say)
        if recipe.features == "vgg":
            return None
        _label_network(recipe, dataset, machine, out, minutes, say)
    return path


def labels_carried(path: Path | None, begin: Path | None, label_set: LabelSet) -> LabelWeights | None:
    """What a checkpoint keeps of a file of train-labels, else of the checkpoint that a run begins with.

    Raises `InputError` for a file of another label set.
    """
    from core.evaluation.trained import LABELS, kept, load_segmenter

    if path is None:
        first = load_checkpoint(begin) if begin is not None and begin.exists() else None
        return first.label_network if first is not None and first.label_set == label_set else None
    trained = load_segmenter(path, LABELS)
    if trained.label_set != label_set:
        raise InputError(f"{path} reads another label set than these clips have.", "Train one on these clips.")
    return LabelWeights(kept(trained.network), trained.domain, trained.recipe)


def _middle(dataset: ChunkDataset) -> Clip:
    """A clip to show where there are no others than those that are trained on."""
    return dataset.device_clips[len(dataset.device_clips) // 2].clip(dataset.label_set)


def _begin(
    trainer: Trainer,
    state: Path,
    pace: Pace | None,
    begin: Path | None,
    export_only: bool,
    say: Callable[[str], None],
) -> None:
    """From the last save, else from a checkpoint, else from new weights."""
    if state.exists():
        trainer.load(state, pace)
        if begin is not None and begin.exists():
            trainer.exemplars = load_checkpoint(begin).exemplars
        say(f"goes on from step {trainer.done}")
    elif export_only:
        raise InputError(f"There is no state in {state.parent} to make a checkpoint of.", "Train first.")
    elif begin is not None:
        lines = start_from(trainer, load_checkpoint(begin))
        beside = begin.with_name(state.name)
        if beside.is_file():
            lines += judged_by(trainer, beside)
        for line in lines:
            say(line)


def read_data(recipe: Preset, data: Path, machine: Machine, say: Callable[[str], None]) -> tuple[Preset, ChunkDataset]:
    """The clips on the machine's device, and the preset for clips like these. Raises `InputError`."""
    began = time.monotonic()
    dataset = ChunkDataset(read_clips(data), rare=recipe.rare, device=machine.device)
    say(
        f"{len(dataset.device_clips)} clips, {len(dataset)} frames, read in {time.monotonic() - began:.0f} s; preset "
        f"{recipe.name} on {machine.device}, {'bfloat16' if machine.bfloat16 else 'float32'}"
    )
    if recipe.features == "vgg":
        try:
            load_vgg19()
        except InputError as error:
            say(f"{error.problem} A label network takes its place.")
            recipe = replace(recipe, features="labels")
    over = recipe.over([(device_clip.height, device_clip.width) for device_clip in dataset.device_clips])
    left_out = sorted(
        {phase.size[::-1] for phase in recipe.phases if phase.size}
        - {phase.size[::-1] for phase in over.phases if phase.size}
    )
    if left_out:
        say(f"no clip is large enough for the stages {', '.join(f'{width}x{height}' for width, height in left_out)}")
    for line in unfit(over, dataset):
        say(line)
    return over, dataset


def unfit(recipe: Preset, data: ChunkDataset) -> list[str]:
    """A sentence for every clip that is too short or small for some phases. Raises `InputError` when none is left."""
    lines = []
    if recipe.perceives and recipe.features == "labels":
        data.check(frames=1, crop=recipe.label_crop)
    for index, phase in enumerate(recipe.phases):
        left_out = data.scaled(phase.size).check(frames=phase.frames, crop=phase.crop)
        if left_out:
            lines.append(f"phase {index + 1} leaves out clips that are too short or too small: {', '.join(left_out)}")
    return lines


def _label_network(
    recipe: Preset,
    data: ChunkDataset,
    machine: Machine,
    out: Path,
    minutes: float | None,
    say: Callable[[str], None],
) -> LabelNetwork:
    """The label network of this run: from its file, or trained now, in its share of the run's minutes."""
    path = out / LABEL_NETWORK
    seconds = None if minutes is None else _LABEL_SHARE * 60 * minutes
    network = LabelNetwork(data.label_set.size, recipe.label_width)
    # One decides for all: the first process may have written it before another one looks.
    if machine.agree(float(path.exists())):
        try:
            network.load_state_dict(load_file(path))
        except (SafetensorError, RuntimeError) as error:
            raise InputError(f"{path} is not this run's label network.", "Delete it, or give another --out.") from error
        network.eval()
        return weights_channels_last(network.to(machine.device))
    say(f"label network: {recipe.label_steps} steps{'' if seconds is None else f', at most {seconds:.0f} s'}")
    network = train_label_network(
        data,
        machine.alone(),
        LabelRecipe(recipe.label_steps, 4, recipe.label_crop, recipe.seed, _LABEL_RATE, seconds),
        width=recipe.label_width,
        displays=[Lines(say)],
    )
    for parameter in network.parameters():
        machine.mean(parameter.data)  # processes agree on it to the last bit
    if machine.first:
        write_atomically(path, save({key: value.cpu().contiguous() for key, value in network.state_dict().items()}))
    return network


def _sample(trainer: Trainer, clips: Sequence[Clip], out: Path, say: Callable[[str], None]) -> None:
    stage = trainer.plan.phase(max(trainer.done - 1, 0)).stage
    try:
        generator = trainer.trained.renderer(trainer.averaged["generator"], stage, trainer.exemplars)
    except ImportError as error:
        say(f"no sample pictures: {error.name} is not installed here")
        return
    write_sheet(out / "samples" / f"step_{trainer.done:06d}.png", generator, trainer.averaged_encoder, clips)
