"""The native format of a clip, read and written.

clip.json      frames, width, height (of the label maps), fps; credits where there are any; name where it is not the
               folder's; film_width, film_height where the pictures are larger than the label maps
ids/NNNN.png   16-bit grey: class * 1000 + instance; instance 0 is the class's stuff; one id is one object
frames.mp4     the pictures, where there are any; how they are coded is kept in what is made of them
sound.m4a      the sound, where there is any; else that of frames.mp4
flow/NNNN.png  16-bit RGB (KITTI), where there is any: frame NNNN -> NNNN-1, value = pixels * 64 + 32768,
               x then y; the third channel is 1 where the flow is valid; frame 0 is invalid
label_set.json here or up to two folders above
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from core.clip.clip import MAX_BYTES, MAX_FRAMES, MAX_SIDE, Clip, bytes_of, check_film, check_size
from core.clip.colours import Colours
from core.clip.instances import PER_CLASS, FileIds
from core.clip.label_set import LabelSet
from core.clip.png import encode_png, read_png16
from core.clip.sizes import Size
from core.clip.sound import has_sound, keep_sound
from core.clip.video import VideoReader, read_colours, write_video
from core.errors import InputError, one_line
from core.files import MissingFile, names_in, read_json, replacing_folder, write_json

# So far apart are pictures of a film from which decoding can begin: any frame of it is decoded at once.
KEYFRAMES = 12
_OTHER_VIDEO = "Correct clip.json or export frames.mp4 again."
_MAX_JSON = 4 << 20
MAX_NAME = 80
SOUND_FILE = "sound.m4a"
_FLOW_ZERO, _FLOW_STEPS = 32768, 64  # KITTI: value = pixels * 64 + 2^15


@dataclass(frozen=True)
class ClipFacts:
    """What clip.json says. width, height: of the label maps."""

    frames: int
    width: int
    height: int
    rate: Fraction
    credits: str = ""
    name: str = ""  # "": that of its folder
    film: Size | None = None  # height and width of the pictures; None: those of the label maps

    @property
    def film_size(self) -> Size:
        """Height and width of the pictures, where there are any."""
        return self.film or (self.height, self.width)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form. A rate that is no whole number is written exactly, as text: "30000/1001"."""
        whole = self.rate.denominator == 1
        fps = self.rate.numerator if whole else str(self.rate)
        facts = {"frames": self.frames, "width": self.width, "height": self.height, "fps": fps}
        more: dict[str, Any] = {"credits": self.credits, "name": self.name}
        if self.film is not None:
            more |= {"film_width": self.film[1], "film_height": self.film[0]}
        return facts | {key: value for key, value in more.items() if value}


def read_clip(folder: Path) -> Clip:
    """Read a clip folder into memory. Raises `InputError` naming the file that does not fit, and what to do."""
    folder = Path(folder)
    facts = read_facts(folder)
    label_set = read_label_set(label_set_file(folder))
    has_flow, has_pictures = os.path.exists(folder / "flow"), os.path.exists(folder / "frames.mp4")
    _check_bytes(folder, facts, has_pictures, has_flow)
    labels, objects = _read_ids(folder / "ids", facts, label_set)
    flow, flow_valid = _read_flow(folder / "flow", facts) if has_flow else (None, None)
    return Clip(
        name=facts.name or folder.resolve().name,
        label_set=label_set,
        labels=labels,
        objects=objects,
        rate=facts.rate,
        pictures=_read_pictures(folder / "frames.mp4", facts) if has_pictures else None,
        flow=flow,
        flow_valid=flow_valid,
        credits=facts.credits,
        sound=sound_file(folder),
        colours=read_colours(folder / "frames.mp4") if has_pictures else Colours(),
    )


def sound_file(folder: Path) -> Path | None:
    """The file that holds a clip's sound."""
    places = (folder / SOUND_FILE, folder / "frames.mp4")
    return next((place for place in places if os.path.exists(place) and has_sound(place)), None)


def read_label_set(path: Path) -> LabelSet:
    """Read a label_set.json. Raises `InputError`."""
    try:
        return LabelSet.from_dict(_read_json(path))
    except (InputError, ValueError) as error:
        if str(path) in str(error):
            raise
        problem, fix = (error.problem, error.fix) if isinstance(error, InputError) else (str(error), "")
        raise InputError(f"{path}: {problem}", fix) from error


