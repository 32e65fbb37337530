"""Glass, tyres and grilles of vehicles, taken from vehicles of training films that have the same outline.

Where they are is largely given by the outline, but the mean over all vehicles of much the same outline is nobody's: a
few that are most alike agree, and look like a vehicle (docs/adr/0032).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from core.errors import InputError
from core.models.generator import LabelMaps
from core.models.local.among import among
from core.models.local.bits import from_bits
from core.models.local.history import Remembered, sources

# A vehicle's box, with a margin of this share of it on each side, is looked at in a square of so many cells.
SIDE, MARGIN = 64, 1 / 8
# Outlines and openings are compared in squares of so many cells.
_SMALL = 16
# So many are kept at most; a file with more is refused.
MOST = 16384
# Proportion and place are kept in steps of this.
STEPS = 256
# What counts beside the mean squared difference of the outlines: that of the proportion (log2 of width to height), that
# of the place in the frame (its sides at -1 and 1), another class, and the share of the vehicle where openings differ
# from those that the frame before shows.
_PROPORTION, _PLACE, _CLASS, _BEFORE = 0.1, 0.02, 0.05, 0.1
# So many exemplars vote, the farther ones less, and none that is so much farther than the nearest, or than the last one
# that votes: a small difference of outlines or of the frame before makes a small one of votes. An opening is what has
# more than this share of them.
_VOTING, _FARTHER, _ELECTED = 12, 0.02, 0.42
# Vehicles of fewer pixels have no openings, and of so many vehicles in a frame only the largest.
_LEAST, _MOST_SEEN = 40, 256
# How dark an opening is in a film: this share of the vehicle's paint, and so many levels less; in a render, which is
# lighter there: about this share, and certainly where it differs from that by this share of the paint.
DARK, LESS = 0.6, 4
_RENDERED_DARK, _CERTAIN = 0.75, 0.15
# What red, green and blue give to lightness (ITU-R BT.601).
LIGHT = (0.299, 0.587, 0.114)


class VehicleExemplars(NamedTuple):
    """n vehicles as films show them, each in its square; what lies beyond the frame is not the vehicle.

    outlines  (n, SIDE, SIDE / 8) uint8: where the vehicle is, a bit for each cell, see `core.models.local.bits`
    openings  the same: where it has openings
    about     (n, 4) int16: log2 of width to height, middle across and down (-1 to 1), all times STEPS; class id
    """

    outlines: Tensor
    openings: Tensor
    about: Tensor

    def check(self) -> None:
        """Raises `InputError` where they are of another form, or too many."""
        count = len(self.about) if self.about.dim() else 0
        bits = ((count, SIDE, SIDE // 8), torch.uint8)
        for name, (shape, dtype) in {"outlines": bits, "openings": bits, "about": ((count, 4), torch.int16)}.items():
            part: Tensor = getattr(self, name)
            if not 1 <= count <= MOST or tuple(part.shape) != shape or part.dtype != dtype:
                raise InputError(f"the {name} of its exemplars are {part.dtype} of shape {tuple(part.shape)[:4]}.")


class Boxes(NamedTuple):
    """Where vehicles lie in a frame, (k,) each, in pixels; bottom and right are the first beyond."""

    top: Tensor
    left: Tensor
    bottom: Tensor
    right: Tensor

    @property
    def proportion(self) -> Tensor:
        """log2 of width to height."""
        return torch.log2((self.right - self.left) / (self.bottom - self.top))

    def middle(self, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Across and down, -1 to 1 in a frame (H, W)."""
        return (self.left + self.right) / size[1] - 1, (self.top + self.bottom) / size[0] - 1


