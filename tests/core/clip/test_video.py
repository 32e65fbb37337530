"""Video files: what comes back, what browsers need, and what is refused."""

from __future__ import annotations

import os
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from core.clip.video import VideoReader, VideoWriter, write_video
from core.errors import InputError
from core.evaluation.measures import psnr
from tests.videos import read_video


def moving(frames: int, height: int = 64, width: int = 96) -> np.ndarray:
    """Colour ramps that move: each frame is nearest to itself."""
    rows, columns = np.mgrid[:height, :width]
    make = [
        np.stack([rows * 3, columns * 2, np.abs((rows + columns + 12 * index) % 160 - 80)], -1)
        for index in range(frames)
    ]
    return np.stack(make).astype(np.uint8)


def noise(frames: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (frames, 128, 256, 3), dtype=np.uint8)


def test_frames_come_back_in_order(tmp_path: Path) -> None:
    pictures = moving(7)
    write_video(tmp_path / "a.mp4", iter(pictures), Fraction(12))
    again, rate = read_video(tmp_path / "a.mp4")
    assert (again.shape, again.dtype, rate) == (pictures.shape, np.uint8, 12)
    for index, picture in enumerate(again):
        assert psnr(picture, pictures[index]) > 35
        assert max(range(7), key=lambda other: psnr(picture, pictures[other])) == index


def test_colours_keep_their_level(tmp_path: Path) -> None:
    """Also with a decoder that has the defaults: the file says which matrix it was made with."""
    patches = np.array([(200, 30, 40), (20, 180, 60), (30, 60, 220), (128, 128, 128), (250, 250, 250)], np.uint8)
    picture = np.repeat(np.repeat(patches[None], 32, 0), 16, 1)
    write_video(tmp_path / "a.mp4", [picture] * 2, Fraction(25))
    with av.open(str(tmp_path / "a.mp4")) as container:
        plain = next(container.decode(video=0)).to_ndarray(format="rgb24")
    for decoded in (plain, read_video(tmp_path / "a.mp4")[0][0]):
        middles = decoded[16, 8::16].astype(int)
        assert np.abs(middles - patches).max() <= 4


