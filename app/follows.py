"""What a stroke would follow if it were painted now."""

from __future__ import annotations

import numpy as np

from app.protocol import Follows, Stroke
from app.scene import SharedScene
from core.clip.clip import Clip
from core.footage.roles import Role, roles
from core.project.edits import Edits, Flow, Keyframe, Motion, Paint, Ride, is_new_object
from core.project.motion import default_motion, region_motion, stand_on_ground
from core.project.names import Names

# A thing of which a stroke covers this share is painted anew: the stroke goes where it goes.
_PAINTED_OVER = 0.5


def what_it_follows(stroke: Stroke, scene: SharedScene, edits: Edits) -> Follows:
    """For a stroke on a frame of the clip. Raises `InputError` when its mask leaves the picture."""
    clip, t = scene.clip, stroke.frame
    mask = stroke.mask.to_array(clip.height, clip.width)
    allowed = None if stroke.over is None else np.isin(scene.maps(edits, t).labels, list(stroke.over))
    region = region_motion(clip, t, mask, scene.maps(edits, t).objects) if stroke.fill else None
    motion = region or _as_its_object(stroke, clip, edits) or _by_itself(stroke, clip, mask, allowed)
    labels, objects = clip.labels[t], clip.objects[t]

    def class_of(thing: int) -> int:
        return int(np.bincount(labels[objects == thing]).argmax())

    return Follows(motion=motion, title=Names(clip.label_set, class_of).of_motion(motion))


def _by_itself(stroke: Stroke, clip: Clip, mask: np.ndarray, allowed: np.ndarray | None) -> Motion:
    """Things stand where their foot is on the ground, unless they are painted over what goes somewhere itself."""
    motion = default_motion(clip, stroke.frame, mask, allowed)
    if not _is_new_thing(stroke, clip) or _paints_over(clip, stroke.frame, mask, motion):
        return motion
    return stand_on_ground(clip, stroke.frame, mask) or motion


def _as_its_object(stroke: Stroke, clip: Clip, edits: Edits) -> Motion | None:
    """How the object moves that a stroke extends, where that was painted too."""
    if stroke.object is None or not is_new_object(stroke.object):
        return None
    painted = (edit for edit in edits if isinstance(edit, Paint) and edit.object == stroke.object)
    first = next(painted, None)
    if first is None or not isinstance(first.motion, Flow) or not _is_new_thing(stroke, clip):
        return None if first is None else first.motion
    keyframe: Keyframe = first.keyframes[0]
    stand = stand_on_ground(clip, keyframe.frame, keyframe.mask.to_array(clip.height, clip.width))
    return stand or first.motion


def _is_new_thing(stroke: Stroke, clip: Clip) -> bool:
    """Whether it paints something that stands in a street, and is no part of what the clip shows."""
    new = stroke.object is None or is_new_object(stroke.object)
    return new and stroke.to is not None and bool(roles(clip.label_set)[stroke.to] == Role.STANDING)


def _paints_over(clip: Clip, t: int, mask: np.ndarray, motion: Motion) -> bool:
    """Whether the stroke covers most of the thing that it would ride on."""
    if not isinstance(motion, Ride):
        return False
    thing = clip.objects[t] == motion.object
    return bool(np.count_nonzero(thing & mask) >= _PAINTED_OVER * np.count_nonzero(thing))