def write_clip(clip: Clip, folder: Path, *, progress: Callable[[int, int], None] = lambda done, of: None) -> None:
    """Write a clip folder whole or not at all. `folder` must be new or empty.

    progress: called after every frame's maps and motion with how many are done, of how many.

    Pictures go through H.264 and lose a little; flow is kept in steps of 1/64 px, and what is beyond 511 px
    becomes invalid. Objects whose id does not say their class get a new id (see `FileIds`).
    """
    ids = FileIds(zip(clip.labels, clip.objects, strict=True))
    name = "" if clip.name == folder.name else clip.name
    film = None if clip.sizes.is_one else clip.sizes.film
    facts = ClipFacts(len(clip), clip.width, clip.height, clip.rate, clip.credits, name, film)
    with replacing_folder(folder) as beside:
        write_json(beside / "clip.json", facts.to_dict())
        write_json(beside / "label_set.json", clip.label_set.to_dict())
        (beside / "ids").mkdir()
        if clip.pictures is not None:
            write_video(beside / "frames.mp4", clip.pictures, clip.rate, colours=clip.colours, keyframes=KEYFRAMES)
        if clip.sound is not None:
            keep_sound(clip.sound, beside / SOUND_FILE, 0, len(clip) / clip.rate)
        if clip.flow is not None:
            (beside / "flow").mkdir()
        for index, (labels, objects) in enumerate(zip(clip.labels, clip.objects, strict=True)):
            (beside / "ids" / frame_file(index)).write_bytes(encode_png(ids.of(labels, objects), small=True))
            if clip.flow is not None and clip.flow_valid is not None:
                packed = _pack_flow(clip.flow[index], clip.flow_valid[index])
                (beside / "flow" / frame_file(index)).write_bytes(encode_png(packed, small=True))
            progress(index + 1, len(clip))


def picture_file(index: int) -> str:
    """The name of a downloaded frame, counted from 1 as people count: frame_0001.png."""
    return f"frame_{index + 1:04d}.png"


def frame_file(index: int) -> str:
    """The name of a frame's file in a clip's folder, counted from 0: 0000.png."""
    return f"{index:04d}.png"


def read_facts(folder: Path) -> ClipFacts:
    """What a clip folder's clip.json says, checked. Raises `InputError`."""
    if not os.path.isdir(folder):
        raise InputError(f"{folder} is not a folder.", "Choose a clip's folder, with clip.json and ids/ in it.")
    path = folder / "clip.json"
    data = _read_json(path)
    frames = _whole(path, data, "frames", 1, MAX_FRAMES)
    width, height = _whole(path, data, "width", 8, MAX_SIDE), _whole(path, data, "height", 8, MAX_SIDE)
    check_size(f"{path}: a frame", width, height)
    film = None
    if "film_width" in data or "film_height" in data:
        film = _whole(path, data, "film_height", 8, MAX_SIDE), _whole(path, data, "film_width", 8, MAX_SIDE)
        check_film(f"{path}:", (height, width), film)
    name = one_line(str(data.get("name", "")), MAX_NAME)
    return ClipFacts(frames, width, height, _read_rate(path, data), str(data.get("credits", "")), name, film)


def _check_bytes(folder: Path, facts: ClipFacts, has_pictures: bool, has_flow: bool) -> None:
    """Raises `InputError` when the whole clip would not fit in memory, which its files alone need not show."""
    film = facts.film_size if has_pictures else None
    size = bytes_of(facts.frames, (facts.height, facts.width), film, has_flow)
    if size > MAX_BYTES:
        raise InputError(
            f"{folder}: {facts.frames} frames of {facts.width}x{facts.height} take {size / 2**30:.1f} GB of memory; "
            f"{MAX_BYTES >> 30} GB are possible.",
            "Cut the clip or scale it down.",
        )


def _whole(path: Path, data: dict[str, Any], key: str, lowest: int, highest: int) -> int:
    value = data.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
        problem = f"{path}: {key} must be a whole number from {lowest} to {highest}, not {str(value)[:40]!r}."
        raise InputError(problem, "Correct it in clip.json, or export the clip again.")
    return value


def _read_rate(path: Path, data: dict[str, Any]) -> Fraction:
    value = data.get("fps")
    try:
        # By way of text: 29.97 stays 2997/100. Not "1e99999999", which would be worked out digit by digit.
        text = str(value)
        rate = Fraction(text) if len(text) <= 32 and "e" not in text.lower() else Fraction(0)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not 0 < rate <= 1000 or rate.denominator > 10**6:
        problem = f"{path}: fps must be above 0 and up to 1000, not {str(value)[:40]!r}."
        raise InputError(problem, 'Write a number, like 12 or "30000/1001".')
    return rate


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = read_json(path, _MAX_JSON)
    except MissingFile as error:
        raise InputError(error.problem, "Choose a clip's folder, with clip.json and ids/ in it.") from error
    if not isinstance(data, dict):
        raise InputError(f"{path} does not hold a JSON object.", "Copy or export it again.")
    return data


def label_set_file(folder: Path) -> Path:
    """The label_set.json of a clip's folder: there or up to two folders above. Raises `InputError`."""
    near = folder.resolve()
    for place in (near, *near.parents[:2]):
        if os.path.exists(place / "label_set.json"):
            return place / "label_set.json"
    raise InputError(
        f"{folder} has no label_set.json, nor have the two folders above it.", "Put the clip's label_set.json there."
    )


def frame_files(folder: Path, frames: int) -> Iterator[Path]:
    """The PNG of each frame, after it is sure that each has one and that there are no others."""
    names = names_in(folder, "A clip's folder holds ids/ with a PNG for each frame.")
    # Hidden files are what file managers leave behind.
    found = {name for name in names if name.lower().endswith(".png") and name[0] != "."}
    wanted = [frame_file(index) for index in range(frames)]
    fix = "Correct frames in clip.json or export the clip again."
    if missing := sorted(set(wanted) - found):
        raise InputError(f"{folder} lacks {_listed(missing)}; clip.json says {frames} frames.", fix)
    if extra := sorted(found - set(wanted)):
        raise InputError(f"{folder} has {_listed(extra)}, but clip.json says {frames} frames.", fix)
    return (folder / name for name in wanted)