class Vehicles(NamedTuple):
    """The vehicles of a frame.

    which  (H, W) int64: number of the vehicle at a pixel, 0 to k - 1; -1: none
    ids    (k,) object ids
    """

    which: Tensor
    ids: Tensor
    boxes: Boxes

    @classmethod
    def of(cls, objects: Tensor, where: Tensor, least: int = _LEAST) -> Vehicles:
        """objects (H, W), where (H, W) bool: what of them is a vehicle. least: those of fewer pixels are left out."""
        ids, inverse, counts = objects[where].unique(return_inverse=True, return_counts=True)
        kept = counts >= least
        if kept.sum() > _MOST_SEEN:
            kept &= counts >= counts.topk(_MOST_SEEN).values[-1]
            kept &= kept.cumsum(0) <= _MOST_SEEN
        number = torch.where(kept, kept.cumsum(0) - 1, -1)
        which = torch.full(objects.shape, -1, device=objects.device)
        which[where] = number[inverse]
        rows, columns = (which >= 0).nonzero(as_tuple=True)
        found, empty = which[rows, columns], torch.zeros(int(kept.sum()), dtype=torch.int64, device=objects.device)

        def end(values: Tensor, least_or_most: str) -> Tensor:
            return empty.scatter_reduce(0, found, values, least_or_most, include_self=False)

        boxes = Boxes(end(rows, "amin"), end(columns, "amin"), end(rows, "amax") + 1, end(columns, "amax") + 1)
        return cls(which, ids[kept], boxes)

    def __len__(self) -> int:
        return len(self.ids)

    def squares(self) -> tuple[Tensor, Tensor]:
        """Where the cells of each vehicle's square lie: flat indices of pixels, (k, SIDE, SIDE) int64, and which of
        them show the vehicle, the same in bool.
        """
        height, width = self.which.shape
        box = self.boxes
        down, across = _cells(box.top, box.bottom), _cells(box.left, box.right)
        inside = ((down >= 0) & (down < height)).unsqueeze(2) & ((across >= 0) & (across < width)).unsqueeze(1)
        pixels = down.clamp(0, height - 1).unsqueeze(2) * width + across.clamp(0, width - 1).unsqueeze(1)
        number = torch.arange(len(self), device=pixels.device).view(-1, 1, 1)
        return pixels, inside & (self.which.flatten()[pixels] == number)


class VehicleOpenings:
    """Says where the vehicles of a frame have openings."""

    def __init__(self, exemplars: VehicleExemplars, vehicles: tuple[int, ...], device: torch.device) -> None:
        """vehicles: their classes."""
        self._vehicles = torch.tensor(vehicles, device=device)
        self._openings = from_bits(exemplars.openings).to(device)
        outlines = _small(from_bits(exemplars.outlines).to(device))
        self._dark = _small(self._openings)
        about = exemplars.about.to(device).float()
        self._class = about[:, 3]
        self._features = _features(outlines, about[:, 0] / STEPS, about[:, 1] / STEPS, about[:, 2] / STEPS)
        self._squares = self._features.square().sum(1)

    def __call__(self, maps: LabelMaps, past: tuple[Remembered, ...], needed: Tensor | None = None) -> Tensor:
        """(1, 1, H, W) bool of one frame, padded or not.

        past: the frames before, newest first. needed: (1, 1, H, W) bool, only vehicles with pixels there are asked for;
        None: all.
        """
        if len(maps.labels) != 1:
            raise ValueError(f"openings of vehicles are drawn in one picture, not in {len(maps.labels)}")
        labels, objects = maps.labels[0], maps.objects[0]
        is_vehicle = among(labels, self._vehicles)
        if needed is not None:
            is_vehicle &= among(objects, objects[is_vehicle & needed[0, 0]].unique())
        opened = torch.zeros_like(is_vehicle)
        vehicles = Vehicles.of(objects, is_vehicle)
        if len(vehicles):
            pixels, own = vehicles.squares()
            distances = self._distances(vehicles, own, labels)
            if past and maps.flow is not None and maps.flow_valid is not None:
                moved = own & maps.flow_valid[0, 0].flatten()[pixels]
                distances = distances + _BEFORE * self._unlike_before(vehicles, pixels, moved, past[0], maps.flow)
            self._draw(opened, vehicles, self._elected(distances))
        return opened.view(1, 1, *opened.shape)

    def _distances(self, vehicles: Vehicles, own: Tensor, labels: Tensor) -> Tensor:
        """(k, 2 n): how far each vehicle's outline is from each exemplar's, and from its mirror image's."""
        boxes, size = vehicles.boxes, (labels.shape[0], labels.shape[1])
        across, down = boxes.middle(size)
        outlines = _small(own)
        both = torch.cat([outlines, outlines.flip(2)]), torch.cat([across, -across])
        asked = _features(both[0], boxes.proportion.repeat(2), both[1], down.repeat(2))
        apart = self._squares - 2 * asked @ self._features.T + asked.square().sum(1, keepdim=True)
        shown = vehicles.which >= 0
        classes = torch.zeros(len(vehicles), device=labels.device)
        classes.scatter_reduce_(0, vehicles.which[shown], labels[shown].float(), "amax")
        other = _CLASS * (classes.unsqueeze(1) != self._class)
        return _beside(apart) + other.repeat(1, 2)

    def _unlike_before(
        self, vehicles: Vehicles, pixels: Tensor, own: Tensor, before: Remembered, flow: Tensor
    ) -> Tensor:
        """(k, 2 n): the share of what the frame before shows of each vehicle where the exemplar has it otherwise.

        own: where the vehicles are and their motion is known.
        """
        leads, inside = sources(flow, (before.picture.shape[2], before.picture.shape[3]))
        leads, inside = leads[0].flatten()[pixels], inside[0].flatten()[pixels]
        same = before.maps.objects[0].flatten()[leads] == vehicles.ids.view(-1, 1, 1).to(before.maps.objects.dtype)
        seen = own & inside & same
        dark = _small(seen * _darkness(before.picture[0].flatten(1)[:, leads], seen))
        shown = _small(seen)
        dark, shown = (torch.cat([part, part.flip(2)]).flatten(1) for part in (dark, shown))
        unlike = (shown - 2 * dark) @ self._dark.flatten(1).T + dark.sum(1, keepdim=True)
        return _beside(unlike / shown.sum(1, keepdim=True).clamp(min=1))

    def _elected(self, distances: Tensor) -> Tensor:
        """(k, 2 n) -> (k, SIDE, SIDE) in [0, 1]: the votes for an opening in each cell."""
        count = len(self._openings)
        nearest = distances.topk(min(_VOTING + 1, distances.shape[1]), 1, largest=False)
        farther = nearest.values[:, 1:] - nearest.values[:, :1]
        none = farther[:, -1:].clamp(1e-6, _FARTHER)
        votes = torch.cat([torch.ones_like(none), (1 - farther[:, :-1] / none).clamp(min=0)], 1)
        votes = votes / votes.sum(1, keepdim=True)
        indices = nearest.indices[:, :-1]
        chosen = self._openings[indices % count].float()
        mirrored = (indices >= count).view(*indices.shape, 1, 1)
        return (torch.where(mirrored, chosen.flip(3), chosen) * votes.view(*votes.shape, 1, 1)).sum(1)

    def _draw(self, opened: Tensor, vehicles: Vehicles, votes: Tensor) -> None:
        """Put votes (k, SIDE, SIDE) into the frame (H, W) bool, as large as each vehicle is there."""
        boxes = torch.stack(vehicles.boxes, 1).tolist()
        for number, (top, left, bottom, right) in enumerate(boxes):
            down, across = _weights(bottom - top, votes.device), _weights(right - left, votes.device)
            there = (slice(top, bottom), slice(left, right))
            drawn = (down @ votes[number] @ across.T) > _ELECTED
            opened[there] |= drawn & (vehicles.which[there] == number)


