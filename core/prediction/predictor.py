"""The predictor: the maps of the frames to come, one step after the other, its state in the open.

As in the paper (Wang et al. 2018, section 4.4) the next label map is the last one, moved, blended with what a network
makes up; here motion is that of surfaces that go on as they did, corrected by the network, and the warp is forward:
class probabilities land where their pixels go, the nearest in front.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from core.clip.label_set import LabelSet
from core.clip.pairs import as_pairs, split_pair
from core.footage.roles import Role, roles
from core.models.generator import LabelMaps
from core.models.padding import pad_maps, pad_to_multiple
from core.prediction.draw import Draw
from core.prediction.forward_warp import ForwardWarp, forward_warp
from core.prediction.motion import extrapolate
from core.prediction.network import MULTIPLE, FutureNetwork
from core.prediction.objects import NEW, FreeIds, assign

# Where less than this comes to lie on a pixel it is not all there.
_COVERED = 0.5
_NOTHING = 1e-12
# How much nearer than the ground at its foot what stands is taken to be; and where it is asked what is behind it.
_IN_FRONT, _STANDS = 0.05, 0.5


class State(NamedTuple):
    """What the predictor carries from frame to frame: values, never changed.

    frames  the last ones, oldest first, of a batch of one
    free    ids for objects that come into sight
    draw    the noise of this future
    """

    frames: tuple[LabelMaps, ...]
    free: FreeIds
    draw: Draw


class Predicted(NamedTuple):
    """The next frame before it is decided what each pixel is.

    probabilities  (B, classes, H, W): warped and raw, blended
    raw            (B, classes, H, W) logits of what the network makes up
    made_up        (B, 1, H, W): the share of it
    forward        (B, 2, H, W): where the pixels of the last frame go, pixels, x then y
    scale          (B, 1, H, W): how far that may be wrong, as the scale of a Laplace distribution
    landing        where they come to lie
    pairs          (B, N) int64: the place of each pixel's object and class in `tables`
    tables         of each sample: numbers of objects with their classes, see `core.clip.pairs`
    """

    probabilities: Tensor
    raw: Tensor
    made_up: Tensor
    forward: Tensor
    scale: Tensor
    landing: ForwardWarp
    pairs: Tensor
    tables: tuple[np.ndarray, ...]


class Predictor:
    """`state = start(frames, seed)`; `maps, state = step(state)`, frame after frame."""

    def __init__(self, network: FutureNetwork, label_set: LabelSet) -> None:
        self.network, self.label_set = network, label_set

    @property
    def looks_back(self) -> int:
        """How many frames a start needs."""
        return self.network.config.looks_back

    def start(self, frames: Sequence[LabelMaps], free: FreeIds, seed: int = 0) -> State:
        """The state after these frames, a batch of one each, with flow; the newest last, `looks_back` at the least.

        free: ids that no object of the clip has. seed: 0 is the most likely future, others draw.
        """
        return State(tuple(frames[-self.looks_back :]), free, Draw(seed))

    @torch.inference_mode()
    def step(self, state: State) -> tuple[LabelMaps, State]:
        """The maps of the next frame, its flow to the frame before with them, and the state after it."""
        predicted = self.predict(state.frames, draw=state.draw)
        maps, free = self.decide(predicted, [state.free], state.draw)
        return maps, State((*state.frames[1:], maps), free[0], state.draw)

    def predict(self, frames: Sequence[LabelMaps], draw: Draw | None = None) -> Predicted:
        """The next frame after the last `looks_back`, oldest first, of B samples. Keeps gradients."""
        classes, last = self.network.config.classes, frames[-1]
        expected = [self._expected(last, index) for index in range(len(last.labels))]
        base, nearness = (torch.stack(part) for part in zip(*expected, strict=True))
        height, width = last.labels.shape[1:]
        onward = self.network.onward(
            [pad_maps(frame, MULTIPLE) for frame in frames],
            *(pad_to_multiple(part, MULTIPLE) for part in (base, nearness)),
        )
        added, nearer, scale = (part[..., :height, :width] for part in onward)
        pairs, tables = _pairs(last)
        forward = base + added
        if draw is not None and draw.seed:
            forward = forward + self._drawn(draw, scale, pairs, tables[0]).view_as(forward)
        standing = self._stands(last.labels)
        near = nearness + _means(nearer, pairs, max(map(len, tables))) + _IN_FRONT * standing
        landing = forward_warp(forward, near)
        weights = landing.sums(last.labels.flatten(1), classes)
        warped = (weights / weights.sum(1, keepdim=True).clamp(min=_NOTHING)).view(-1, classes, height, width)
        coverage = (landing.coverage() / _COVERED).clamp(max=1).view(-1, 1, height, width)
        # Behind what stands there is rather the ground than more of it, also at its foot.
        behind = near.detach() + _STANDS * standing
        there = landing.mean(behind.flatten(2)).view_as(coverage)
        raw, blend = self.network.fill(*(pad_to_multiple(part, MULTIPLE) for part in (warped, coverage, there)))
        raw, blend = raw[..., :height, :width], blend[..., :height, :width]
        made_up = 1 - (1 - blend) * coverage
        probabilities = made_up * raw.softmax(1) + (1 - made_up) * warped
        return Predicted(probabilities, raw, made_up, forward, scale, landing, pairs, tables)

    @torch.no_grad()
    def decide(self, predicted: Predicted, free: Sequence[FreeIds], draw: Draw) -> tuple[LabelMaps, list[FreeIds]]:
        """The likeliest maps of each sample, or such as are drawn, and the ids that are free after them."""
        probabilities, landing = predicted.probabilities, predicted.landing
        batch, classes, height, width = probabilities.shape
        chances = probabilities
        if draw.seed:
            noise = draw.classes(classes, height, width).to(chances.device)
            chances = (chances + _NOTHING).log() + noise * (predicted.made_up > 0.5)
        labels = chances.argmax(1)
        # What came to lie there, most of all, and is of the class that was decided.
        class_of = torch.stack(
            [
                torch.from_numpy(table % 256).to(labels.device)[pairs]
                for table, pairs in zip(predicted.tables, predicted.pairs, strict=True)
            ]
        )
        place = landing.place.flatten(1)
        same = labels.flatten(1).gather(1, place) == class_of.repeat(1, 4)
        source = landing.most(predicted.pairs, same.view_as(landing.place))
        counted = predicted.pairs.unsqueeze(1) == source.gather(1, place).view_as(landing.place)
        flow = -landing.mean(predicted.forward.flatten(2), counted).view(batch, 2, height, width)
        shown, objects, left = [], [], []
        for index, table in enumerate(predicted.tables):
            areas = np.bincount(predicted.pairs[index].cpu().numpy(), minlength=len(table))
            parts = labels[index].to(torch.uint8).cpu().numpy(), source[index].view(height, width).cpu().numpy()
            pairs = [split_pair(pair) for pair in table.tolist()]
            label, object_, after = assign(*parts, pairs, areas, self.label_set, free[index])
            shown.append(torch.from_numpy(label))
            objects.append(torch.from_numpy(object_))
            left.append(after)
        device = labels.device
        valid = (source != NEW).view(batch, 1, height, width)
        return LabelMaps(
            torch.stack(shown).to(device), torch.stack(objects).to(device), torch.where(valid, flow, 0.0), valid
        ), left

    def _stands(self, labels: Tensor) -> Tensor:
        """(B, 1, H, W) float32: 1 where something stands."""
        table = torch.from_numpy(roles(self.label_set) == Role.STANDING).to(labels.device)
        return table[labels.long()].unsqueeze(1).float()

    def _expected(self, maps: LabelMaps, index: int) -> tuple[Tensor, Tensor]:
        """(2, H, W) forward motion and (1, H, W) nearness of one sample, as its surfaces go on."""
        assert maps.flow is not None and maps.flow_valid is not None
        device = maps.labels.device
        flow = maps.flow[index].permute(1, 2, 0).cpu().numpy()
        valid = maps.flow_valid[index, 0].cpu().numpy()
        labels, objects = maps.labels[index].cpu().numpy(), maps.objects[index].cpu().numpy()
        motion = extrapolate(labels, objects, flow, valid, self.label_set)
        forward = torch.from_numpy(np.ascontiguousarray(motion.forward.transpose(2, 0, 1)))
        return forward.to(device), torch.from_numpy(motion.nearness)[None].to(device)

    def _drawn(self, draw: Draw, scale: Tensor, pairs: Tensor, table: np.ndarray) -> Tensor:
        """(1, 2, N): what is drawn of the motion of a batch of one, pixels: the camera's, and that of each thing."""
        role = torch.from_numpy(roles(self.label_set)[table % 256] == Role.STANDING)
        steps = draw.steps(torch.from_numpy(table // 256)) * role.unsqueeze(1)
        own = _table_means(scale, pairs, len(table))[0, 0].cpu().unsqueeze(1) * steps
        moved: Tensor = own.to(scale.device)[pairs[0]].T
        return (moved + (scale.median().cpu() * draw.camera()).to(scale.device).unsqueeze(1)).unsqueeze(0)


def _pairs(maps: LabelMaps) -> tuple[Tensor, tuple[np.ndarray, ...]]:
    """(B, N) int64: each pixel's place in the table of its sample, and the tables: pairs of object and class."""
    places, tables = [], []
    for labels, objects in zip(maps.labels.cpu().numpy(), maps.objects.cpu().numpy(), strict=True):
        table, place = np.unique(as_pairs(objects, labels), return_inverse=True)
        places.append(torch.from_numpy(place.reshape(-1)))
        tables.append(table)
    return torch.stack(places).to(maps.labels.device), tuple(tables)


def _table_means(values: Tensor, pairs: Tensor, count: int) -> Tensor:
    """(B, C, count): means of values (B, C, H, W) over the pixels of each pair."""
    flat = values.flatten(2)
    place = pairs.unsqueeze(1).expand_as(flat)
    total = torch.zeros(*flat.shape[:2], count, device=flat.device).scatter_add(2, place, flat)
    number = torch.zeros_like(total).scatter_add(2, place, torch.ones_like(flat))
    return total / number.clamp(min=1)


def _means(values: Tensor, pairs: Tensor, count: int) -> Tensor:
    """(B, C, H, W): each pixel has the mean of its pair."""
    means = _table_means(values, pairs, count)
    place = pairs.unsqueeze(1).expand(-1, values.shape[1], -1)
    return means.gather(2, place).view_as(values)
