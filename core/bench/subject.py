"""What is measured: a clip whose unedited render is at hand, and edits of a given size."""

from __future__ import annotations

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from core.checkpoint import Checkpoint
from core.clip.clip import Clip
from core.conditioning import Conditioning
from core.headless.render import open_renderer, open_scene
from core.models.generator import Conditionings
from core.models.inputs import to_maps
from core.models.local.dirty import changed_labels
from core.project.edits import Edit, Keyframe, Mask, ObjectTarget, Paint, SetStyle
from core.project.fold import Scene
from core.project.folds import Seen
from core.rendering.renderer import Renderer

# Ids from here on are new objects.
_FIRST_ID = 1_000_000
_STORE_BYTES = 4 << 30
_TRIES = 4  # at the size of a stroke


class Subject:
    """A clip of `frames` frames, opened with a checkpoint; `renderer` has its unedited render at hand."""

    def __init__(self, checkpoint: Checkpoint, clip: Clip, frames: int) -> None:
        self.checkpoint, self.clip, self.frames = checkpoint, clip, min(frames, len(clip))
        self.scene: Scene = open_scene(checkpoint, clip)
        self.renderer = open_renderer(checkpoint, _STORE_BYTES)
        for _ in self.renderer.frames(self.plain, self.frames):
            pass

    def fresh_renderer(self) -> Renderer:
        """Another renderer of the same checkpoint, which has nothing at hand."""
        return open_renderer(self.checkpoint, _STORE_BYTES)

    def plain(self, t: int) -> Conditioning:
        """Frame t without edits."""
        return self.scene.conditioning((), t)

    def under(self, *edits: Edit) -> Conditionings:
        """The clip under these edits, folded and ready."""
        frames = [self.scene.conditioning(edits, t) for t in range(self.frames)]
        return frames.__getitem__

    def changed_share(self, edited: Conditionings, step: int = 1) -> float:
        """Share of the pixels whose labels an edit changes, the mean over every `step`th frame."""
        shares = [changed_labels(edited(t), self.plain(t)).mean() for t in range(0, self.frames, step)]
        return float(np.mean(shares))

    def painted(self, share: float) -> tuple[Paint, float]:
        """A stroke that changes `share` of the pixels, the mean over the clip, and what it really changes."""
        size = share
        for _ in range(_TRIES):
            stroke = self.block(size)
            changed = self.changed_share(self.under(stroke), step=max(1, self.frames // 10))
            size = min(0.98, size * share / max(changed, 1e-3))
        stroke = self.block(size)
        return stroke, self.changed_share(self.under(stroke))

    def block(self, size: float, number: int = 0) -> Paint:
        """A block of building, painted on the frame in the middle, that rides on the motion under it.

        It covers `size` of that frame, and has an object id of its own, so that every pixel of it is changed.
        `number`: another one, shifted a little.
        """
        height, width = self.clip.height, self.clip.width
        tall, wide = round(height * size**0.5), round(width * size**0.5)
        top = min(max(round(height * 0.45) - tall // 2 + number % 5, 0), height - tall)
        left = min(max(round(width * 0.6) - wide // 2 + 3 * number, 0), width - wide)
        pixels = np.zeros((height, width), bool)
        pixels[top : top + tall, left : left + wide] = True
        return Paint(
            id=f"block{number}",
            frames=(0, self.frames),
            keyframes=(Keyframe(frame=self.frames // 2, mask=Mask.from_array(pixels)),),
            to=self.clip.label_set.by_name("building").id,
            object=_FIRST_ID + number,
        )

    def another_look(self) -> SetStyle:
        """Another sample of the mixture for the car that is largest in the clip."""
        car = self.clip.label_set.by_name("car").id
        thing, _ = self.largest_car()
        code = self.checkpoint.mixtures[car].sample(4, seed=7)[3].code
        return SetStyle(id="look", frames=(0, len(self.clip)), target=ObjectTarget(object=thing), label=car, code=code)

    def largest_car(self) -> tuple[int, Seen]:
        """The car that is largest in the clip, and where it is seen."""
        car = self.clip.label_set.by_name("car").id
        cars = {thing: seen for thing, seen in self.scene.objects(()).items() if seen.label == car}
        return max(cars.items(), key=lambda one: one[1].area)

    def gmac(self) -> float:
        """Multiplications that a frame with history takes, in billions; counted on the plain convolutions."""
        generator = self.checkpoint.build_generator("cpu", "float32")
        with torch.inference_mode(), FlopCounterMode(display=False) as counter:
            state, before = generator.start(), 0
            for t in range(2):
                before = counter.get_total_flops()
                _, state = generator.step(*to_maps(self.plain(t)), state)
        return float(counter.get_total_flops() - before) / 2 / 1e9


def pictures_of(renderer: Renderer, conditionings: Conditionings, count: int) -> list[np.ndarray]:
    """The dense render."""
    return [rendered.picture for rendered in renderer.frames(conditionings, count)]
