"""`python -m core adapt`: a checkpoint learns a clip, and is written beside the one that it came from."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from core.checkpoint import Checkpoint, check_label_set, save_changed
from core.clip.clip import Clip
from core.errors import InputError
from core.files import make_folder
from core.headless.render import open_scene
from core.models.generator import Generator
from core.project.fold import Scene
from core.training.adapt.gain import Nearness, drawn_openings, nearness, whole_render
from core.training.adapt.job import Job, Work
from core.training.adapt.recipe import recipe
from core.training.adapt.report import Adapted, Report, gain_in_words
from core.training.adapt.sample import sample_frame, write_sample
from core.training.adapt.split import held_out, learnt_runs
from core.training.dataset import ChunkDataset
from core.training.loop import Trainer
from core.training.machine import Machine
from core.training.pace import Pace
from core.training.runner import run
from core.training.start import start_from
from core.training.trained_generator import Stage

LEAST_MINUTES, MOST_MINUTES = 0.1, 600.0
# Seconds between saves, each with a sample picture, for which the whole clip is rendered; and how many times as long
# as that rendering they are apart at least.
_SAVE_EVERY, _RENDERING = 90.0, 12
# Bytes on the disk for each number of the networks: weights, their means and two moments, twice while one save takes
# the place of the one before; and the checkpoint.
_BYTES = 2 * 4 * 4 + 2


class Stopped(InputError):
    """Somebody asked to stop; what was learnt so far is saved."""


def adapt(
    clip: Clip,
    begin: Checkpoint,
    out: Path,
    *,
    report: Report,
    minutes: float | None = 10.0,
    machine: Machine | None = None,
    stop: Callable[[], bool] = lambda: False,
    save_every: float = _SAVE_EVERY,
) -> Adapted:
    """Tune `begin` on the film of a clip for so many minutes and write the checkpoint `out`, whole or not at all.

    Looks are held fixed: encoder and mixtures are those of `begin`, so codes keep their meaning and a project's edits
    their looks. Some frames are held out (`core.training.adapt.split`), to say what was gained on pictures that were
    never learnt from. The same call goes on where one was interrupted, with the time that is left.

    minutes: None for the steps of the recipe, however long they take. stop: asked after every step. Raises `Stopped`
    then, and `InputError` for what can't be learnt from or written to.
    """
    began = time.monotonic()
    check(clip, begin, minutes)
    machine = machine or Machine.choose()
    plan = recipe(begin.config, clip.height, clip.width)
    work = Work(out)
    job = work.begun(clip, begin)
    scene = open_scene(begin, clip)
    report.line("renders the clip as it is")
    generator = begin.build_generator(str(machine.device))
    before = whole_render(generator, scene, str(machine.device))
    seconds = time.monotonic() - began
    learnt = _Learnt(scene, plan.rare, machine)
    learnt.rendered(before, generator)
    trainer = Trainer(plan, learnt.data, None, machine, begin.build_encoder(str(machine.device)))
    _check_room(out, trainer)
    start_from(trainer, begin)
    if job is None:
        job = Job(clip.hash, begin.hash, nearness(before, clip))
        work.begin(job)
    report.begun(job.before)
    pace = None if minutes is None else Pace(plan, max(60 * minutes - seconds, 60 * minutes / 3))
    samples = _Samples(trainer, scene, learnt, work.folder / "sample.png", before, report)
    if work.state.exists():
        trainer.load(work.state, pace)
        report.line(f"goes on from step {trainer.done}")
        samples.write()
    if pace is not None:
        pace.used += time.monotonic() - began

    def save() -> None:
        trainer.save(work.state, pace)
        if not stop():  # who stops it waits for this
            samples.write()

    every = max(save_every, _RENDERING * seconds)
    try:
        run(trainer, save=save, displays=[report], warn=report.line, save_every=every, stop=stop, pace=pace)
    finally:
        report.close()
    if trainer.done < trainer.plan.total:
        raise Stopped("Learning was stopped before its end.", "Start it again to go on from here.")
    made = _written(trainer, begin, scene, out, job.before, report)
    work.remove()
    return made


def check(clip: Clip, begin: Checkpoint, minutes: float | None) -> None:
    """Raises `InputError` where this checkpoint can't learn this clip in such a time."""
    if begin.kind != "local" or begin.encoder is None:
        raise InputError(
            f"Only our own network can learn a clip; checkpoint {begin.name!r} is of another kind.",
            "Choose a checkpoint that `python -m core train` wrote.",
        )
    if minutes is not None and not (math.isfinite(minutes) and LEAST_MINUTES <= minutes <= MOST_MINUTES):
        raise InputError(
            f"A clip can't be learnt in {minutes:g} minutes.", f"Give {LEAST_MINUTES:g} to {MOST_MINUTES:g}."
        )
    if clip.pictures is None:
        raise InputError(f"Clip {clip.name!r} was never filmed: there is nothing to learn.", "It needs frames.mp4.")
    if len(clip) < 2:
        raise InputError(f"Clip {clip.name!r} has a single frame.", "At least two are needed to learn from.")
    check_label_set(begin, clip)


