"""The train command: label network, generator, progress line, samples, checkpoint at the end."""

from __future__ import annotations

import hashlib
import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from safetensors import SafetensorError
from safetensors.torch import load_file, save

from core.checkpoint import save_checkpoint
from core.errors import InputError
from core.files import make_folder, told_plainly, write_atomically
from core.models.label_network import LabelNetwork
from core.styles.looks import fit_mixtures
from core.training.dataset import ChunkDataset, read_clips
from core.training.label_training import train_label_network
from core.training.loop import Trainer, run
from core.training.presets import Preset, preset
from core.training.samples import write_sample

_SAVE_EVERY = 300.0
_LINE_EVERY = 10.0


def train(
    name: str, data: Path, out: Path, *, say: Callable[[str], None] = print, save_every: float = _SAVE_EVERY
) -> Path:
    """Train the preset `name` on the clips below `data`; everything goes into `out`. Returns the checkpoint's path.

    A run that was interrupted, however hard, goes on from its last save when the same command is given again.
    Ctrl-C saves and stops. Raises `InputError` for unusable clips, an unknown preset, or an `out` of another preset.
    """
    recipe = preset(name)
    clips = read_clips(data)
    dataset = ChunkDataset(clips, rare=[entry.id for entry in clips[0].label_set if entry.name in recipe.rare])
    say(f"{len(dataset.clips)} clips, {len(dataset)} frames, preset {name}: {recipe.steps} steps")
    make_folder(out)
    labels = _label_network(recipe, dataset, out, say)
    trainer = Trainer(recipe, dataset, labels)
    state = out / "state.safetensors"
    if state.exists():
        trainer.load(state)
        say(f"goes on from step {trainer.done}")

    def save() -> None:
        trainer.save(state)
        _sample(trainer, out)

    with _Interrupt() as interrupt:
        run(
            trainer,
            save=save,
            report=_Reporter(recipe, trainer.done, out, say),
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
    mixtures = fit_mixtures(encoder, trainer.data.clips, trainer.data.label_set)
    path = out / "checkpoint.safetensors"
    save_checkpoint(
        path,
        kind="local",
        config=trainer.config.to_dict(),
        generator_state=generator.state_dict(),
        encoder_config=trainer.encoder.config,
        encoder_state=encoder.state_dict(),
        label_set=trainer.data.label_set,
        mixtures=mixtures,
        recipe={
            "preset": trainer.preset.to_dict(),
            "steps": trainer.done,
            "clips": [clip.name for clip in trainer.data.clips],
            "perceptual": "label network trained on the same clips",
        },
    )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    say(f"wrote {path} ({path.stat().st_size / 1e6:.1f} MB, sha256 {digest})")
    return path


def _label_network(recipe: Preset, data: ChunkDataset, out: Path, say: Callable[[str], None]) -> LabelNetwork:
    """The label network of this run: from its file, or trained now."""
    path = out / "label_network.safetensors"
    network = LabelNetwork(data.label_set.size, recipe.label_width)
    if path.exists():
        try:
            network.load_state_dict(load_file(path))
        except (SafetensorError, RuntimeError) as error:
            raise InputError(f"{path} is not this run's label network.", "Delete it, or give another --out.") from error
        return network.eval()
    say(f"label network: {recipe.label_steps} steps")
    last = [time.monotonic()]

    def report(step: int, loss: float, accuracy: float) -> None:
        if time.monotonic() - last[0] > _LINE_EVERY:
            last[0] = time.monotonic()
            say(f"label network {step + 1}/{recipe.label_steps}  loss {loss:.3f}  right {accuracy:.0%}")

    network = train_label_network(
        data,
        steps=recipe.label_steps,
        batch=4,
        crop=recipe.label_crop,
        seed=recipe.seed,
        width=recipe.label_width,
        on_step=report,
    )
    write_atomically(path, save({key: value.contiguous() for key, value in network.state_dict().items()}))
    return network


def _sample(trainer: Trainer, out: Path) -> None:
    clip = trainer.data.clips[len(trainer.data.clips) // 2]
    write_sample(
        out / "samples" / f"step_{trainer.done:06d}.png",
        trainer.averaged["generator"],
        trainer.averaged["encoder"],
        clip,
    )


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
