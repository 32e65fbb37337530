"""Openings of vehicles from exemplars of the same outline."""

from __future__ import annotations

import pytest
import torch

from core.models.generator import LabelMaps
from core.models.local.bits import to_bits
from core.models.local.history import Remembered
from core.models.local.vehicles import STEPS, VehicleExemplars, VehicleOpenings, Vehicles

HEIGHT, WIDTH, CAR, BUS = 96, 160, 2, 3


def van(height: int, width: int) -> torch.Tensor:
    """(height, width) bool: a box whose upper right quarter is missing."""
    outline = torch.ones(height, width, dtype=torch.bool)
    outline[: height // 2, width // 2 :] = False
    return outline


def frame(outline: torch.Tensor, top: int, left: int, class_id: int = CAR, name: int = 7) -> LabelMaps:
    labels = torch.zeros(1, HEIGHT, WIDTH, dtype=torch.uint8)
    part = labels[0, max(top, 0) : top + len(outline), max(left, 0) : left + outline.shape[1]]
    part[outline[-part.shape[0] :, -part.shape[1] :]] = class_id
    return LabelMaps(labels, torch.where(labels == class_id, name, 0).int())


def exemplar(outline: torch.Tensor, opened: torch.Tensor, class_id: int = CAR) -> VehicleExemplars:
    """Seen in a frame's middle. opened: as outline."""
    maps = frame(outline, 30, 60, class_id)
    vehicles = Vehicles.of(maps.objects[0], maps.labels[0] == class_id)
    pixels, own = vehicles.squares()
    there = torch.zeros(HEIGHT, WIDTH, dtype=torch.bool)
    there[30 : 30 + len(outline), 60 : 60 + outline.shape[1]] = opened
    proportion = round(float(vehicles.boxes.proportion) * STEPS)
    return VehicleExemplars(to_bits(own), to_bits(there.flatten()[pixels] & own), about(proportion, class_id))


def about(proportion: int, class_id: int) -> torch.Tensor:
    return torch.tensor([[proportion, 0, 0, class_id]], dtype=torch.int16)


def joined(*exemplars: VehicleExemplars) -> VehicleExemplars:
    return VehicleExemplars(*(torch.cat(parts) for parts in zip(*exemplars, strict=True)))


def openings_of(exemplars: VehicleExemplars) -> VehicleOpenings:
    return VehicleOpenings(exemplars, (CAR, BUS), torch.device("cpu"))


def bottom_left(height: int, width: int) -> torch.Tensor:
    """(height, width) bool: a quarter of it."""
    opened = torch.zeros(height, width, dtype=torch.bool)
    opened[height // 2 :, : width // 2] = True
    return opened


@pytest.fixture(scope="module")
def of_van() -> VehicleOpenings:
    box = torch.ones(32, 48, dtype=torch.bool)
    return openings_of(joined(exemplar(van(32, 48), bottom_left(32, 48)), exemplar(box, torch.zeros_like(box))))


@pytest.mark.parametrize(("height", "width", "top", "left"), [(32, 48, 30, 60), (48, 72, 20, 10), (16, 24, 40, 100)])
def test_a_vehicle_has_the_openings_of_its_outline_at_its_size(
    of_van: VehicleOpenings, height: int, width: int, top: int, left: int
) -> None:
    opened = of_van(frame(van(height, width), top, left), ())
    assert opened.shape == (1, 1, HEIGHT, WIDTH) and opened.dtype == torch.bool
    wanted = torch.zeros(HEIGHT, WIDTH, dtype=torch.bool)
    wanted[top : top + height, left : left + width] = bottom_left(height, width)
    assert (opened[0, 0] ^ wanted).sum() <= 2 * (height + width) // 2
    assert not of_van(frame(torch.ones(32, 48, dtype=torch.bool), 30, 60), ()).any()


def test_a_mirrored_outline_has_mirrored_openings(of_van: VehicleOpenings) -> None:
    plain = of_van(frame(van(32, 48), 30, 56), ())
    mirrored = of_van(frame(van(32, 48).flip(1), 30, 56), ())
    assert plain.any() and (plain.flip(3) ^ mirrored).sum() <= 48


def test_vehicles_of_another_class_are_farther() -> None:
    outline, none = van(32, 48), torch.zeros(32, 48, dtype=torch.bool)
    both = openings_of(joined(exemplar(outline, bottom_left(32, 48)), exemplar(outline, none, BUS)))
    assert both(frame(outline, 30, 60), ()).any()
    assert not both(frame(outline, 30, 60, BUS), ()).any()


def test_what_the_frame_before_shows_decides_between_much_the_same_outlines() -> None:
    outline = torch.ones(32, 48, dtype=torch.bool)
    sides = [bottom_left(32, 48), bottom_left(32, 48).flip(0)]
    both, maps = openings_of(joined(*(exemplar(outline, side) for side in sides))), frame(outline, 30, 60)
    for side in sides:
        picture = torch.full((1, 3, HEIGHT, WIDTH), 0.5)
        picture[..., 30:62, 60:108][:, :, side] = -0.8
        flow, valid = torch.zeros(1, 2, HEIGHT, WIDTH), torch.ones(1, 1, HEIGHT, WIDTH, dtype=torch.bool)
        before = Remembered(picture, maps, torch.zeros(1, 3, HEIGHT, WIDTH), flow)
        valid[..., :20, :20] = False  # of something else
        opened = both(maps._replace(flow=flow, flow_valid=valid), (before,))[0, 0, 30:62, 60:108]
        assert (opened ^ side).float().mean() < 0.05
        nowhere = [(flow + 1000, valid), (flow, torch.zeros_like(valid)), (None, None)]
        for moved, known in nowhere:
            assert torch.equal(both(maps._replace(flow=moved, flow_valid=known), (before,)), both(maps, ()))


def test_only_vehicles_that_are_needed_are_asked_for(of_van: VehicleOpenings) -> None:
    maps, needed = frame(van(32, 48), 30, 60), torch.zeros(1, 1, HEIGHT, WIDTH, dtype=torch.bool)
    assert not of_van(maps, (), needed).any()
    needed[..., 60, 62] = True
    assert torch.equal(of_van(maps, (), needed), of_van(maps, ()))


@pytest.mark.parametrize("maps", [frame(van(4, 6), 30, 60), frame(van(32, 48), 30, 60, class_id=1)])
def test_specks_and_other_classes_have_none(of_van: VehicleOpenings, maps: LabelMaps) -> None:
    assert not of_van(maps, ()).any()


def test_a_vehicle_that_leaves_the_frame_has_openings_within_itself(of_van: VehicleOpenings) -> None:
    maps = frame(van(32, 48), 70, -8)
    opened = of_van(maps, ())[0]
    assert opened.any() and not (opened & (maps.labels != CAR)).any()


def test_a_vehicle_of_two_classes_is_of_the_last_one(of_van: VehicleOpenings) -> None:
    maps = frame(van(32, 48), 30, 60)
    maps.labels[0, 30:40, 60:70] = BUS
    assert torch.equal(of_van(maps, ()), of_van(maps, ()))


def test_one_picture_is_asked_for(of_van: VehicleOpenings) -> None:
    maps = frame(van(32, 48), 30, 60)
    with pytest.raises(ValueError, match="one picture"):
        of_van(maps.each(lambda part: part.repeat(2, 1, 1)), ())


def test_of_very_many_vehicles_the_largest_have_openings() -> None:
    objects = torch.arange(30 * 40).view(30, 40).repeat_interleave(8, 0).repeat_interleave(8, 1).int()
    objects[:16, :16] = 0
    found = Vehicles.of(objects, torch.ones_like(objects, dtype=torch.bool))
    assert len(found) == 256 and 0 in found.ids and int(found.which.max()) == 255
