"""A clip opened to be worked on: what is small is held in memory, what is large is read as it is needed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np

from core.cache import Cache
from core.clip.clip import Clip, bytes_of
from core.clip.colours import Colours
from core.clip.frames import FrameCache, FramesOnDisk, PackedFrames
from core.clip.label_set import LabelSet
from core.clip.native import (
    ClipFacts,
    check_count,
    check_video,
    cropped,
    frame_files,
    label_set_file,
    read_clip,
    read_facts,
    read_flow,
    read_ids,
    read_label_set,
    sound_file,
)
from core.clip.png import check_png16, most_bytes
from core.clip.video import read_colours
from core.clip.video_frames import VideoFrames
from core.files import read_file

# A clip that takes more is not held in memory whole (bytes).
HELD_BYTES = 256 << 20
# Of one that is not: frames that were used last (bytes).
CACHED_BYTES = 128 << 20


def open_clip(folder: Path, held: int = HELD_BYTES, cached: int = CACHED_BYTES) -> Clip:
    """Open a clip folder. Where it would take more than `held` bytes, at most `cached` of it are in memory at a time,
    besides packed maps. Raises `InputError` as `read_clip` does; a damaged picture or motion that is read later raises
    it then.
    """
    folder = Path(folder)
    facts = read_facts(folder)
    has_flow, has_pictures = os.path.exists(folder / "flow"), os.path.exists(folder / "frames.mp4")
    film = facts.film_size if has_pictures else None
    if bytes_of(facts.frames, (facts.height, facts.width), film, has_flow) <= held:
        return read_clip(folder)
    label_set = read_label_set(label_set_file(folder))
    cache: FrameCache = Cache(cached, lambda frame: frame.nbytes)
    labels, objects = _packed_ids(folder / "ids", facts, label_set, cache)
    flow, valid = _flow_on_disk(folder / "flow", facts, cache) if has_flow else (None, None)
    return Clip(
        name=facts.name or folder.resolve().name,
        label_set=label_set,
        labels=labels,
        objects=objects,
        rate=facts.rate,
        pictures=_pictures_on_disk(folder / "frames.mp4", facts, cache) if has_pictures else None,
        flow=flow,
        flow_valid=valid,
        credits=facts.credits,
        sound=sound_file(folder),
        colours=read_colours(folder / "frames.mp4") if has_pictures else Colours(),
    )


def _packed_ids(
    folder: Path, facts: ClipFacts, label_set: LabelSet, cache: FrameCache
) -> tuple[PackedFrames, PackedFrames]:
    labels, objects = PackedFrames(cache), PackedFrames(cache)
    for path in frame_files(folder, facts.frames):
        for packed, part in zip((labels, objects), read_ids(path, facts, label_set), strict=True):
            packed.add(part)
    return labels, objects


def _pictures_on_disk(path: Path, facts: ClipFacts, cache: FrameCache) -> FramesOnDisk:
    video = VideoFrames(path)
    check_video(path, video.height, video.width, facts)
    check_count(path, video.count, facts)

    def read(t: int) -> np.ndarray:
        return np.ascontiguousarray(cropped(path, video.picture(t), facts))

    return FramesOnDisk((facts.frames, *facts.film_size, 3), np.uint8, read, video.digest, cache)


def _flow_on_disk(folder: Path, facts: ClipFacts, cache: FrameCache) -> tuple[FramesOnDisk, FramesOnDisk]:
    paths = list(frame_files(folder, facts.frames))
    digest = hashlib.sha256()
    for path in paths:
        data = read_file(path, most_bytes(facts.height, facts.width, 3))
        check_png16(path, data, facts.height, facts.width, 3)
        digest.update(hashlib.sha256(data).digest())
    # Flow and its validity are asked for one after the other.
    last: Cache[int, tuple[np.ndarray, np.ndarray]] = Cache(1)

    def read(t: int) -> tuple[np.ndarray, np.ndarray]:
        return last.get(t, lambda: read_flow(paths[t], t, facts))

    shape = (facts.frames, facts.height, facts.width)
    return (
        FramesOnDisk((*shape, 2), np.float16, lambda t: read(t)[0], digest.digest(), cache),
        FramesOnDisk(shape, np.bool_, lambda t: read(t)[1], digest.digest(), cache),
    )
