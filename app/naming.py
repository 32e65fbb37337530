"""Edits and objects in words, as the timeline's lanes and the chips say them."""

from __future__ import annotations

from core.clip.clip import FIRST_NEW_OBJECT
from core.clip.label_set import LabelSet
from core.project.edits import SOURCE, SURROUNDINGS, Edit, Motion, ObjectTarget, Paint, Ride, SetClass, Still, Target


def object_name(object_id: int, label: int, label_set: LabelSet) -> str:
    """car 46; road for stuff; new tree 2 for the second object that an edit made."""
    entry = label_set.by_id(label)
    if object_id >= FIRST_NEW_OBJECT:
        return f"new {entry.name} {object_id - FIRST_NEW_OBJECT + 1}"
    number = object_id % 1000
    return f"{entry.name} {number}" if entry.kind == "thing" and number else entry.name


def edit_title(edit: Edit, label_set: LabelSet, classes: dict[int, int]) -> str:
    """One line for an edit. classes: the class that each object has in the clip, or was painted as."""
    if isinstance(edit, Paint):
        if edit.to == SOURCE:
            return "as filmed"
        return f"{label_set.by_id(edit.to).name}, painted"
    target = target_name(edit.target, label_set, classes)
    if isinstance(edit, SetClass):
        return f"{target}, removed" if edit.to == SURROUNDINGS else f"{target} → {label_set.by_id(edit.to).name}"
    return f"{target} · look"


def target_name(target: Target, label_set: LabelSet, classes: dict[int, int]) -> str:
    """car 46, or every car."""
    if not isinstance(target, ObjectTarget):
        return f"every {label_set.by_id(target.label).name}"
    label = classes.get(target.object)
    return f"object {target.object}" if label is None else object_name(target.object, label, label_set)


def motion_title(motion: Motion, label_set: LabelSet, classes: dict[int, int]) -> str:
    """What a stroke follows."""
    if isinstance(motion, Ride):
        return target_name(ObjectTarget(object=motion.object), label_set, classes)
    return "nothing, it stays" if isinstance(motion, Still) else "the motion under it"
