"""Footage mode: what was not changed is the film, bit for bit, whoever renders the rest and in whatever order."""

from __future__ import annotations

import queue
import random
from dataclasses import replace

import numpy as np
import pytest
import torch

from core.clip.clip import Clip
from core.conditioning import Kind
from core.models.generator import Generator
from core.models.local.filmed import FilmSteps
from core.models.local.network import LocalConfig, LocalGenerator
from core.models.local.runner import LocalRunner
from core.models.published.network import PublishedConfig, PublishedGenerator
from core.project.edits import Edit, Edits, Mask, parse_edit
from core.project.fold import Scene
from core.rendering.renderer import Renderer
from core.rendering.requests import Done, FrameReady, RenderRequest
from core.rendering.store import FrameStore
from core.rendering.worker import RenderWorker
from core.styles.looks import Looks
from tests.core.tiny import CAR, CAR_ID, LABELS, ROAD, SKY, tiny_clip

FRAMES = 7


def film_of_noise(frames: int = FRAMES) -> Clip:
    """The tiny clip with pictures in which no two pixels are alike, so that none is right by chance."""
    clip = tiny_clip(frames)
    assert clip.pictures is not None
    noise = np.random.default_rng(5).integers(0, 256, clip.pictures.shape, np.uint8)
    return replace(clip, pictures=noise)


class CountedLooks:
    """Looks that count how often they were asked for."""

    def __init__(self) -> None:
        self.asked = 0

    def code(self, object_id: int, class_id: int) -> tuple[float, float, float]:
        self.asked += 1
        return Looks({}, {}).code(object_id, class_id)


def local() -> Generator:
    torch.manual_seed(4)
    network = LocalGenerator(LocalConfig(LABELS.size, width=8, deep_blocks=1))
    torch.nn.init.constant_(network.trunk.head.gain, 0.5)
    return LocalRunner(network)


def published() -> Generator:
    torch.manual_seed(4)
    config = PublishedConfig(label_nc=LABELS.size, ngf=4, n_downsample_G=2, n_blocks=1, norm="instance")
    return PublishedGenerator(config).eval()


GENERATORS = {"local": local, "published": published}


def swap(start: int = 2, stop: int = FRAMES, to: int | str = "surroundings") -> Edit:
    target = {"object": CAR_ID}
    return parse_edit({"kind": "set_class", "id": "swap", "frames": [start, stop], "target": target, "to": to})


def look(start: int, stop: int, code: tuple[float, ...] = (0.9, -0.9, 0.9)) -> Edit:
    edit = {"kind": "set_style", "id": "look", "frames": [start, stop], "target": {"object": CAR_ID}}
    return parse_edit({**edit, "label": CAR, "code": code})


def stroke(start: int, stop: int, box: tuple[int, int, int, int] = (1, 22, 3, 26), to: int = CAR) -> Edit:
    pixels = np.zeros((16, 32), bool)
    pixels[box[0] : box[2], box[1] : box[3]] = True
    keyframes = [{"frame": start, "mask": Mask.from_array(pixels).model_dump()}]
    edit = {"kind": "paint", "id": "stroke", "frames": [start, stop], "keyframes": keyframes, "to": to}
    return parse_edit({**edit, "object": 1_000_000 if to == CAR else None, "motion": {"kind": "still"}})


def renderer(generator: Generator, max_bytes: int = 1 << 24) -> Renderer:
    return Renderer(generator, "tiny", FrameStore(max_bytes))


