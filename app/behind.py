"""What is behind a thing, looked for before anybody takes it away: the removal is seen at once then.

What was found is kept with the clip (`core/footage/behind.py`, `core/footage/plates.py`), whatever edit asks for it.
"""

from __future__ import annotations

from app.protocol import WhatIsBehind
from app.scene import SharedScene
from core.conditioning import Kind
from core.project.edits import SURROUNDINGS, Edits, SetClass
from core.project.values import Shadow, Target


def what_is_behind(target: Target, t: int, scene: SharedScene, edits: Edits) -> WhatIsBehind:
    """What would be seen in frame t of a clip with pictures if the target were taken away after these edits."""
    removal = SetClass(id="behind", frames=(t, t + 1), target=target, to=SURROUNDINGS, shadow=_shadow(edits))
    after = (*edits, removal)
    alone = scene.first(after, "footage")  # nobody waits for the looks of the whole clip
    film = (scene.conditioning(after, t, "footage") if alone is None else alone(t)).film
    now = scene.maps(edits, t)
    hole = scene.clip.sizes.enlarged(target.mask(now.labels, now.objects))
    if film is None or not hole.any():
        return WhatIsBehind(filmed=None)
    return WhatIsBehind(filmed=float((film.kinds[hole] == Kind.PLATE).mean()))


def _shadow(edits: Edits) -> Shadow:
    """How much of its shadow the newest removal takes along: the page has the next one do the same."""
    removals = (edit for edit in reversed(edits) if isinstance(edit, SetClass) and edit.to == SURROUNDINGS)
    return next((edit.shadow for edit in removals), True)
