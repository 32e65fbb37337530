"""The final render is the plain roll-out in whatever order it is asked for; previews use what is at hand."""

import random

import numpy as np
import pytest

from core.models.generator import Shown
from core.rendering.rollout import roll_out
from tests.core.rendering.toy import ToyGenerator, clip, renderer


def plain(frames) -> list[np.ndarray]:
    return [step.picture for step in roll_out(ToyGenerator(), frames)]


@pytest.mark.parametrize("max_bytes", [0, 3000, 20_000, 1 << 24])
@pytest.mark.parametrize("looks_back", [None, 2])
def test_the_final_render_in_any_order_is_the_plain_roll_out(max_bytes, looks_back):
    versions = [clip(7), clip(7, f2=6), clip(7, f2=6, f5=4)]
    wanted = [plain(version) for version in versions]
    generator, dice = ToyGenerator(looks_back=looks_back), random.Random(max_bytes)
    subject = renderer(generator, max_bytes)
    for _ in range(40):
        which, t = dice.randrange(3), dice.randrange(7)
        rendered = subject.final(versions[which].__getitem__, t)
        assert rendered.t == t
        np.testing.assert_array_equal(rendered.picture, wanted[which][t])


@pytest.mark.parametrize("max_bytes", [0, 3000, 1 << 24])
def test_all_frames_come_in_order_and_only_once_even_without_a_store(max_bytes):
    frames, generator = clip(7), ToyGenerator()
    found = list(renderer(generator, max_bytes).frames(frames.__getitem__, 7))
    assert [rendered.t for rendered in found] == list(range(7))
    assert generator.steps == 7
    for rendered, expected in zip(found, plain(frames), strict=True):
        np.testing.assert_array_equal(rendered.picture, expected)


def test_an_edit_renders_from_its_frame_on_and_undo_renders_nothing():
    generator = ToyGenerator()
    subject = renderer(generator)
    before, after = clip(8).__getitem__, clip(8, f5=7).__getitem__
    first = list(subject.frames(before, 8))
    assert None not in subject.at_hand(before, 8)
    assert (subject.steps_to(after, 4), subject.steps_to(after, 5), subject.steps_to(after, 7)) == (0, 1, 3)
    assert subject.at_hand(after, 8)[:5] == [rendered.key for rendered in first[:5]]
    assert subject.at_hand(after, 8)[5:] == [None] * 3
    list(subject.frames(after, 8))
    assert generator.steps == 8 + 3
    assert subject.at_hand(before, 8) == [rendered.key for rendered in first]
    list(subject.frames(before, 8))
    assert generator.steps == 8 + 3


def test_where_states_had_to_leave_a_generator_that_can_goes_on_from_pictures():
    frames, edited = clip(7), clip(7, f6=7)
    size = plain(frames)[0].nbytes
    for looks_back, steps in ((None, 7), (2, 1)):
        generator = ToyGenerator(looks_back=looks_back)
        subject = renderer(generator, max_bytes=8 * size)
        list(subject.frames(frames.__getitem__, 7))
        kept = 7 if looks_back is None else 0
        assert subject.store.usage.cached_dropped == kept and subject.store.usage.pictures_dropped == 0
        assert subject.steps_to(edited.__getitem__, 6) == steps
        np.testing.assert_array_equal(subject.final(edited.__getitem__, 6).picture, plain(edited)[6])
        assert generator.steps == 7 + steps


def test_a_caller_may_give_up_between_two_frames():
    generator = ToyGenerator()
    way = renderer(generator).toward(clip(8).__getitem__, 7)
    assert next(way).t == 0
    assert generator.steps == 1


def test_a_preview_after_final_frames_is_the_final_render():
    subject, frames = renderer(), clip(6)
    subject.final(frames.__getitem__, 4)
    preview = subject.preview(frames.__getitem__, 5)
    np.testing.assert_array_equal(preview.picture, plain(frames)[5])


def test_a_preview_takes_one_step_from_what_is_shown():
    generator = ToyGenerator()
    subject, old, new = renderer(generator), clip(6), clip(6, f1=7, f5=7)
    pictures = plain(old)
    preview = subject.preview(new.__getitem__, 5, lambda t: Shown(old[t], pictures[t]))
    assert generator.steps == 1
    # Frames 3 and 4 look alike in both versions, so that history is right though it is not the final render's.
    state = list(roll_out(ToyGenerator(), old[:5]))[-1].state
    expected = next(roll_out(ToyGenerator(), [new[5]], state))
    np.testing.assert_array_equal(preview.picture, expected.picture)
    assert subject.store.png(preview.key) is not None
    assert subject.at_hand(new.__getitem__, 6) == [None] * 6  # a preview is never taken for the final render


def test_a_preview_uses_no_history_across_a_gap():
    subject, frames = renderer(), clip(6)
    pictures = plain(frames)
    alone = next(roll_out(ToyGenerator(), [frames[5]])).picture
    only_older = subject.preview(frames.__getitem__, 5, lambda t: Shown(frames[3], pictures[3]) if t == 3 else None)
    np.testing.assert_array_equal(only_older.picture, alone)
    np.testing.assert_array_equal(subject.preview(frames.__getitem__, 5).picture, alone)


def test_a_frame_alone_is_a_first_frame_and_leaves_no_trace():
    subject, frames = renderer(), clip(3)
    subject.final(frames.__getitem__, 2)
    used = subject.store.usage.used
    np.testing.assert_array_equal(subject.alone(frames[2]), plain([frames[2]])[0])
    assert subject.store.usage.used == used