def _listed(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _read_ids(folder: Path, facts: ClipFacts, label_set: LabelSet) -> tuple[np.ndarray, np.ndarray]:
    objects = np.empty((facts.frames, facts.height, facts.width), np.int32)
    labels = np.empty(objects.shape, np.uint8)
    for index, path in enumerate(frame_files(folder, facts.frames)):
        labels[index], objects[index] = read_ids(path, facts, label_set)
    return labels, objects


def read_ids(path: Path, facts: ClipFacts, label_set: LabelSet) -> tuple[np.ndarray, np.ndarray]:
    """Label map (H, W) uint8 and object map (H, W) int32 of a frame's file. Raises `InputError`."""
    ids = read_png16(path, facts.height, facts.width, 1)
    labels = (ids // PER_CLASS).astype(np.uint8)
    if unknown := label_set.unknown_ids(labels):
        raise InputError(
            f"{path} has class {unknown[0]} (an id is class * {PER_CLASS} + instance), which label set "
            f"{label_set.name!r} does not have.",
            "Add the class to label_set.json or map it to one that is there.",
        )
    return labels, ids.astype(np.int32)


def _read_pictures(path: Path, facts: ClipFacts) -> np.ndarray:
    found = 0
    with VideoReader(path) as video:
        check_video(path, video.height, video.width, facts)
        pictures = np.empty((facts.frames, *facts.film_size, 3), np.uint8)
        for index, picture in enumerate(video):
            if index == facts.frames:
                problem = f"{path} has more frames than the {facts.frames} that clip.json says."
                raise InputError(problem, _OTHER_VIDEO)
            pictures[index] = cropped(path, picture, facts)
            found = index + 1
    check_count(path, found, facts)
    return pictures


def check_video(path: Path, height: int, width: int, facts: ClipFacts) -> None:
    """Raise `InputError` for a video of another size than the clip's film. It may be turned while it is read."""
    if not {(height, width), (width, height)} & _sizes(facts):
        raise _other_size(path, height, width, facts)


def check_count(path: Path, count: int, facts: ClipFacts) -> None:
    """Raise `InputError` for a video of another number of frames than the clip."""
    if count != facts.frames:
        raise InputError(f"{path} has {count} frames, clip.json says {facts.frames}.", _OTHER_VIDEO)


def cropped(path: Path, picture: np.ndarray, facts: ClipFacts) -> np.ndarray:
    """A picture of a clip's video at the clip's size. Raises `InputError` for one of another size."""
    if picture.shape[:2] not in _sizes(facts):
        raise _other_size(path, picture.shape[0], picture.shape[1], facts)
    height, width = facts.film_size
    return picture[:height, :width]


def _sizes(facts: ClipFacts) -> set[Size]:
    height, width = facts.film_size
    # Odd sides may be padded in the video: yuv420p has none.
    return {(height, width), (height + height % 2, width + width % 2)}


def _other_size(path: Path, height: int, width: int, facts: ClipFacts) -> InputError:
    wanted = facts.film_size
    return InputError(f"{path} is {width}x{height}, clip.json says {wanted[1]}x{wanted[0]}.", _OTHER_VIDEO)


def _read_flow(folder: Path, facts: ClipFacts) -> tuple[np.ndarray, np.ndarray]:
    flow = np.empty((facts.frames, facts.height, facts.width, 2), np.float16)
    valid = np.empty(flow.shape[:3], bool)
    for index, path in enumerate(frame_files(folder, facts.frames)):
        flow[index], valid[index] = read_flow(path, index, facts)
    return flow, valid


def read_flow(path: Path, t: int, facts: ClipFacts) -> tuple[np.ndarray, np.ndarray]:
    """Motion of frame t from its file: (H, W, 2) float16, and (H, W) bool. Raises `InputError`."""
    packed = read_png16(path, facts.height, facts.width, 3)
    flow = ((packed[..., :2].astype(np.float32) - _FLOW_ZERO) / _FLOW_STEPS).astype(np.float16)
    valid: np.ndarray = packed[..., 2] > 0
    if t == 0:  # nothing is before the first frame
        valid[:] = False
    flow[~valid] = 0
    return flow, valid


def _pack_flow(flow: np.ndarray, valid: np.ndarray) -> np.ndarray:
    steps = np.nan_to_num(flow.astype(np.float32), nan=1e6) * _FLOW_STEPS + _FLOW_ZERO
    holds = valid & ((steps >= 0) & (steps <= 65535)).all(-1)
    packed = np.zeros((*flow.shape[:2], 3), np.uint16)
    packed[..., :2] = np.where(holds[..., None], np.rint(np.where(holds[..., None], steps, 0)), 0).astype(np.uint16)
    packed[..., 2] = holds
    return packed
