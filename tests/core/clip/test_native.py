"""The native format: what is written is read again, and every way to be broken is named."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.assets import clip_folders
from core.clip.clip import Clip
from core.clip.native import read_clip, read_label_set, write_clip
from core.clip.png import encode_png
from core.clip.video import write_video
from core.errors import InputError
from tests.pictures import LETTERS, still_clip, tiny_clip


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips") / "tiny"
    write_clip(tiny_clip(), folder)
    return folder


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    """A clip folder of one's own to break."""
    return Path(shutil.copytree(written, tmp_path / "tiny"))


def test_what_is_written_is_read_again(written: Path) -> None:
    clip, again = tiny_clip(), read_clip(written)
    for name in ("labels", "objects", "flow", "flow_valid"):
        expected, found = getattr(clip, name), getattr(again, name)
        if name == "flow":
            expected = np.where(clip.flow_valid[..., None], expected, 0)
        np.testing.assert_array_equal(found, expected, err_msg=name)
    assert (again.label_set, again.rate, again.name) == (clip.label_set, clip.rate, "tiny")
    assert np.abs(again.pictures.astype(int) - clip.pictures).mean() < 6
    assert read_clip(written).hash == again.hash


def test_labels_alone_are_a_clip(tmp_path: Path) -> None:
    clip = dataclasses.replace(still_clip("sss\nrrr", frames=2), rate=Fraction(30000, 1001), credits="Ours, CC BY")
    write_clip(clip, tmp_path / "a")
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["clip.json", "ids", "label_set.json"]
    again = read_clip(tmp_path / "a")
    assert (again.pictures, again.flow, again.flow_valid) == (None, None, None)
    assert (again.rate, again.credits, again.hash) == (clip.rate, clip.credits, clip.hash)


def test_odd_sides(tmp_path: Path) -> None:
    clip = tiny_clip(2, 33, 65)
    write_clip(clip, tmp_path / "a")
    again = read_clip(tmp_path / "a")
    assert again.pictures.shape == clip.pictures.shape
    np.testing.assert_array_equal(again.labels, clip.labels)


def test_flow_beyond_the_format_or_not_a_number_becomes_invalid(tmp_path: Path) -> None:
    clip = tiny_clip(2)
    flow, valid = clip.flow.copy(), np.ones_like(clip.flow_valid)
    flow[1, 0, 0], flow[1, 0, 1], flow[1, 0, 2] = np.nan, 600, -511.5
    write_clip(dataclasses.replace(clip, flow=flow, flow_valid=valid), tmp_path / "a")
    again = read_clip(tmp_path / "a")
    assert again.flow_valid[1, 0, :3].tolist() == [False, False, True]
    assert again.flow[1, 0, :3].tolist() == [[0, 0], [0, 0], [-511.5, -511.5]]
    assert not again.flow_valid[0].any()


