"""How a video codes its colours: kept from film to clip to what is made of it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from core.clip.colours import BT601, BT709, Colours
from core.clip.native import read_clip, write_clip
from core.clip.video import read_colours, write_video
from tests.core.tiny import tiny_clip
from tests.videos import read_video

PATCHES = np.array([(200, 30, 40), (20, 180, 60), (30, 60, 220), (128, 128, 128), (250, 250, 250), (3, 3, 3)], np.uint8)
PICTURE = np.repeat(np.repeat(PATCHES[None], 32, 0), 16, 1)
CODED = {
    "ITU-709": Colours(),
    "ITU-601": Colours(BT601, primaries=BT601, transfer=BT601),
    "full range": Colours(full=True),
    "full range of telephones": Colours(5, True, 5, 6),
    "wide": Colours(9, False, 9, 14),
    "high dynamic range": Colours(9, False, 9, 16),
}


@pytest.mark.parametrize("name", CODED)
def test_colours_come_back_however_they_are_coded(tmp_path: Path, name: str) -> None:
    write_video(tmp_path / "a.mp4", [PICTURE] * 2, Fraction(30000, 1001), colours=CODED[name])
    again, rate = read_video(tmp_path / "a.mp4")
    assert np.abs(again[0, 16, 8::16].astype(int) - PATCHES).max() <= 4
    assert read_colours(tmp_path / "a.mp4") == CODED[name] and rate == Fraction(30000, 1001)


def test_a_clip_keeps_them(tmp_path: Path) -> None:
    clip = tiny_clip(3)
    assert clip.pictures is not None
    write_clip(clip, tmp_path / "clip")
    write_video(tmp_path / "clip" / "frames.mp4", clip.pictures, clip.rate, colours=CODED["full range"])
    write_clip(read_clip(tmp_path / "clip"), tmp_path / "again")
    assert read_clip(tmp_path / "again").colours == CODED["full range"]


def test_what_is_not_known_becomes_what_is_usual() -> None:
    assert Colours(matrix=0, primaries=-3, transfer=999) == Colours(BT709, False, 2, 2)


def test_a_frame_is_left_as_it_was() -> None:
    frame = av.VideoFrame.from_ndarray(PICTURE, format="rgb24").reformat(format="yuv420p")
    frame.color_primaries, frame.color_trc = 9, 16
    Colours.of(frame).picture(frame)
    assert (frame.color_primaries, frame.color_trc) == (9, 16)
