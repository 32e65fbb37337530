"""A small street for training tests: a coloured car drives over a road, its flow is exact."""

from fractions import Fraction

import numpy as np

from core.clip.clip import Clip
from core.clip.label_set import LabelClass, LabelSet

ROAD, SKY, CAR = 1, 2, 3
LABELS = LabelSet(
    "small",
    (
        LabelClass(0, "unlabelled", (0, 0, 0), "void"),
        LabelClass(ROAD, "road", (128, 64, 128), "stuff"),
        LabelClass(SKY, "sky", (70, 130, 180), "stuff"),
        LabelClass(CAR, "car", (0, 0, 142), "thing"),
    ),
)


def driving_clip(
    name: str = "small",
    colour: tuple[int, int, int] = (200, 30, 30),
    frames: int = 6,
    size: int = 48,
    width: int | None = None,
) -> Clip:
    """`frames` frames of width x size (None: square); the car moves 3 px to the right a frame."""
    width = width or size
    labels = np.full((frames, size, width), SKY, np.uint8)
    labels[:, size // 2 :] = ROAD
    flow = np.zeros((frames, size, width, 2), np.float16)
    for t in range(frames):
        at = np.s_[t, size // 2 - 6 : size // 2 + 6, 4 + 3 * t : 20 + 3 * t]
        labels[at] = CAR
        flow[at] = (-3, 0)
    table = np.array([(0, 0, 0), (90, 90, 90), (120, 170, 230), colour], np.uint8)
    objects = labels.astype(np.int32) * 1000
    valid = np.ones(labels.shape, bool)
    valid[0] = False
    return Clip(name, LABELS, labels, objects, Fraction(12), table[labels], flow, valid)