def test_the_label_set_may_be_two_folders_above(folder: Path, tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    (folder / "label_set.json").rename(tmp_path / "label_set.json")
    shutil.copytree(folder, deep)
    assert read_clip(deep).label_set == tiny_clip().label_set
    shutil.copytree(folder, deep / "c")
    with pytest.raises(InputError, match=r"no label_set\.json"):
        read_clip(deep / "c")


def test_what_file_managers_leave_behind_does_no_harm(folder: Path) -> None:
    (folder / "ids" / ".DS_Store").write_bytes(b"x")
    (folder / "ids" / "._0001.png").write_bytes(b"x")
    (folder / "ids" / "Thumbs.db").write_bytes(b"x")
    assert len(read_clip(folder)) == 6


def test_shipped_clips_are_whole() -> None:
    folders = clip_folders()
    assert sorted(folders) == ["avenue", "boulevard", "crossing"]
    clip = read_clip(folders["avenue"])
    assert clip.labels.shape == (60, 256, 512)
    assert clip.pictures is not None and "Renderpeople" in clip.credits
    # The flow tells where a pixel was: labels brought by it differ less than labels that stay or go the other way.
    # (What it leaves is disocclusion and leaves.)
    differ = {sign: np.mean([_differing(clip, index, sign) for index in (1, 30, 59)]) for sign in (-1, 0, 1)}
    assert differ[1] < 0.04
    assert differ[1] < differ[0] * 0.6 and differ[1] < differ[-1] * 0.5


def _differing(clip: Clip, index: int, sign: int) -> float:
    """The part of a frame's labels that differ from those that the flow (times `sign`) brings."""
    rows, columns = np.mgrid[: clip.height, : clip.width]
    frame = clip[index]
    source = np.rint(np.stack([columns, rows], -1) + sign * frame.flow).astype(int)
    inside = frame.flow_valid & (source >= 0).all(-1) & (source < (clip.width, clip.height)).all(-1)
    columns, rows = source[..., 0].clip(0, clip.width - 1), source[..., 1].clip(0, clip.height - 1)
    return float((clip[index - 1].labels[rows, columns] != frame.labels)[inside].mean())


def facts(**changes: Any) -> Callable[[Path], None]:
    """A change of clip.json; None removes an entry."""

    def change(folder: Path) -> None:
        data = json.loads((folder / "clip.json").read_text()) | changes
        data = {key: value for key, value in data.items() if value is not None}
        (folder / "clip.json").write_text(json.dumps(data))

    return change


def put(name: str, data: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(data) and None


def put_ids(value: int, height: int = 32, width: int = 64, dtype: type = np.uint16) -> Callable[[Path], None]:
    return put("ids/0003.png", encode_png(np.full((height, width), value, dtype)))


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def damage(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(change((folder / name).read_bytes())) and None


def flipped(data: bytes) -> bytes:
    """One byte in the middle of the packed pixels is another one."""
    middle = data.index(b"IDAT") + (len(data) - data.index(b"IDAT")) // 2
    return data[:middle] + bytes([data[middle] ^ 0x10]) + data[middle + 1 :]


def video(frames: int, height: int = 32, width: int = 64) -> Callable[[Path], None]:
    pictures = np.zeros((frames, height, width, 3), np.uint8)
    return lambda folder: write_video(folder / "frames.mp4", pictures, Fraction(12))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (remove("clip.json"), r"clip\.json is missing"),
        (put("clip.json", b"{"), r"clip\.json is not JSON"),
        (put("clip.json", b"\xff\xfe\x00"), r"clip\.json is not JSON"),
        (put("clip.json", b"[" * 100_000), r"clip\.json is not JSON"),
        (put("clip.json", b"[1]"), r"clip\.json does not hold"),
        (facts(frames=0), r"clip\.json: frames must be"),
        (facts(frames=True), r"clip\.json: frames must be"),
        (facts(frames="6"), r"clip\.json: frames must be"),
        (facts(frames=10**9), r"clip\.json: frames must be"),
        (facts(width=None), r"clip\.json: width must be"),
        (facts(width=4096, height=4096), r"a frame is 4096x4096; frames of up to 4\.2 million pixels"),
        (facts(frames=100, width=2048, height=2048), r"100 frames of 2048x2048 take 5\.1 GB of memory"),
        (video(6, 2048, 32), r"frames\.mp4 is 32x2048, clip\.json says"),
        (facts(fps=0), r"clip\.json: fps"),
        (facts(fps="nan"), r"clip\.json: fps"),
        (facts(fps=[12]), r"clip\.json: fps"),
        (facts(fps="1/0"), r"clip\.json: fps"),
        (facts(fps=None), r"clip\.json: fps"),
        (remove("ids/0002.png"), r"ids lacks 0002\.png; clip\.json says 6"),
        (facts(frames=9), r"lacks 0006\.png, 0007\.png, 0008\.png; clip\.json says 9"),
        (facts(frames=5), r"ids has 0005\.png, but clip\.json says 5"),
        (put("ids/0002 copy.png", b"x"), r"ids has 0002 copy\.png"),
        (lambda folder: shutil.rmtree(folder / "ids"), "ids is missing"),
        (put("ids/0003.png", b""), r"0003\.png is not a PNG"),
        (put("ids/0003.png", b"no picture" * 100), r"0003\.png is not a PNG"),
        (damage("ids/0003.png", lambda data: data[: len(data) // 2]), r"0003\.png is damaged"),
        (damage("ids/0003.png", flipped), r"0003\.png is damaged"),
        (put_ids(1000, width=32), r"0003\.png is 32x32, clip\.json says 64x32"),
        (put_ids(14, dtype=np.uint8), r"0003\.png is not a 16-bit grey PNG"),
        (put_ids(21_000), r"0003\.png has class 21.*test-street"),
        (put_ids(65_535), r"0003\.png has class 65"),
        (facts(width=128), r"0000\.png is 64x32, clip\.json says 128x32"),
        (remove("flow/0004.png"), r"flow lacks 0004\.png"),
        (put("flow/0006.png", b"x"), r"flow has 0006\.png"),
        (damage("flow/0004.png", lambda data: data[:-20]), r"0004\.png is damaged"),
        (put("flow/0004.png", encode_png(np.zeros((32, 64), np.uint16))), r"0004\.png is not a 16-bit RGB PNG"),
        (put("frames.mp4", b"no video" * 1000), r"frames\.mp4 cannot be decoded"),
        (put("frames.mp4", b""), r"frames\.mp4 cannot be decoded"),
        (video(5), r"frames\.mp4 has 5 frames, clip\.json says 6"),
        (video(7), r"frames\.mp4 has more frames than the 6"),
        (video(6, 64, 128), r"frames\.mp4 is 128x64, clip\.json says 64x32"),
        (remove("label_set.json"), r"no label_set\.json"),
        (put("label_set.json", b"{}"), r"label_set\.json: The label set is not readable"),
        (put("label_set.json", b'{"name": "a", "classes": []}'), r"label_set\.json: Label set 'a' has no classes"),
    ],
)
def test_what_is_broken_is_named(folder: Path, change: Callable[[Path], None], problem: str) -> None:
    change(folder)
    with pytest.raises(InputError, match=problem):
        read_clip(folder)


@pytest.mark.parametrize("fps", ["1e99999999", "1E999999", "1/0", "nan", -1, None])
def test_a_rate_that_is_none_is_refused_at_once(folder: Path, fps: object) -> None:
    facts = json.loads((folder / "clip.json").read_text()) | {"fps": fps}
    (folder / "clip.json").write_text(json.dumps(facts))
    with pytest.raises(InputError, match=r"clip\.json: fps must be") as refusal:
        read_clip(folder)
    assert refusal.value.fix


def test_no_folder_at_all(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a folder"):
        read_clip(tmp_path / "nothing")


def test_a_label_set_with_bad_numbers_names_the_file(tmp_path: Path) -> None:
    entry = {"id": "car", "name": "car", "colour": "#000000", "kind": "thing"}
    (tmp_path / "label_set.json").write_text(json.dumps({"name": "a", "classes": [entry]}))
    with pytest.raises(InputError, match=r"label_set\.json"):
        read_label_set(tmp_path / "label_set.json")


def test_writing_never_overwrites(folder: Path) -> None:
    before = read_clip(folder).hash
    with pytest.raises(InputError, match="already there"):
        write_clip(still_clip("s\nr"), folder)
    assert read_clip(folder).hash == before


def test_a_clip_that_cannot_be_numbered_leaves_nothing(tmp_path: Path) -> None:
    clip = still_clip("s" * 40, frames=1)
    objects = np.arange(clip.labels.size, dtype=np.int32).reshape(clip.labels.shape) + 20_000
    with pytest.raises(InputError, match=f"Class {LETTERS['s']} has more than 999 objects"):
        write_clip(dataclasses.replace(clip, objects=objects), tmp_path / "a")
    assert not list(tmp_path.iterdir())
