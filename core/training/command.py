"""The train command: label network, generator, progress line, samples, checkpoint at the end."""

from __future__ import annotations

import hashlib
import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from core.checkpoint import load_checkpoint, save_checkpoint
from core.errors import InputError
from core.files import make_folder, told_plainly, write_atomically
from core.models.label_network import LabelNetwork
from core.styles.looks import fit_mixtures
from core.training.dataset import ChunkDataset, read_clips
from core.training.label_training import label_perception, train_label_network
from core.training.loop import Trainer
from core.training.machine import Machine
from core.training.presets import Preset, preset
from core.training.runner import run
from core.training.samples import write_sample
from core.training.start import start_from

_SAVE_EVERY = 300.0
_LINE_EVERY = 10.0


def train(
    name: str,
    data: Path,
    out: Path,
    *,
    device: str = "auto",
    precision: str = "auto",
    begin: Path | None = None,
    say: Callable[[str], None] = print,
    save_every: float = _SAVE_EVERY,
) -> Path:
    """Train the preset `name` on the clips below `data`; everything goes into `out`. Returns the checkpoint's path.

    begin: a checkpoint whose weights a new run begins with; a run that goes on has its own.

    A run that was interrupted, however hard, goes on from its last save when the same command is given again.
    Ctrl-C saves and stops. Raises `InputError` for unusable clips, an unknown preset, or an `out` of another preset.
    """
    recipe = preset(name)
    machine = Machine.choose(device, precision)
    clips = read_clips(data)
    rare = [entry.id for entry in clips[0].label_set if entry.name in recipe.rare]
    dataset = ChunkDataset(clips, rare=rare, device=machine.device)
    say(
        f"{len(dataset.reels)} clips, {len(dataset)} frames, preset {name}: {recipe.steps} steps "
        f"on {machine.device}, {'bfloat16' if machine.bfloat16 else 'float32'}"
    )
    for line in unfit(recipe, dataset):
        say(line)
    make_folder(out)
    perceptual = label_perception(_label_network(recipe, dataset, machine, out, say)) if recipe.perceives else None
    trainer = Trainer(recipe, dataset, perceptual, machine)
    state = out / "state.safetensors"
    if state.exists():
        trainer.load(state)
        say(f"goes on from step {trainer.done}")
    elif begin is not None:
        for line in start_from(trainer, load_checkpoint(begin)):
            say(line)

    def save() -> None:
        trainer.save(state)
        _sample(trainer, out)

    with _Interrupt() as interrupt:
        run(
            trainer,
            save=save,
            report=_Reporter(recipe, trainer.done, out, say),
            warn=say,
            save_every=save_every,
            stop=interrupt.asked,
        )
    if interrupt.asked():
        say(f"stopped at step {trainer.done}, saved in {out}")
        raise InputError("Training was stopped before its end.", "The same command goes on from here.")
    return export(trainer, out, say)


def export(trainer: Trainer, out: Path, say: Callable[[str], None] = print) -> Path:
    """Fit the mixtures with the averaged encoder and write `out`/checkpoint.safetensors."""
    say("fitting the looks of every class")
    encoder, generator = trainer.averaged["encoder"], trainer.averaged["generator"]
    mixtures = fit_mixtures(encoder, trainer.data.clips(), trainer.data.label_set)
    path = out / "checkpoint.safetensors"
    save_checkpoint(
        path,
        kind=trainer.subject.kind,
        config=trainer.subject.config,
        generator_state=generator.state_dict(),
        encoder_config=trainer.encoder.config,
        encoder_state=encoder.state_dict(),
        label_set=trainer.data.label_set,
        mixtures=mixtures,
        recipe={
            "preset": trainer.preset.to_dict(),
            "steps": trainer.done,
            "clips": trainer.data.names,
            "perceptual": "label network trained on the same clips",
        },
    )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    say(f"wrote {path} ({path.stat().st_size / 1e6:.1f} MB, sha256 {digest})")
    return path


def unfit(recipe: Preset, data: ChunkDataset) -> list[str]:
    """A sentence for every clip that is too short or small for some phases. Raises `InputError` when none is left."""
    lines = []
    for index, phase in enumerate(recipe.phases):
        left_out = data.scaled(phase.size).check(frames=phase.frames, crop=phase.crop)
        if left_out:
            lines.append(f"phase {index + 1} leaves out clips that are too short or too small: {', '.join(left_out)}")
    return lines


def _label_network(
    recipe: Preset, data: ChunkDataset, machine: Machine, out: Path, say: Callable[[str], None]
) -> LabelNetwork:
    """The label network of this run: from its file, or trained now."""
    path = out / "label_network.safetensors"
    network = LabelNetwork(data.label_set.size, recipe.label_width)
    if path.exists():
        try:
            network.load_state_dict(load_file(path))
        except (SafetensorError, RuntimeError) as error:
            raise InputError(f"{path} is not this run's label network.", "Delete it, or give another --out.") from error
        return network.eval().to(machine.device, memory_format=torch.channels_last)
    say(f"label network: {recipe.label_steps} steps")
    last = [time.monotonic()]

    def report(step: int, loss: Tensor, accuracy: Tensor) -> None:
        if time.monotonic() - last[0] > _LINE_EVERY:
            last[0] = time.monotonic()
            say(f"label network {step + 1}/{recipe.label_steps}  loss {loss:.3f}  right {accuracy:.0%}")

    network = train_label_network(
        data,
        machine,
        steps=recipe.label_steps,
        batch=4,
        crop=recipe.label_crop,
        seed=recipe.seed,
        width=recipe.label_width,
        on_step=report,
    )
    write_atomically(path, save({key: value.cpu().contiguous() for key, value in network.state_dict().items()}))
    return network


def _sample(trainer: Trainer, out: Path) -> None:
    reels = trainer.data.reels
    clip = reels[len(reels) // 2].clip(trainer.data.label_set)
    generator = trainer.subject.renderer(trainer.averaged["generator"])
    write_sample(out / "samples" / f"step_{trainer.done:06d}.png", generator, trainer.averaged["encoder"], clip)


class _Reporter:
    """A progress line every ten seconds: mean losses since the last, frames a second, time left; as JSON lines too."""

    def __init__(self, recipe: Preset, begun_at: int, out: Path, say: Callable[[str], None]) -> None:
        self._recipe, self._say = recipe, say
        self._log = out / "log.jsonl"
        self._sums: dict[str, list[float]] = {}
        self._begun, self._begun_at, self._last = time.monotonic(), begun_at, time.monotonic()

    def __call__(self, step: int, losses: dict[str, float], rate: float) -> None:
        for name, value in losses.items():
            self._sums.setdefault(name, []).append(value)
        if time.monotonic() - self._last < _LINE_EVERY and step < self._recipe.steps:
            return
        self._last = time.monotonic()
        means = {name: sum(values) / len(values) for name, values in self._sums.items()}
        self._sums = {}
        left = (time.monotonic() - self._begun) / (step - self._begun_at) * (self._recipe.steps - step)
        shown = "  ".join(f"{name} {value:.3f}" for name, value in means.items())
        self._say(f"step {step}/{self._recipe.steps}  {shown}  {rate:.2f} frames/s  {left / 60:.0f} min left")
        with told_plainly(self._log), self._log.open("a") as log:
            log.write(json.dumps({"step": step, **means}) + "\n")


class _Interrupt:
    """Ctrl-C and SIGTERM ask to stop after the step; the second one stops at once."""

    def __enter__(self) -> _Interrupt:
        self._asked = False
        self._before = {number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def asked(self) -> bool:
        return self._asked

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