def _beside(both: Tensor) -> Tensor:
    """(2 k, n), of vehicles and then of their mirror images -> (k, 2 n)."""
    return torch.cat(both.chunk(2), 1)


def _cells(start: Tensor, end: Tensor) -> Tensor:
    """(k,) sides of boxes -> (k, SIDE) int64: the pixels in which the cells' middles lie."""
    middles = (torch.arange(SIDE, device=start.device) + 0.5) / SIDE * (1 + 2 * MARGIN) - MARGIN
    return (start.unsqueeze(1) + (end - start).unsqueeze(1) * middles).floor().long()


def _weights(length: int, device: torch.device) -> Tensor:
    """(length, SIDE): what each cell gives to each pixel of a box's side; between the middles of cells linear."""
    middles = (torch.arange(length, device=device) + 0.5) / length
    cells = (middles + MARGIN) / (1 + 2 * MARGIN) * SIDE - 0.5
    return (1 - (cells.unsqueeze(1) - torch.arange(SIDE, device=device)).abs()).clamp(min=0)


def _small(cells: Tensor) -> Tensor:
    """(n, SIDE, SIDE) bool, or shares -> (n, _SMALL, _SMALL) float32: shares."""
    return F.avg_pool2d(cells.float().unsqueeze(1), SIDE // _SMALL)[:, 0]


def _features(outlines: Tensor, proportion: Tensor, across: Tensor, down: Tensor) -> Tensor:
    """(n, F): what is compared, as vectors whose squared distance counts."""
    beside = torch.stack([_PROPORTION**0.5 * proportion, _PLACE**0.5 * across, _PLACE**0.5 * down], 1)
    return torch.cat([outlines.flatten(1) / _SMALL, beside.to(outlines.dtype)], 1)


def _darkness(colours: Tensor, seen: Tensor) -> Tensor:
    """(3, k, SIDE, SIDE) in [-1, 1], (k, SIDE, SIDE) bool -> the same in [0, 1]: how surely it is darker than paint.

    Not yes or no: a level more or less in the frame before must not have another vehicle elected.
    """
    weights = torch.tensor(LIGHT, device=colours.device).view(3, 1, 1, 1)
    light = ((colours + 1) * 127.5 * weights).sum(0)
    paint = _mean(light, seen & (light >= _mean(light, seen)))
    return ((_RENDERED_DARK * paint - LESS - light) / (2 * _CERTAIN * paint.clamp(min=1)) + 0.5).clamp(0, 1)


def _mean(values: Tensor, where: Tensor) -> Tensor:
    """(k, 1, 1): the mean of each square where it counts."""
    total = (values * where).sum((1, 2), keepdim=True)
    return total / where.sum((1, 2), keepdim=True).clamp(min=1)