class Steps:
    """Counts the steps of a generator."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, generator: Generator) -> None:
        self.count, step = 0, generator.step

        def counted(*args, **kwargs):
            self.count += 1
            return step(*args, **kwargs)

        monkeypatch.setattr(generator, "step", counted)


def some_edits(dice: random.Random) -> Edits:
    """Up to three edits of different kinds, in random frames."""

    def frames() -> tuple[int, int]:
        start = dice.randrange(FRAMES)
        return start, dice.randrange(start, FRAMES) + 1

    makers = [
        lambda: stroke(*frames(), (1, 22, 3, 26)),
        lambda: stroke(*frames(), (5, 2, 9, 8), dice.choice([ROAD, SKY])),
        lambda: swap(*frames(), dice.choice([ROAD, "surroundings"])),
        lambda: look(*frames()),
    ]
    chosen = dice.sample(makers, dice.randrange(4))
    return tuple(edit.model_copy(update={"id": str(at)}) for at, edit in enumerate(make() for make in chosen))


@pytest.mark.parametrize("name", GENERATORS)
def test_what_is_filmed_stays_bit_for_bit_in_whatever_order_it_is_asked_for(name):
    clip, dice = film_of_noise(), random.Random(1)
    scene, generator = Scene(clip, Looks({}, {})), GENERATORS[name]()
    subjects = [renderer(generator), renderer(generator, 20_000), renderer(generator, 0)]
    kinds_met = set()
    for _ in range(12):
        edits = some_edits(dice)
        conditionings = lambda t, edits=edits: scene.conditioning(edits, t, "footage")  # noqa: E731
        wanted = [rendered.picture for rendered in renderer(generator).frames(conditionings, FRAMES)]
        for t, picture in enumerate(wanted):
            film = conditionings(t).film
            filmed, kept = film.kinds == Kind.FILMED, film.kinds != Kind.MADE_UP
            kinds_met |= set(np.unique(film.kinds).tolist())
            np.testing.assert_array_equal(picture[filmed], clip.pictures[t][filmed])
            np.testing.assert_array_equal(picture[kept], film.picture[kept])
        for t in dice.sample(range(FRAMES), 4):
            # The stores hold frames of edits before: an undo finds them, another edit must not.
            np.testing.assert_array_equal(dice.choice(subjects).final(conditionings, t).picture, wanted[t])
    assert kinds_met == set(Kind) - {Kind.REPEATED}  # its walls have no floors


def test_opening_renders_nothing_and_encodes_no_look(monkeypatch):
    clip, looks = film_of_noise(), CountedLooks()
    scene, generator = Scene(clip, looks), local()
    steps, subject = Steps(monkeypatch, generator), renderer(generator)
    conditionings = lambda t: scene.conditioning((), t, "footage")  # noqa: E731
    assert None not in subject.at_hand(conditionings, FRAMES)
    for rendered in subject.frames(conditionings, FRAMES):
        np.testing.assert_array_equal(rendered.picture, clip.pictures[rendered.t])
    assert (steps.count, looks.asked) == (0, 0)
    assert all(scene.known((), t, "footage") is not None for t in range(FRAMES))


@pytest.mark.parametrize("name", GENERATORS)
def test_only_frames_with_something_to_make_take_a_step(name, monkeypatch):
    scene, generator = Scene(film_of_noise(), Looks({}, {})), GENERATORS[name]()
    steps, subject = Steps(monkeypatch, generator), renderer(generator)
    edits = (swap(2, 5),)
    conditionings = lambda t: scene.conditioning(edits, t, "footage")  # noqa: E731
    assert [subject.steps_to(conditionings, t) for t in range(FRAMES)] == [0, 0, 1, 2, 3, 0, 0]
    list(subject.frames(conditionings, FRAMES))
    assert steps.count == 3
    subject.final(lambda t: scene.conditioning((swap(2, 6),), t, "footage"), 5)
    assert steps.count == 4  # frames 2 to 4 are the same


def test_a_frame_after_film_depends_on_the_film_alone():
    """A roll-out begins anew at film: what was made up before it is forgotten, and keys say so."""
    scene, subject = Scene(film_of_noise(), Looks({}, {})), renderer(local())
    late = stroke(4, 6)
    both = (swap(1, 3), late)
    first = subject.final(lambda t: scene.conditioning(both, t, "footage"), 4)
    alone = subject.final(lambda t: scene.conditioning((late,), t, "footage"), 4)
    one_before = subject.chain(lambda t: scene.conditioning(both, t, "footage"))
    two_before = subject.chain(lambda t: scene.conditioning((late,), t, "footage"))
    assert (len(one_before.film_before(4)), len(two_before.film_before(4))) == (1, 2)
    assert one_before.key(4) != two_before.key(4) and first.t == alone.t == 4
    assert one_before.key(3) == two_before.key(3)


def test_the_history_after_film_is_read_with_its_maps_and_looks():
    """What of the film before says nothing of the frame is not read: another look there, another frame here."""
    clip = film_of_noise()
    looks = {(CAR_ID, CAR): (0.1, 0.2, 0.3)}
    pictures = []
    for own in (looks, {(CAR_ID, CAR): (0.1, 0.2, -0.3)}):
        scene, edits = Scene(clip, Looks(own, {})), (stroke(3, 6), look(3, 6, (0.1, 0.2, 0.3)))
        pictures.append(renderer(local()).final(lambda t, s=scene, e=edits: s.conditioning(e, t, "footage"), 3).picture)
    assert not np.array_equal(*pictures)


def test_the_mode_is_part_of_what_is_kept():
    scene, subject, edits = Scene(film_of_noise(), Looks({}, {})), renderer(local()), (swap(2, 5),)
    kept = subject.final(lambda t: scene.conditioning(edits, t, "footage"), 3).picture
    rendered = subject.final(lambda t: scene.conditioning(edits, t), 3).picture
    assert not np.array_equal(kept, rendered)
    np.testing.assert_array_equal(subject.final(lambda t: scene.conditioning(edits, t, "footage"), 3).picture, kept)


@pytest.mark.parametrize("name", GENERATORS)
def test_the_worker_shows_the_cursor_first_and_publishes_the_same_frames(name):
    clip, events = film_of_noise(), queue.Queue()
    scene, generator = Scene(clip, Looks({}, {})), GENERATORS[name]()
    film = lambda t: scene.conditioning((), t, "footage")  # noqa: E731
    versions = [(), (swap(1, FRAMES),), (swap(1, FRAMES), stroke(0, FRAMES)), (swap(1, FRAMES),)]
    with RenderWorker(renderer(generator)) as worker:
        for revision, edits in enumerate(versions):
            conditionings = lambda t, edits=edits: scene.conditioning(edits, t, "footage")  # noqa: E731
            wanted = [frame.picture for frame in renderer(generator).frames(conditionings, FRAMES)]
            worker.submit(RenderRequest("p", revision, conditionings, FRAMES, 5, events.put, film=film))
            shown: list[FrameReady] = []
            while not isinstance(event := events.get(timeout=30), Done):
                assert isinstance(event, FrameReady)
                shown.append(event)
            assert shown[0].t == 5
            final = {event.t: event.picture for event in shown if event.stage == "final"}
            for t in range(FRAMES):
                np.testing.assert_array_equal(final[t], wanted[t])
            for event in shown:  # a preview keeps the footage too
                kept = conditionings(event.t).film.kinds == Kind.FILMED
                np.testing.assert_array_equal(event.picture[kept], clip.pictures[event.t][kept])


def test_windows_give_the_same_frames_in_whatever_order(monkeypatch):
    """On a clip so large that windows pay: stored, resumed from pictures, or rendered in one go."""
    small = tiny_clip(FRAMES)
    large = {
        name: getattr(small, name).repeat(10, 1).repeat(10, 2) for name in ("labels", "objects", "flow_valid", "flow")
    }
    pictures = np.random.default_rng(5).integers(0, 256, (*large["labels"].shape, 3), np.uint8)
    clip = replace(small, **{**large, "flow": large["flow"] * np.float16(10)}, pictures=pictures)
    box = Mask(box=(10, 200, 30, 220), runs=(0, 400)).model_dump()
    edit = {"kind": "paint", "id": "stroke", "frames": [2, 6], "keyframes": [{"frame": 3, "mask": box}], "to": CAR}
    edits = (parse_edit({**edit, "object": 1_000_000, "motion": {"kind": "still"}}),)
    scene, made = Scene(clip, Looks({}, {})), []
    picture = FilmSteps._picture
    monkeypatch.setattr(FilmSteps, "_picture", lambda *args: made.append(1) or picture(*args))
    conditionings = lambda t: scene.conditioning(edits, t, "footage")  # noqa: E731
    wanted = [rendered.picture for rendered in renderer(local()).frames(conditionings, FRAMES)]
    assert len(made) == 1  # it is made once, and moves along
    for max_bytes in (0, 600_000, 1 << 24):
        subject = renderer(local(), max_bytes)
        for t in (4, 3, 5, 2, 5):
            np.testing.assert_array_equal(subject.final(conditionings, t).picture, wanted[t])
