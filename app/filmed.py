"""Looks taken from the filmed clip: where an object was filmed, how it looks there, and its crop of the picture."""

from __future__ import annotations

import numpy as np

from app.errors import NotFound
from app.looks import crop_of, encode_webp
from app.opened import OpenProject
from app.protocol import FilmedFrames, Look
from core.clip.clip import Clip
from core.clip.frames import Frames
from core.project.edits import Provenance, is_new_object
from core.project.names import object_name

# Fewer pixels than this say little about a look.
_ENOUGH = 30
_SHOWN = 9
_NEVER_FILMED = "This clip has no pictures: it was never filmed."
_INSTEAD = "Choose one of the looks that are drawn."


def frames_of(opened: OpenProject, thing: int) -> FilmedFrames:
    """Frames of the filmed clip that show the object; where there are none, why."""
    clip = opened.taken
    if clip.pictures is None:
        return FilmedFrames(why=f"{_NEVER_FILMED} {_INSTEAD}")
    areas = np.array([np.count_nonzero(clip.objects[t] == thing) for t in range(len(clip))])
    seen = np.flatnonzero(areas)
    if not seen.size:
        why = "It was painted, not filmed." if is_new_object(thing) else "No frame of the clip shows it."
        return FilmedFrames(why=f"{why} {_INSTEAD}")
    good = np.flatnonzero(areas >= min(_ENOUGH, areas.max()))
    best = int(areas.argmax())
    places = np.linspace(0, len(good) - 1, _SHOWN).round() if len(good) > _SHOWN else range(len(good))
    spread = {int(good[int(place)]) for place in places}
    if best not in spread:
        spread = spread - {min(spread, key=lambda t: abs(t - best))} | {best}
    return FilmedFrames(frames=seen.tolist(), shown=sorted(spread), best=best)


def look(opened: OpenProject, thing: int, t: int) -> Look:
    """How the object looks on that frame alone, as a style code."""
    clip, _ = _filmed(opened)
    _check_seen(clip, thing, t)
    code = opened.worker.call(lambda: opened.engine.encode(clip, thing, t)).result()
    return Look(code=code, key=None, provenance=Provenance(frame=t, object=thing))


def crop(opened: OpenProject, thing: int, t: int) -> bytes:
    """The filmed picture around the object, as webp."""
    clip, pictures = _filmed(opened)
    _check_seen(clip, thing, t)
    return encode_webp(pictures[t][crop_of(clip.objects[t] == thing)])


def _filmed(opened: OpenProject) -> tuple[Clip, Frames]:
    """The clip and its pictures (N, H, W, 3), at the size of its maps. Raises `NotFound` where it was never filmed."""
    clip = opened.taken
    if clip.small_pictures is None:
        raise NotFound(_NEVER_FILMED, _INSTEAD)
    return clip, clip.small_pictures


def _check_seen(clip: Clip, thing: int, t: int) -> None:
    if not 0 <= t < len(clip):
        raise NotFound(f"The clip has no frame {t}.", f"Its frames count from 0 to {len(clip) - 1}.")
    if not (clip.objects[t] == thing).any():
        label = next((int(clip.labels[at][clip.objects[at] == thing][0]) for at in _showing(clip, thing)), None)
        name = "It" if label is None else object_name(thing, label, clip.label_set).capitalize()
        raise NotFound(f"{name} is not seen on frame {t + 1} as it was filmed.", "Take a frame where it is.")


def _showing(clip: Clip, thing: int) -> list[int]:
    return [t for t in range(len(clip)) if (clip.objects[t] == thing).any()]
