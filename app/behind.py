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
    # No look changes what was filmed, and nobody waits for those of the whole clip.
    before = tuple(edit for edit in edits if edit.changes_maps)
    now = scene.maps(before, t)
    hole = target.mask(now.labels, now.objects)
    if not hole.any():
        return WhatIsBehind(filmed=None)
    after = (*before, SetClass(id="behind", frames=(t, t + 1), target=target, to=SURROUNDINGS, shadow=_shadow(edits)))
    alone = scene.first(after, "footage")
    film = (scene.conditioning(after, t, "footage") if alone is None else alone(t)).film
    assert film is not None
    kinds = film.kinds[scene.clip.sizes.enlarged(hole)]
    kinds = kinds[kinds != Kind.FILMED]  # below what was painted lies the film of this very frame
    return WhatIsBehind(filmed=float((kinds == Kind.PLATE).mean()) if kinds.size else None)


def _shadow(edits: Edits) -> Shadow:
    """How much of its shadow the newest removal takes along: the page has the next one do the same."""
    removals = (edit for edit in reversed(edits) if isinstance(edit, SetClass) and edit.to == SURROUNDINGS)
    return next((edit.shadow for edit in removals), True)