class _Learnt:
    """The frames that are learnt from, on the machine's device, and what the network made of all frames last: the past
    that it meets in a render is its own.
    """

    def __init__(self, scene: Scene, rare: tuple[str, ...], machine: Machine) -> None:
        whole = ChunkDataset([scene.clip], rare=rare, device=machine.device).device_clips[0]
        self._scene, self._renders = scene, torch.empty_like(whole.pictures)
        # Openings are where a render has them, not where the film has them: nothing tells a render of these.
        self._openings = torch.zeros_like(whole.labels, dtype=torch.bool).unsqueeze(1)
        whole = replace(whole, renders=self._renders, openings=self._openings)
        runs = [whole.part(start, stop) for start, stop in learnt_runs(len(whole))]
        self.data = ChunkDataset.of_device_clips(runs, scene.clip.label_set)

    def rendered(self, pictures: Sequence[np.ndarray], generator: Generator) -> None:
        """Every frame of the clip was rendered anew by this generator, (H, W, 3) uint8 each."""
        self._renders.copy_(torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2))
        drawn = drawn_openings(generator, self._scene, pictures, str(self._renders.device))
        self._openings.copy_(torch.cat(drawn))


def _check_room(out: Path, trainer: Trainer) -> None:
    numbers = sum(value.numel() for value in trainer.averaged.state_dict().values())
    make_folder(out.parent)
    needed, free = _BYTES * numbers, shutil.disk_usage(out.parent).free
    if free < needed:
        raise InputError(
            f"Learning a clip takes {needed / 1e6:.0f} MB in {out.parent}; {free / 1e6:.0f} MB are free.",
            "Make room and try again.",
        )


class _Samples:
    """The clip rendered with the weights of now: a sample picture of it, how near it is, and a past to learn from."""

    def __init__(
        self,
        trainer: Trainer,
        scene: Scene,
        learnt: _Learnt,
        path: Path,
        before: Sequence[np.ndarray],
        report: Report,
    ) -> None:
        self._trainer, self._scene, self._learnt = trainer, scene, learnt
        self._path, self._before, self._report = path, before, report

    def write(self) -> None:
        """Render all frames; film, render before and render now of one of them beside each other."""
        trainer, clip = self._trainer, self._scene.clip
        generator = trainer.trained.renderer(trainer.averaged["generator"], Stage(), trainer.exemplars)
        now = whole_render(generator, self._scene, str(trainer.machine.device))
        self._learnt.rendered(now, generator)
        t = sample_frame(len(clip))
        assert clip.small_pictures is not None
        write_sample(self._path, clip.small_pictures[t], self._before[t], now[t])
        self._report.sample(self._path, t, nearness(now, clip))


def _written(trainer: Trainer, begin: Checkpoint, scene: Scene, out: Path, before: Nearness, report: Report) -> Adapted:
    """The checkpoint, with what it gained in its recipe."""
    clip, device = scene.clip, str(trainer.machine.device)
    state = trainer.averaged["generator"].state_dict()
    report.line("renders the clip as it is now")
    # As it will be loaded: in half precision.
    tuned = replace(begin, generator_state={key: value.half() for key, value in state.items()})
    after = nearness(whole_render(tuned.build_generator(device), scene, device), clip)
    facts = {
        "adapted": {
            "from": {"name": begin.name, "hash": begin.hash, "recipe": begin.recipe},
            "clip": {"name": clip.name, "hash": clip.hash, "frames": len(clip), "held_out": held_out(len(clip))},
            "before": before.to_dict(),
            "after": after.to_dict(),
        },
        "preset": trainer.preset.to_dict(),
        "steps": trainer.done,
    }
    name = begin.name if begin.name.endswith(_for(clip)) else begin.name + _for(clip)
    made = save_changed(out, begin, generator_state=state, recipe=facts, name=name)
    report.line(gain_in_words(before, after))
    return Adapted(out, made.hash, before, after, trainer.done)


def _for(clip: Clip) -> str:
    """The end of an adapted checkpoint's name."""
    return f" for {clip.name}"
