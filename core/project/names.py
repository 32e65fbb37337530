"""Objects, targets and motions in words, as titles and chips say them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from core.clip.clip import FIRST_NEW_OBJECT
from core.clip.instances import PER_CLASS
from core.clip.label_set import LabelSet
from core.project.values import ClassTarget, Flow, Motion, ObjectTarget, Region, Ride, Stand, Still, Target


def object_name(object_id: int, label: int, label_set: LabelSet) -> str:
    """car 46; road for stuff; new tree 2 for the second object that an edit made."""
    entry = label_set.by_id(label)
    if object_id >= FIRST_NEW_OBJECT:
        return f"new {entry.name} {object_id - FIRST_NEW_OBJECT + 1}"
    number = object_id % PER_CLASS
    return f"{entry.name} {number}" if entry.kind == "thing" and number else entry.name


@dataclass(frozen=True)
class Names:
    """class_of: the class that an object has in the clip, or was painted as; None when it is not known."""

    label_set: LabelSet
    class_of: Callable[[int], int | None]

    def of_class(self, class_id: int) -> str:
        return self.label_set.by_id(class_id).name

    def of_target(self, target: Target) -> str:
        """car 46, or every car."""
        if isinstance(target, ClassTarget):
            return f"every {self.of_class(target.label)}"
        label = self.class_of(target.object)
        return f"object {target.object}" if label is None else object_name(target.object, label, self.label_set)

    def of_motion(self, motion: Motion) -> str:
        """What a stroke follows."""
        match motion:
            case Ride():
                return self.of_target(ObjectTarget(object=motion.object))
            case Region():
                return f"the {self.of_class(motion.label)} that it covers"
            case Flow():
                return "the motion under it"
            case Stand():
                return "the ground at its foot"
            case Still():
                return "nothing, it stays"
            case _:
                assert_never(motion)
