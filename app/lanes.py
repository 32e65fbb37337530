"""The edits as the timeline's lanes show them: at once what was asked for, and later where each of them acts."""

from __future__ import annotations

from collections.abc import Iterator

from app.protocol import EditState
from app.scene import SharedScene
from core.project.edits import Edit, Edits
from core.project.names import Names


class Lanes:
    """Lanes of one project. Where an edit acts depends on the edits before it, and is known once it was searched."""

    def __init__(self, scene: SharedScene) -> None:
        self._scene = scene
        self._found: tuple[Edits, list[EditState]] = ((), [])

    def now(self, edits: Edits) -> list[EditState]:
        """What is shown of each edit, without spans where they are not known. Carries nothing."""
        found = self._known(edits)
        lanes = _lanes_of(edits)
        names = Names(self._scene.clip.label_set, lambda thing: self._class_of(edits, thing))
        unknown = [
            EditState(edit=edit.outline, title=edit.title(names), lane=lane)
            for edit, lane in zip(edits[len(found) :], lanes[len(found) :], strict=True)
        ]
        return [*found, *unknown]

    def known(self, edits: Edits) -> int:
        """So many of the first edits have their spans."""
        return len(self._known(edits))

    def search(self, edits: Edits) -> Iterator[None]:
        """Find out what is not known, a frame between two items. May be given up at any of them."""
        for index in range(len(self._known(edits)), len(edits)):
            for t in _outward(edits[index]):
                with self._scene.locked() as scene:
                    scene.acts(edits, index, t)
                yield
            with self._scene.locked() as scene:
                effect = scene.effect(edits, index)
            found = {"spans": list(effect.spans), "note": effect.note}
            begun = edits[: index + 1]
            self._found = (begun, [*self._known(edits)[:index], self.now(begun)[index].model_copy(update=found)])

    def _known(self, edits: Edits) -> list[EditState]:
        """Lanes of the edits that these begin with as those before did."""
        edits_before, lanes = self._found
        same = 0
        while same < min(len(edits), len(edits_before)) and edits[same] is edits_before[same]:
            same += 1
        return lanes[:same]

    def _class_of(self, edits: Edits, thing: int) -> int | None:
        """The class of an object as it was filmed or painted, before any swap."""
        for edit in reversed(edits):
            thing = edit.copies.get(thing, thing)
        painted = (edit.new_objects[thing] for edit in edits if thing in edit.new_objects)
        return self._scene.own_classes.get(thing, next(painted, None))


def _lanes_of(edits: Edits) -> list[str]:
    """For each edit the id of the first one of its lane."""
    lanes: list[str] = []
    for index, edit in enumerate(edits):
        goes_on = index > 0 and edit.continues(edits[index - 1])
        lanes.append(lanes[-1] if goes_on else edit.id)
    return lanes


def _outward(edit: Edit) -> list[int]:
    """The frames of an edit, those near where it was painted first: a stroke is carried from there."""
    return sorted(range(*edit.frames), key=lambda t: abs(t - edit.home))
