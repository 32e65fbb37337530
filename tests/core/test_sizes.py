"""Films larger than their label maps: kept at their size, read as they are needed, with made-up pixels brought up."""

from __future__ import annotations

import random
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.clip.clip import Clip
from core.clip.native import read_clip, write_clip
from core.clip.opening import open_clip
from core.clip.sizes import Sizes
from core.clip.video_frames import VideoFrames
from core.conditioning import Kind
from core.errors import InputError
from core.footage.feet import Foot
from core.footage.placing import Place
from core.models.local.network import LocalConfig, LocalGenerator
from core.models.local.runner import LocalRunner
from core.project.edits import Edits, Mask, parse_edit
from core.project.fold import Scene
from core.rendering.network_size import network_size
from core.rendering.renderer import Renderer
from core.rendering.store import FrameStore
from core.styles.looks import Looks
from tests.core.tiny import CAR, CAR_ID, LABELS, ROAD, SKY, tiny_clip

FRAMES = 5
MB = 1 << 20


def large_clip(frames: int = FRAMES, maps: int = 20, film: int = 2, *, wide: bool = True) -> Clip:
    """The tiny clip (32x16), `maps` times as large, with pictures of smooth noise `film` times as large as these.

    wide: cut to 16:9 by leaving rows away, so that with 20 and 2 it is 640x360 in 1280x720.
    """
    small, dice = tiny_clip(frames), np.random.default_rng(3)
    height = maps * (18 if wide else 16)

    def larger(array: np.ndarray) -> np.ndarray:
        repeated = array.repeat(maps, 1).repeat(maps, 2)
        return np.ascontiguousarray(np.pad(repeated, ((0, 0), (0, height - repeated.shape[1]), (0, 0)), "edge"))

    flow = np.stack([larger(small.flow[..., axis]) for axis in range(2)], -1) * np.float16(maps)
    arrays = {name: larger(getattr(small, name)) for name in ("labels", "objects", "flow_valid")}
    coarse = dice.integers(0, 256, (frames, height * film // 8, 32 * maps * film // 8, 3), np.uint8)
    pictures = coarse.repeat(8, 1).repeat(8, 2)
    return replace(small, **arrays, flow=flow, pictures=np.ascontiguousarray(pictures))


LOOKS = {(CAR_ID, CAR): (0.0, 0.0, 0.0), (ROAD * 1000, ROAD): (0.5, 0.1, 0.0), (SKY * 1000, SKY): (0.0, 0.4, -0.3)}


@pytest.fixture(scope="module")
def smaller(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of 512x288 with label maps of half that size."""
    place = tmp_path_factory.mktemp("clips") / "smaller"
    write_clip(large_clip(maps=8), place)
    return place


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of 1280x720 with label maps of half that size."""
    place = tmp_path_factory.mktemp("clips") / "large"
    write_clip(large_clip(), place)
    return place


def renderer(max_bytes: int = 64 * MB, known_pixels: int = 160 * 90) -> Renderer:
    """Of an untrained network that knows frames of 160x90."""
    torch.manual_seed(4)
    network = LocalGenerator(LocalConfig(LABELS.size, width=8, deep_blocks=1))
    torch.nn.init.constant_(network.trunk.head.gain, 0.5)
    return Renderer(LocalRunner(network), "local", FrameStore(max_bytes), known_pixels=known_pixels)


def paint(frames: tuple[int, int], box: tuple[int, int, int, int], to: int, shape: tuple[int, int]) -> object:
    mask = np.zeros(shape, bool)
    mask[box[0] : box[2], box[1] : box[3]] = True
    keyframes = [{"frame": frames[0], "mask": Mask.from_array(mask).model_dump()}]
    fields = {"kind": "paint", "id": "paint", "frames": frames, "to": to, "keyframes": keyframes}
    return parse_edit(fields | {"motion": {"kind": "still"}})


def edits_of(clip: Clip) -> dict[str, Edits]:
    """Edits of all kinds of pixel, by name."""
    target = {"frames": (1, FRAMES), "target": {"object": CAR_ID}}
    return {
        "paint": (paint((1, 4), (10, 40, 60, 200), CAR, (clip.height, clip.width)),),
        "removal": (parse_edit({"kind": "set_class", "id": "away", "to": "surroundings"} | target),),
        "look": (parse_edit({"kind": "set_style", "id": "look", "label": CAR, "code": (0.3, 0.1, -0.2)} | target),),
        "move": (
            parse_edit(
                {"kind": "move", "id": "by", "object": CAR_ID, "frame": 2, "by": (-30, 6)} | {"frames": (1, FRAMES)}
            ),
        ),
    }


def test_what_is_read_as_it_is_needed_is_what_is_held(folder: Path) -> None:
    held, opened = read_clip(folder), open_clip(folder, held=0)
    assert not isinstance(opened.pictures, np.ndarray) and opened.sizes == Sizes((360, 640), (720, 1280))
    order = [*range(FRAMES), 3, 0, 4, 1]
    for t in order:
        for name in ("labels", "objects", "pictures", "flow", "flow_valid"):
            np.testing.assert_array_equal(getattr(opened, name)[t], getattr(held, name)[t], name)
    assert opened.hash == held.hash and opened.colours == held.colours
    assert isinstance(open_clip(folder).pictures, np.ndarray)
    np.testing.assert_array_equal(held.small_pictures[0].shape, (360, 640, 3))


def check_filmed(clip: Clip, film: np.ndarray, name: str, known_pixels: int) -> None:
    """That only what an edit changes is another picture, and the same one whoever asks for it."""
    edits, scene, subject = edits_of(clip)[name], Scene(clip, Looks(LOOKS, {})), renderer(known_pixels=known_pixels)
    conditionings = lambda t: scene.conditioning(edits, t, "footage")  # noqa: E731
    met: set[int] = set()
    wanted = []
    for rendered in subject.frames(conditionings, FRAMES):
        kinds, picture = conditionings(rendered.t).film.kinds, rendered.picture
        met |= set(np.unique(kinds).tolist())
        kept = kinds == Kind.FILMED
        assert picture.shape == film.shape[1:]
        np.testing.assert_array_equal(picture[kept], film[rendered.t][kept])
        assert np.array_equal(picture, film[rendered.t]) == kept.all()
        wanted.append(picture)
    expected = {"paint": Kind.MADE_UP, "removal": Kind.MADE_UP, "look": Kind.REDRESSED, "move": Kind.PLATE}
    assert {Kind.FILMED, expected[name]} <= met
    for other, t in ((subject, 2), (renderer(0, known_pixels), 3)):
        np.testing.assert_array_equal(other.final(conditionings, t).picture, wanted[t])


def test_filmed_pixels_are_the_film_at_1280x720(folder: Path) -> None:
    film = read_clip(folder).pictures
    assert film.shape[1:] == (720, 1280, 3)
    check_filmed(open_clip(folder, held=0), film, "paint", 160 * 90)


@pytest.mark.parametrize("name", ["removal", "look", "move"])
def test_filmed_pixels_are_the_film_whatever_is_edited(smaller: Path, name: str) -> None:
    check_filmed(open_clip(smaller, held=0), read_clip(smaller).pictures, name, 64 * 36)


def test_an_edit_ends_where_its_labels_end(folder: Path) -> None:
    """Of a stroke exactly the film's pixels under it, and the margin, are made up: two for each label pixel."""
    clip = open_clip(folder, held=0)
    scene = Scene(clip, Looks({}, {}))
    kinds = scene.conditioning(edits_of(clip)["paint"], 2, "footage").film.kinds
    rows, columns = np.nonzero(kinds == Kind.MADE_UP)
    margin = 2 * 3
    assert (rows.min(), rows.max() + 1) == (20 - margin, 120 + margin)
    assert (columns.min(), columns.max() + 1) == (80 - margin, 400 + margin)


def test_rendered_frames_are_brought_up_too(folder: Path) -> None:
    clip = open_clip(folder, held=0)
    scene, subject = Scene(clip, Looks({}, {})), renderer()
    conditionings = lambda t: scene.conditioning((), t)  # noqa: E731
    small = subject.at_network_size(conditionings(1))
    assert small.labels.shape == (90, 160) and small.film is None
    np.testing.assert_allclose(small.flow[small.flow_valid].min(), -10)  # two pixels of the tiny clip, five times
    pictures = [rendered.picture for rendered in subject.frames(conditionings, 3)]
    assert pictures[0].shape == (720, 1280, 3)
    # It is kept as it was made: 160x90.
    assert subject.store.usage.used < 3 * (160 * 90 * 3 + 160 * 96 * 80)
    np.testing.assert_array_equal(renderer(0).final(conditionings, 2).picture, pictures[2])


def test_memory_of_a_large_clip_is_bounded(tmp_path: Path) -> None:
    """Opened, edited in every frame and read to the end: the frames together would take many times as much."""
    many, most = 24, 5 * MB
    write_clip(large_clip(many, 8), tmp_path / "many")
    assert many * (512 * 288 * 3 + 256 * 144 * 10) > 3 * most
    tracemalloc.start()
    try:
        clip = open_clip(tmp_path / "many", held=0, cached=MB)
        scene, subject = Scene(clip, Looks({}, {})), renderer(8 * MB, 64 * 36)
        edits = (paint((0, many), (10, 40, 60, 200), SKY, (clip.height, clip.width)),)
        scene.measure(1)
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        for t in range(many):
            assert clip.pictures[t].shape == (288, 512, 3) and clip.flow[t].shape == (144, 256, 2)
            assert scene.conditioning((), t, "footage").is_film
        read, peak = tracemalloc.get_traced_memory()
        assert read - before < 1.5 * MB and peak - before < most
        chain = subject.chain(lambda t: scene.conditioning((), t, "footage"))
        assert None not in [subject.final_at_hand(chain, t) for t in range(many)]
        assert subject.store.usage.used == 0  # film is not kept a second time
        pictures = [rendered.kept for rendered in subject.frames(lambda t: scene.conditioning(edits, t, "footage"), 3)]
        # Of an edited frame only what is not film is kept.
        assert all(kept.nbytes < 512 * 288 * 3 // 3 for kept in pictures)
    finally:
        tracemalloc.stop()


def test_a_video_is_decoded_from_the_nearest_keyframe(tmp_path: Path) -> None:
    write_clip(large_clip(40, 4, 1, wide=False), tmp_path / "clip")
    video, film = VideoFrames(tmp_path / "clip" / "frames.mp4"), read_clip(tmp_path / "clip").pictures
    order = list(range(40))
    random.Random(2).shuffle(order)
    for t in [39, 0, *order]:
        np.testing.assert_array_equal(video.picture(t), film[t])
    (tmp_path / "clip" / "frames.mp4").write_bytes(b"another file")
    with pytest.raises(InputError, match="changed"):
        video.picture(3)


@pytest.mark.parametrize(
    ("film", "fits"), [((720, 1280), True), ((360, 640), True), ((180, 320), False), ((720, 640), False)]
)
def test_pictures_are_as_large_as_maps_or_larger_in_proportion(film: tuple[int, int], fits: bool) -> None:
    clip = replace(large_clip(1), pictures=None)
    pictures = np.zeros((1, *film, 3), np.uint8)
    if fits:
        assert replace(clip, pictures=pictures).sizes.film == film
        return
    with pytest.raises(InputError, match="in the same proportion"):
        replace(clip, pictures=pictures)


@pytest.mark.parametrize("pair", [((4, 6), (8, 12)), ((4, 6), (10, 15)), ((5, 7), (5, 7)), ((9, 16), (72, 128))])
def test_sizes_of_maps_and_film(pair: tuple[tuple[int, int], tuple[int, int]]) -> None:
    """Whichever way a pixel of the film is looked up, it lies in the same pixel of the maps."""
    sizes = Sizes(*pair)
    maps = np.arange(pair[0][0] * pair[0][1]).reshape(pair[0])
    large = sizes.enlarged(maps)
    rows, columns = np.mgrid[: pair[1][0], : pair[1][1]].astype(np.float64)
    x, y = sizes.to_maps(columns, rows)
    np.testing.assert_array_equal(large, maps[np.rint(y).astype(int), np.rint(x).astype(int)])
    back = sizes.to_film(x, y)
    np.testing.assert_allclose(back[0], columns)
    box = (1, 2, 4, 5)
    top, left, bottom, right = sizes.box(box)
    np.testing.assert_array_equal(sizes.part(maps[1:4, 2:5], box), large[top:bottom, left:right])
    place = Place.between(Foot(3, 2, 4), Foot(1.5, 3, 6))
    there = sizes.to_film(*place.of(x, y))
    np.testing.assert_allclose(there, place.at(sizes).of(columns, rows))


def test_the_size_that_a_network_is_given() -> None:
    table = {
        (256, 512): (256, 512),
        (360, 640): (360, 640),
        (540, 960): (270, 480),
        (720, 1280): (240, 427),
        (1080, 1920): (270, 480),
        (512, 1024): (256, 512),
        (16, 32): (16, 32),
    }
    assert {maps: network_size(maps) for maps in table} == table
    assert network_size((1024, 2048), None) == (1024, 2048)


def test_labels_of_an_edited_frame_keep_their_size(smaller: Path) -> None:
    clip = open_clip(smaller, held=0)
    maps = Scene(clip, Looks({}, {})).maps(edits_of(clip)["removal"], 2)
    assert maps.labels.shape == (144, 256) and not (maps.labels == CAR).any()
    assert set(np.unique(maps.labels)) == {ROAD, SKY}
