"""What is known of a frame while it is asked for: its film with holes in it, and objects in their old looks.

The true frame is the answer in the holes; where an object was recoloured, the film shows the old colour and the frame
with the new one is wanted (docs/adr).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from core.models.local.history import Known
from core.training.dataset import Chunk
from core.training.looks import spread_slots
from core.training.step_rng import StepRng

# So many of a sample's objects are taken away, and the mirrored silhouettes of so many are cut out.
_OWN, _FOREIGN = 0.06, 0.04
# What is cut out is larger than its outline by this, in pixels: filmed borders mix two objects.
_MARGIN = 3
# Farthest that a box moves from one frame to the next, in pixels.
_SPEED = 6


def film_with_holes(filmed: Chunk, wanted: Chunk, styles: Tensor, rng: StepRng) -> list[Known]:
    """One `Known` a frame. styles: (T, B, 3, h, w), the codes of the looks that are seen in the film."""
    holes = F.max_pool2d(_holes(filmed, rng).flatten(0, 1).float(), 2 * _MARGIN + 1, 1, _MARGIN) > 0.5
    holes = holes.view(len(filmed.pictures), -1, 1, *holes.shape[-2:])
    same = (filmed.pictures == wanted.pictures).all(2, keepdim=True)
    return [
        Known(picture, codes, ~hole, ~hole & unchanged)
        for picture, codes, hole, unchanged in zip(filmed.pictures, styles, holes, same, strict=True)
    ]


def _holes(chunk: Chunk, rng: StepRng) -> Tensor:
    """(T, B, 1, h, w) bool: boxes, whole objects, and silhouettes from the other side of the picture."""
    height, width = chunk.labels.shape[-2:]
    own = (rng.uniform(chunk.slots, 1) < _OWN).float()
    foreign = (rng.uniform(chunk.slots, 1) < _FOREIGN).float()
    elsewhere = chunk.objects.flip(-1)
    boxes = [_box(height, width, rng) for _ in range(rng.whole(0, 3))]
    holes = []
    for t, objects in enumerate(chunk.objects):
        hole = (spread_slots(own, objects) + spread_slots(foreign, elsewhere[t])) > 0.5
        for top, left, tall, wide, down, right in boxes:
            rows, columns = (
                slice(max(top + t * down, 0), max(top + t * down + tall, 0)),
                slice(max(left + t * right, 0), max(left + t * right + wide, 0)),
            )
            hole[..., rows, columns] = True
        holes.append(hole)
    return torch.stack(holes)


def _box(height: int, width: int, rng: StepRng) -> tuple[int, int, int, int, int, int]:
    """Top, left, height, width, and how far it moves from frame to frame."""
    tall, wide = rng.whole(height // 16, height // 2), rng.whole(width // 16, width // 2)
    top, left = rng.whole(0, height - tall), rng.whole(0, width - wide)
    return top, left, tall, wide, rng.whole(-_SPEED, _SPEED + 1), rng.whole(-_SPEED, _SPEED + 1)
