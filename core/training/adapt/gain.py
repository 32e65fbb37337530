"""How near a checkpoint's render of a clip comes to its film."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from torch import Tensor

from core.clip.clip import Clip
from core.evaluation.measures import psnr
from core.models.generator import Generator, Past
from core.models.inputs import from_picture, to_maps
from core.models.local.runner import LocalRunner
from core.project.fold import Scene
from core.rendering.rollout import roll_out
from core.training.adapt.split import held_out

# Where pictures are equal; JSON has no word for infinity.
_EQUAL = 99.0


@dataclass(frozen=True)
class Nearness:
    """PSNR to the film in dB, means over frames; held_out is None where no frame is held out."""

    learnt: float
    held_out: float | None

    def to_dict(self) -> dict[str, float | None]:
        """The JSON form."""
        return asdict(self)


def nearness(pictures: Iterable[np.ndarray], clip: Clip) -> Nearness:
    """Of rendered pictures, (H, W, 3) uint8, one for each frame of a clip that has film."""
    assert clip.small_pictures is not None
    each = [min(psnr(made, film), _EQUAL) for made, film in zip(pictures, clip.small_pictures, strict=True)]
    left = held_out(len(clip))
    learnt = [value for t, value in enumerate(each) if t not in left]
    return Nearness(_mean(learnt), _mean([each[t] for t in left]) if left else None)


def whole_render(generator: Generator, scene: Scene, device: str) -> list[np.ndarray]:
    """Every frame of a clip, unedited, as the editor renders it: (H, W, 3) uint8 each."""
    conditionings = (scene.conditioning((), t) for t in range(len(scene.clip)))
    return [rolled.picture for rolled in roll_out(generator, conditionings, device=device)]


def drawn_openings(generator: Generator, scene: Scene, pictures: Sequence[np.ndarray], device: str) -> list[Tensor]:
    """(1, 1, H, W) bool for every frame of a clip: where its render, these pictures, was told to draw openings."""
    if not isinstance(generator, LocalRunner):
        raise TypeError(f"a {type(generator).__name__} draws no openings")
    state, drawn = generator.start(), []
    for t, picture in enumerate(pictures):
        maps, styles = to_maps(scene.conditioning((), t), device)
        drawn.append(generator.openings(maps, styles, state))
        state = generator.state_from([Past(maps, styles, from_picture(picture, device))])
    return drawn


def _mean(values: list[float]) -> float:
    return round(float(np.mean(values)), 2)