def test_what_browsers_play(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", moving(5), Fraction(30000, 1001))
    data = (tmp_path / "a.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        assert (context.name, context.pix_fmt, stream.frames) == ("h264", "yuv420p", 5)
        assert stream.average_rate == Fraction(30000, 1001)
        tags = (context.colorspace, context.color_primaries, context.color_trc, context.color_range)
        assert tags == (1, 1, 1, 1)  # BT.709, limited range


def test_odd_sides_are_padded_with_their_border(tmp_path: Path) -> None:
    picture = moving(1, 33, 47)[0]
    write_video(tmp_path / "a.mp4", [picture], Fraction(12))
    again = read_video(tmp_path / "a.mp4")[0][0]
    assert again.shape == (34, 48, 3)
    assert psnr(again[:33, :47], picture) > 33
    assert psnr(again[:33, 47], picture[:, -1]) > 30


def test_the_same_pictures_make_the_same_file(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        write_video(tmp_path / name, moving(4), Fraction(12))
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_the_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError, match="cancelled"), VideoWriter(path, Fraction(12), 96, 64) as video:
        video.write(moving(1)[0])
        raise RuntimeError("cancelled")
    assert path.read_bytes() == b"old"
    assert [found.name for found in tmp_path.iterdir()] == ["a.mp4"]


def test_a_full_disk_keeps_the_old_file(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="only Unix limits the size of files")
    path = tmp_path / "a.mp4"
    path.write_bytes(b"old")
    pictures = noise(12)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(InputError, match=r"a\.mp4.*disk is full"):
            write_video(path, pictures, Fraction(12))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"old"
    assert [found.name for found in tmp_path.iterdir()] == ["a.mp4"]


def test_the_encoder_holds_fewer_frames_of_large_films(tmp_path: Path) -> None:
    """It says in the file how it was set."""
    for width, height, held in ((96, 64, 40), (1920, 1080, 11)):
        write_video(tmp_path / "a.mp4", moving(1, height, width), Fraction(12))
        assert f"rc_lookahead={held} ".encode() in (tmp_path / "a.mp4").read_bytes()


def test_no_frames_no_video(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least one frame"):
        write_video(tmp_path / "a.mp4", [], Fraction(12))
    with pytest.raises(InputError, match="at least one frame"), VideoWriter(tmp_path / "a.mp4", Fraction(12), 96, 64):
        pass
    with pytest.raises(InputError, match="frames a second"):
        write_video(tmp_path / "a.mp4", moving(1), Fraction(0))
    assert not list(tmp_path.iterdir())


def test_frames_of_another_size_are_a_defect(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="promised"):
        write_video(tmp_path / "a.mp4", [moving(1)[0], moving(1, 32, 32)[0]], Fraction(12))


@pytest.mark.parametrize(("packet", "before"), [(0, 0), (1, 0), (6, 0), (11, 0), (1, 9000), (6, 9000), (11, 9000)])
def test_a_damaged_frame_does_not_pass_for_a_good_one(tmp_path: Path, packet: int, before: int) -> None:
    """At the end too, where the decoder would only give fewer frames. What is damaged is a whole packet, which no
    decoder takes, and bytes before it: of a part alone the decoder may make a picture.
    """
    path = tmp_path / "a.mp4"
    write_video(path, noise(12), Fraction(12))
    with av.open(str(path)) as container:
        start, size = [(found.pos, found.size) for found in container.demux(video=0) if found.size][packet]
    data = bytearray(path.read_bytes())
    damaged = slice(start - before, start + size)
    data[damaged] = bytes(value ^ 0x55 for value in data[damaged])
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"a\.mp4.*(cannot be decoded|damaged)"):
        read_video(path)


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    for name, data in (("text.mp4", b"hello" * 100), ("empty.mp4", b"")):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match=f"{name} cannot be decoded"):
            read_video(tmp_path / name)
    with pytest.raises(InputError, match="is missing"):
        read_video(tmp_path / "missing.mp4")


def test_sizes_are_refused_before_a_frame_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one colour, a hundred frames of 4096x4096 are a file of 0.1 MB."""
    write_video(tmp_path / "a.mp4", (np.zeros((4096, 4096, 3), np.uint8) for _ in range(1)), Fraction(12))
    monkeypatch.setattr(VideoReader, "_frames", lambda _: pytest.fail("decoded"))
    with pytest.raises(InputError, match="4096x4096; frames of up to"):
        read_video(tmp_path / "a.mp4")


def test_frames_that_grow_on_the_way_are_refused(tmp_path: Path) -> None:
    """Two streams of H.264, one after the other in one file: the second has larger frames."""
    path = tmp_path / "a.ts"
    with av.open(str(path), "w", format="mpegts") as container:
        stream = container.add_stream("libx264", rate=12)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        larger = av.CodecContext.create("libx264", "w")
        larger.width, larger.height, larger.pix_fmt, larger.time_base = 2048, 1024, "yuv420p", Fraction(1, 12)
        for index, (encoder, height, width) in enumerate([(stream, 64, 96), (larger, 1024, 2048)]):
            frame = av.VideoFrame.from_ndarray(np.zeros((height, width, 3), np.uint8), format="rgb24")
            for packet in [*encoder.encode(frame), *encoder.encode(None)]:
                packet.stream, packet.pts, packet.dts, packet.time_base = stream, index, index, Fraction(1, 12)
                container.mux(packet)
    with pytest.raises(InputError, match=r"a\.ts.*(cannot be decoded|damaged)"):
        read_video(path)


@pytest.mark.skipif(sys.platform == "win32", reason="no such files there")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.mp4")
    with pytest.raises(InputError, match="not a regular file"):
        read_video(tmp_path / "a.mp4")


def test_a_list_of_other_files_is_no_video(tmp_path: Path) -> None:
    """Players open what a playlist names, wherever that is."""
    write_video(tmp_path / "a.mp4", moving(2), Fraction(12))
    for name, text in (
        ("b.mp4", f"ffconcat version 1.0\nfile {tmp_path / 'a.mp4'}\n"),
        ("c.mp4", f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{tmp_path / 'a.mp4'}\n#EXT-X-ENDLIST\n"),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(InputError, match="cannot be decoded"):
            read_video(tmp_path / name)


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "a.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(InputError, match="no pictures"):
        read_video(path)
