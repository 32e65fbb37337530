"""What is behind a thing is looked for before it is removed."""

from __future__ import annotations

import numpy as np
import pytest

from app.behind import what_is_behind
from app.scene import SharedScene
from core.footage.plates import Plates
from core.project.edits import SURROUNDINGS, ClassTarget, ObjectTarget, SetClass
from core.project.fold import Scene
from tests.core.footage.test_shadow import CAR_ID, FRAMES, GROUND, PASSES, with_shadow
from tests.core.project.test_fold import NumberedLooks

T = 3


@pytest.fixture
def scene() -> SharedScene:
    return SharedScene(Scene(with_shadow(GROUND, PASSES), NumberedLooks()))


@pytest.mark.parametrize("target", [ObjectTarget(object=CAR_ID), ClassTarget(label=CAR_ID // 1000)])
@pytest.mark.parametrize("shadow", [True, "whole"])
def test_a_removal_finds_what_was_looked_for(scene, target, shadow, monkeypatch) -> None:
    before = (SetClass(id="other", frames=(0, 1), target=ObjectTarget(object=1), to=SURROUNDINGS, shadow=shadow),)
    found = what_is_behind(target, T, scene, before)
    assert found.filmed is not None and found.filmed > 0.9  # the car passes: other frames show that ground

    def fetch(*_: object) -> None:
        raise AssertionError("fetched again")

    monkeypatch.setattr(Plates, "_fetch", fetch)
    edit = SetClass(id="removal", target=target, to=SURROUNDINGS, frames=(0, FRAMES), shadow=shadow)
    film = scene.conditioning((*before, edit), T, "footage").film
    assert film is not None
    with pytest.raises(AssertionError, match="again"):
        scene.conditioning((*before, edit), T + 1, "footage")


def test_what_is_not_seen_hides_nothing(scene) -> None:
    assert what_is_behind(ObjectTarget(object=5), T, scene, ()).filmed is None


def test_nothing_changes_by_it(scene) -> None:
    before = scene.conditioning((), T, "footage")
    what_is_behind(ObjectTarget(object=CAR_ID), T, scene, ())
    assert scene.conditioning((), T, "footage") is before
    np.testing.assert_array_equal(scene.maps((), T).labels, scene.clip.labels[T])
