"""Maps of the frames to come of a clip or project, and pictures of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch

from core.clip.clip import MAX_BYTES, MAX_FRAMES, Clip, bytes_of
from core.clip.instances import stuff_object
from core.clip.label_set import LabelSet
from core.clip.sizes import Sizes
from core.conditioning import Conditioning, Film, Maps, Street, Styles
from core.errors import InputError
from core.footage.estimated_flow import flow_to_before
from core.models.generator import Conditionings, LabelMaps
from core.prediction.carried_film import CarriedFilm
from core.prediction.objects import FreeIds
from core.prediction.predictor import Predictor
from core.project.corrected_looks import LooksLike
from core.project.edits import Edits
from core.project.fold import Scene, codes_of, picturing
from core.project.mode import Mode

# What is predicted of what was predicted gets worse; later frames show little that is true.
MOST_FRAMES = 100


def check_count(count: int, clip: Clip) -> None:
    """Raise `InputError` for more frames than are predicted at once, or than a clip may have."""
    film = None if clip.pictures is None else clip.sizes.film
    each = bytes_of(1, (clip.height, clip.width), film, True)
    most = min(MOST_FRAMES, min(MAX_FRAMES, MAX_BYTES // each) - len(clip))
    if most < 1:
        raise InputError(f"Clip {clip.name!r} is as long as a clip can be.", "Cut it.")
    if not 1 <= count <= most:
        raise InputError(f"{count} frames cannot be predicted.", f"Ask for 1 to {most}.")


def check_maps(frames: Sequence[Maps], looks_back: int, label_set: LabelSet, name: str) -> None:
    """Raise `InputError` for maps (all that may be looked at) that no future can be told from."""
    if len(frames) < looks_back:
        raise InputError(
            f"Clip {name!r} has {len(frames)} frames; a future is told from the last {looks_back}.",
            "Take a longer clip.",
        )
    if frames[-1].flow is None or frames[-1].flow_valid is None or not frames[-1].flow_valid.any():
        raise InputError(
            f"Clip {name!r} has no motion at its end, and no pictures to measure it in.",
            "Add flow/ or frames.mp4 to its folder.",
        )
    things = {entry.id for entry in label_set if entry.kind == "thing"}
    shown = [pair for pair in frames[-1].pairs if pair[1] in things]
    if shown and all(thing == stuff_object(label) for thing, label in shown):
        raise InputError(
            f"Clip {name!r} has no objects: all things of a class are one.",
            "Give its things ids of their own (class * 1000 + instance), or import it anew.",
        )


def predict(predictor: Predictor, last: Sequence[Maps], free: FreeIds, count: int, seed: int = 0) -> Iterator[Maps]:
    """The maps of `count` frames to come, as they are made. last: the newest frames of the clip, oldest first."""
    device = next(predictor.network.parameters()).device
    frames = [to_label_maps(maps, device) for maps in last[-predictor.looks_back :]]
    state = predictor.start(frames, free, seed)
    for ahead in range(1, count + 1):
        maps, state = predictor.step(state)
        yield replace(to_arrays(maps), street=_street_ahead(last, ahead))


def _street_ahead(last: Sequence[Maps], ahead: int) -> Street | None:
    """The street so many frames after the last: the camera goes on as it did."""
    here, before = last[-1].street, last[max(len(last) - 2, 0)].street
    if here is None or before is None:
        return here
    left, right = (one + ahead * (one - other) for one, other in zip(here[-2:], before[-2:], strict=True))
    return here._replace(left=left, right=right)


def last_maps(clip: Clip, maps: Callable[[int], Maps], looks_back: int) -> list[Maps]:
    """The newest frames of a clip, at most `looks_back`, as `maps` says what they are.

    Their motion is measured in the pictures where the clip has none, and nowhere valid without pictures.
    """
    times = range(max(len(clip) - looks_back, 0), len(clip))
    pictures = clip.small_pictures
    if clip.flow is not None or pictures is None:
        return [maps(t) for t in times]
    return [
        replace(one, flow=flow, flow_valid=valid)
        for t, one in zip(times, map(maps, times), strict=True)
        for flow, valid in [flow_to_before(pictures[t], pictures[max(t - 1, 0)])]
    ]


def free_ids(clip: Clip) -> FreeIds:
    """Ids that no object of a clip has."""
    return FreeIds.of(clip.objects)


def predicted_clip(clip: Clip, maps: Sequence[Maps]) -> Clip:
    """Predicted frames as a clip of their own. Pictures, where `clip` has some, are black until they are painted."""
    motion = [(one.flow, one.flow_valid) for one in maps if one.flow is not None and one.flow_valid is not None]
    return replace(
        clip,
        labels=np.stack([one.labels for one in maps]),
        objects=np.stack([one.objects for one in maps]),
        pictures=None if clip.pictures is None else np.stack([clip.pictures[0] * 0] * len(maps)),
        flow=None if clip.flow is None else np.stack([one for one, _ in motion]).astype(np.float16),
        flow_valid=None if clip.flow is None else np.stack([one for _, one in motion]),
        made=True,
        sound=None,
    )


def lasting(edits: Edits, count: int) -> Edits:
    """The looks among edits that the last of `count` frames has: they go on."""
    return tuple(edit for edit in picturing(edits, count - 1, "rendered") if not edit.changes_maps)


def conditionings(scene: Scene, edits: Edits, mode: Mode, maps: Sequence[Maps]) -> Conditionings:
    """The frames of a project and, after them, those that were predicted: in the looks of its last frame, and where the
    footage is kept with what the last frame shows of them.
    """
    count, looks = len(scene.clip), scene.looks
    going_on = lasting(edits, count)
    film = scene.conditioning(edits, count - 1, mode).film
    carried = None if film is None else CarriedFilm(film, scene.maps(edits, count - 1), maps)

    def conditioning(t: int) -> Conditioning:
        if t < count:
            return scene.conditioning(edits, t, mode)
        known = None if carried is None else carried.at(t - count)
        return conditioning_of(maps[t - count], going_on, looks, scene.clip.sizes, known)

    return conditioning


def conditioning_of(
    maps: Maps, going_on: Edits, looks: LooksLike, sizes: Sizes, film: Film | None = None
) -> Conditioning:
    """A predicted frame, under the edits that go on, for a picture as large as the film of a clip of these sizes."""
    size = None if film is not None or sizes.is_one else sizes.film
    return Conditioning(maps, Styles(codes_of(maps, going_on, looks)), film, size)


def to_label_maps(maps: Maps, device: torch.device | str = "cpu") -> LabelMaps:
    """A batch of one. Where there is no motion none is valid."""
    flow, valid = maps.flow, maps.flow_valid
    if flow is None or valid is None:
        flow, valid = np.zeros((*maps.labels.shape, 2), np.float32), np.zeros(maps.labels.shape, bool)
    parts = maps.labels, maps.objects, flow.astype(np.float32).transpose(2, 0, 1), valid[None]
    labels, objects, moved, may = (torch.from_numpy(np.array(part, order="C"))[None].to(device) for part in parts)
    return LabelMaps(labels, objects, moved, may)


def to_arrays(maps: LabelMaps) -> Maps:
    """A batch of one as arrays."""
    assert maps.flow is not None and maps.flow_valid is not None
    return Maps(
        maps.labels[0].cpu().numpy(),
        maps.objects[0].cpu().numpy(),
        np.ascontiguousarray(maps.flow[0].permute(1, 2, 0).cpu().numpy()),
        maps.flow_valid[0, 0].cpu().numpy(),
    )
