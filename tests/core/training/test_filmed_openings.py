"""Where a film shows windows: what is darker than the wall about it."""

import numpy as np
import torch

from core.clip.label_set import LabelClass, LabelSet
from core.training.filmed_openings import filmed_openings

CLASSES = LabelSet("two", (LabelClass(0, "road", (1, 1, 1), "stuff"), LabelClass(1, "building", (2, 2, 2), "stuff")))


def found_in(pictures: np.ndarray, labels: np.ndarray, label_set: LabelSet = CLASSES) -> np.ndarray:
    film = torch.from_numpy(pictures.transpose(0, 3, 1, 2).copy())
    found = filmed_openings(film, torch.from_numpy(labels), label_set)
    assert found.dtype == torch.bool and found.shape == labels.shape
    return found.numpy()


def test_dark_parts_of_walls_are_openings_and_dark_roads_are_not():
    labels = np.ones((1, 64, 128), np.uint8)
    labels[:, 48:] = 0
    pictures = np.full((1, 64, 128, 3), 180, np.uint8)
    pictures[:, 48:] = 60
    windows = np.zeros((64, 128), bool)
    for left in range(10, 120, 20):
        windows[10:20, left : left + 6] = True
    pictures[0, windows] = 70
    found = found_in(pictures, labels)
    assert np.array_equal(found[0], windows)


def test_glass_and_tyres_of_a_vehicle_are_openings_and_its_dark_paint_is_not():
    both = LabelSet("street", (*CLASSES, LabelClass(3, "car", (3, 3, 3), "thing")))
    labels = np.zeros((1, 64, 128), np.uint8)
    labels[:, 20:50, 10:50] = labels[:, 20:50, 70:110] = 3
    pictures = np.full((1, 64, 128, 3), 90, np.uint8)
    pictures[0, 20:50, 10:50], pictures[0, 20:50, 70:110] = 200, 60  # one car is dark all over
    pictures[0, 24:32, 16:44] = pictures[0, 44:50, 14:22] = 40
    found = found_in(pictures, labels, both)[0]
    assert found[24:32, 16:44].all() and found[44:50, 14:22].all()
    assert found.sum() == 8 * 28 + 6 * 8


def test_a_plain_wall_and_a_label_set_without_walls_have_none():
    labels = np.ones((2, 32, 64), np.uint8)
    light = np.linspace(90, 200, 64).astype(np.uint8)  # as a wall in slanting light
    pictures = np.broadcast_to(light[None, None, :, None], (2, 32, 64, 3)).copy()
    assert not found_in(pictures, labels).any()
    pictures[:, 10:20, 10:20] = 5
    other = LabelSet("one", (LabelClass(1, "sea", (2, 2, 2), "stuff"),))
    assert not found_in(pictures, labels, other).any()
