"""All doubts of a clip, frame by frame: each is looked at when it is asked for, and put together at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from core.clip.clip import Clip
from core.conditioning import Maps
from core.project.doubts.doubt import Doubt
from core.project.doubts.flicker import flicker_doubts
from core.project.doubts.frame import Grid
from core.project.doubts.identity import identity_doubts
from core.project.doubts.unsure import unsure_doubts

# So many doubts are told of a frame, and of a clip: those about the larger parts of the picture.
_MOST_OF_FRAME = 8
MOST = 300
# An object that is not seen for so many frames is missing in these.
_MISSING = 5


def frame_doubts(clip: Clip, t: int, maps: Callable[[int], Maps]) -> tuple[Doubt, ...]:
    """What is doubtful in frame t, seen with the one before it and the one after it. maps: of a frame, as it is taken
    to be. Nothing is known of clips without motion."""
    if clip.flow is None or t == 0:
        return ()
    each = [maps(one) for one in range(t - 1, min(t + 2, len(clip)))]
    near = [Grid.of(clip, t - 1 + index, each[index], each[index - 1] if index else None) for index in range(len(each))]
    found = identity_doubts(t, near[1], near[0], clip.label_set)
    if len(near) == 3:
        found += flicker_doubts(t, *near)
    return tuple(sorted(found, key=lambda doubt: -doubt.share)[:_MOST_OF_FRAME])


def all_doubts(frames: Iterable[Sequence[Doubt]], confidence: Sequence[float] = ()) -> list[Doubt]:
    """The doubts of a clip in the order of its frames, at most MOST. frames: those of `frame_doubts`."""
    found = _with_missing([doubt for each in frames for doubt in each])
    known = {doubt.key: doubt for doubt in [*unsure_doubts(confidence), *found]}
    weightiest = sorted(known.values(), key=lambda doubt: -doubt.share)[:MOST]
    return sorted(weightiest, key=lambda doubt: (doubt.frame, -doubt.share))


def _with_missing(found: list[Doubt]) -> list[Doubt]:
    """What vanishes and comes back soon is missing, once; and its class does not flicker meanwhile."""
    gone = {(doubt.object, doubt.frame): doubt for doubt in found if doubt.kind == "vanishes"}
    dropped, missing = set[Doubt](), list[Doubt]()
    for back in found:
        if back.kind != "appears":
            continue
        for frame in range(back.frame - 2, back.frame - 2 - _MISSING, -1):
            last = gone.get((back.object, frame))
            if last is not None:
                missing.append(Doubt("missing", frame + 1, back.share, last.box, back.object, back.label))
                dropped |= {last, back}
                break
    hidden = {(doubt.frame, doubt.label) for doubt in missing}
    dropped |= {doubt for doubt in found if doubt.kind == "flicker" and (doubt.frame, doubt.was) in hidden}
    return [doubt for doubt in found if doubt not in dropped] + missing
