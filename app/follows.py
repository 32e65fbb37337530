"""What a stroke would follow if it were painted now."""

from __future__ import annotations

import numpy as np

from app.protocol import Follows, Stroke
from app.scene import SharedScene
from core.project.edits import Edits
from core.project.motion import default_motion, region_motion
from core.project.names import Names


def what_it_follows(stroke: Stroke, scene: SharedScene, edits: Edits) -> Follows:
    """For a stroke on a frame of the clip. Raises `InputError` when its mask leaves the picture."""
    clip, t = scene.clip, stroke.frame
    mask = stroke.mask.to_array(clip.height, clip.width)
    allowed = None if stroke.over is None else np.isin(scene.maps(edits, t).labels, list(stroke.over))
    region = region_motion(clip, t, mask, scene.maps(edits, t).objects) if stroke.fill else None
    motion = region or default_motion(clip, t, mask, allowed)
    labels, objects = clip.labels[t], clip.objects[t]

    def class_of(thing: int) -> int:
        return int(np.bincount(labels[objects == thing]).argmax())

    return Follows(motion=motion, title=Names(clip.label_set, class_of).of_motion(motion))
