"""The edits as the timeline's lanes show them: at once what was asked for, and later where each of them acts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from app import naming
from app.protocol import EditState
from core.clip.label_set import LabelSet
from core.project.edits import Edit, Paint
from core.project.fold import Scene
from core.project.project import Edits


class Lanes:
    """Lanes of one project. Where an edit acts is up to the edits before it, and known once it was looked for."""

    def __init__(
        self,
        label_set: LabelSet,
        scene: Callable[[], AbstractContextManager[Scene]],
        classes: Callable[[Edits], dict[int, int]],
    ) -> None:
        """scene: lends it, for a frame's time at most; classes: of the objects, for titles."""
        self._label_set, self._scene, self._classes = label_set, scene, classes
        self._found: tuple[Edits, list[EditState]] = ((), [])

    def now(self, edits: Edits) -> list[EditState]:
        """A lane for each edit, without spans where they are not known. Carries nothing."""
        found = self._known(edits)
        return [*found, *(self._lane(edits, index) for index in range(len(found), len(edits)))]

    def told(self, edits: Edits) -> bool:
        """Whether every lane is known."""
        return len(self._known(edits)) == len(edits)

    def look(self, edits: Edits) -> Iterator[None]:
        """Find out what is not known, a frame between two items. May be given up at any of them."""
        for index in range(len(self._known(edits)), len(edits)):
            for t in _outward(edits[index]):
                with self._scene() as scene:
                    scene.acts(edits, index, t)
                yield
            with self._scene() as scene:
                effect = scene.effect(edits, index)
            told = {"spans": list(effect.spans), "note": effect.note}
            known = self._known(edits)[:index]
            self._found = (edits[: index + 1], [*known, self._lane(edits, index).model_copy(update=told)])

    def _known(self, edits: Edits) -> list[EditState]:
        """Lanes of the edits that these begin with as those before did."""
        edits_before, lanes = self._found
        same = 0
        while same < min(len(edits), len(edits_before)) and edits[same] is edits_before[same]:
            same += 1
        return lanes[:same]

    def _lane(self, edits: Edits, index: int) -> EditState:
        edit = edits[index]
        title = naming.edit_title(edit, self._label_set, {} if isinstance(edit, Paint) else self._classes(edits))
        return EditState(edit=edit.model_dump(mode="json"), title=title)


def _outward(edit: Edit) -> list[int]:
    """The frames of an edit, those near where it was painted first: a stroke is carried from there."""
    painted = edit.keyframes[0].frame if isinstance(edit, Paint) else edit.frames[0]
    return sorted(range(*edit.frames), key=lambda t: abs(t - painted))
