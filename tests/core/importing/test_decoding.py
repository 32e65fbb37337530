"""Films of all kinds become frames, in a process of its own; what cannot be decoded is a sentence."""

from __future__ import annotations

import os
import sys
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.errors import InputError
from core.evaluation.measures import psnr
from core.importing import decoding
from core.importing.decoder import thumb_file
from core.importing.decoding import Decoded, decode, probe, read_decoded
from core.importing.progress import Cancelled
from core.importing.shape import Shape
from tests.core.importing.films import moving, write_film

SMALL = Shape(width=64, height=32)


def decoded(path: Path, shape: Shape = SMALL) -> Decoded:
    out = path.parent / f"{path.name} decoded"
    out.mkdir()
    decode(path, out, shape)
    return read_decoded(out)


def shows(made: Decoded, pictures: np.ndarray, indices: list[int], shape: Shape = SMALL) -> None:
    """The clip's frames are these of the film, each nearest to itself."""
    place = shape.placement(pictures.shape[2], pictures.shape[1])
    small = [place.picture(picture) for picture in pictures]
    assert made.indices.tolist() == indices and len(made.frames) == len(indices)
    for frame, index in zip(made.frames, indices, strict=True):
        assert psnr(np.asarray(frame), small[index]) > 25
        assert max(range(len(small)), key=lambda other: psnr(np.asarray(frame), small[other])) == index


@pytest.mark.parametrize(
    ("ending", "codec", "pixels"),
    [
        ("mp4", "libx264", "yuv420p"),
        ("mov", "prores_ks", "yuv422p10le"),
        ("webm", "libvpx-vp9", "yuv420p"),
        ("mkv", "ffv1", "yuv420p"),
        ("avi", "mpeg4", "yuv420p"),
        ("mpg", "mpeg2video", "yuv420p"),
        ("ts", "libx264", "yuv420p"),
    ],
)
def test_containers(tmp_path: Path, ending: str, codec: str, pixels: str) -> None:
    pictures = moving(12, 48, 96)
    options = {"b": "2000000"} if codec in ("mpeg4", "mpeg2video") else {}
    path = write_film(tmp_path / f"a.{ending}", pictures, rate=25, codec=codec, pixels=pixels, options=options)
    made = decoded(path)
    shows(made, pictures, list(range(12)))
    assert made.rate == 25


def test_sound_and_a_lower_rate(tmp_path: Path) -> None:
    pictures = moving(30, 90, 160)
    path = write_film(tmp_path / "a.mp4", pictures, sound=True, options={"g": "10"})
    made = decoded(path, Shape(64, 32, start=0.4, stop=0.8, rate=Fraction(15)))
    assert made.rate == 15
    shows(made, pictures, [12, 14, 16, 18, 20, 22])
    assert made.film.frames == 30 and (made.film.width, made.film.height) == (160, 90)


def test_a_varying_rate_is_resampled(tmp_path: Path) -> None:
    times = [0, 40, 80, 120, 160, 400, 440, 480, 520, 560]
    path = write_film(tmp_path / "a.mkv", moving(10, 48, 96), times=times)
    made = decoded(path, Shape(64, 32, rate=Fraction(25)))
    seen = np.array(times)[made.indices]
    assert np.abs(seen - np.arange(len(seen)) * 40).max() <= 120 and seen.max() == 560
    assert any("varies" in note for note in made.film.notes)


def test_what_was_filmed_on_its_side_is_turned(tmp_path: Path) -> None:
    pictures = moving(4, 96, 48)
    path = write_film(tmp_path / "a.mp4", np.rot90(pictures, -1, (1, 2)), rotation=90)
    made = decoded(path, Shape(32, 64))
    assert (made.film.width, made.film.height) == (48, 96)
    shows(made, pictures, [0, 1, 2, 3], Shape(32, 64))


def test_what_is_unusual_is_said(tmp_path: Path) -> None:
    deep = write_film(tmp_path / "a.mov", moving(3, 48, 96), codec="prores_ks", pixels="yuv422p10le")
    assert "10 bits" in str(probe(deep, tmp_path)[0].notes)
    clear = write_film(tmp_path / "b.mov", moving(3, 48, 96), codec="qtrle", pixels="argb")
    assert "transparent" in str(probe(clear, tmp_path)[0].notes)
    woven = write_film(tmp_path / "c.mkv", moving(6, 48, 96), interlaced=True, options={"flags": "+ildct"})
    assert "interlaced" in str(probe(woven, tmp_path)[0].notes)
    plain = write_film(tmp_path / "d.mp4", moving(3, 48, 96))
    facts, _ = probe(plain, tmp_path)
    assert facts.notes == () and not facts.sound
    assert probe(write_film(tmp_path / "e.mp4", moving(3, 48, 96), sound=True), tmp_path)[0].sound


def test_small_pictures_of_some_moments(tmp_path: Path) -> None:
    pictures = moving(9, 180, 320)
    _, seconds = probe(write_film(tmp_path / "a.mp4", pictures, rate=10), tmp_path, thumbs=3)
    assert seconds == (0.0, 0.4, 0.8)
    for number, index in enumerate((0, 4, 8)):
        assert psnr(cv2.imread(str(tmp_path / thumb_file(number)))[..., ::-1], pictures[index]) > 27
    _, seconds = probe(tmp_path / "a.mp4", tmp_path, thumbs=99)
    assert len(seconds) == 9


def test_a_broken_tail_leaves_what_is_before_it(tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (30, 48, 96, 3), dtype=np.uint8)
    for ending in ("mkv", "mp4", "avi"):
        options = {"g": "5"} if ending != "avi" else {"g": "5", "b": "4000000"}
        path = write_film(
            tmp_path / f"a.{ending}", pictures, codec="mpeg4" if ending == "avi" else "libx264", options=options
        )
        data = bytearray(path.read_bytes())
        middle = len(data) * 6 // 10
        data[middle : middle + 4000] = np.random.default_rng(1).bytes(4000)
        path.write_bytes(data)
        made = decoded(path)
        assert 3 <= len(made.frames) < 30 + (ending == "mkv"), ending
        assert made.rate == 30
        # A hole in a Matroska file is skipped; elsewhere nothing after it can be decoded.
        assert any(("missing" if ending == "mkv" else "damaged") in note for note in made.film.notes), ending


def test_a_file_that_was_cut_off(tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (30, 48, 96, 3), dtype=np.uint8)
    path = write_film(tmp_path / "a.mkv", pictures, options={"g": "5"})
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    assert 5 <= len(decoded(path).frames) < 30
    path = write_film(tmp_path / "b.mp4", pictures)  # what says where its frames are stands at its end
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(InputError, match=r"b\.mp4 is no video"):
        probe(path, tmp_path)


@pytest.mark.parametrize(
    "data", [b"", b"not a film", b"\x89PNG\r\n\x1a\n" + b"\0" * 99, b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n/etc/passwd\n"]
)
def test_no_film_at_all(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(data)
    with pytest.raises(InputError):
        probe(path, tmp_path)


def test_sound_alone_is_no_film(tmp_path: Path) -> None:
    import av

    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.int16), format="s16", layout="mono")
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(InputError, match="no pictures"):
        probe(tmp_path / "a.mp4", tmp_path)


def test_folders_of_pictures_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    pictures, folder = moving(11, 48, 96), tmp_path / "frames"
    folder.mkdir()
    for index, picture in enumerate(pictures):
        cv2.imwrite(str(folder / f"frame{index}.png"), picture[..., ::-1])
    (folder / ".hidden.png").write_bytes(b"nothing")
    (folder / "notes.txt").write_text("nothing")
    made = decoded(folder)
    shows(made, pictures, list(range(11)))
    assert made.rate == 12 and any("12" in note for note in made.film.notes)


def test_a_picture_of_another_size_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    for index in range(3):
        cv2.imwrite(str(folder / f"{index}.png"), moving(1, 48, 96 + 2 * (index == 2))[0])
    with pytest.raises(InputError, match=r"2\.png is 98x48"):
        decoded(folder)


def test_a_picture_that_is_a_bomb(tmp_path: Path) -> None:
    """The header alone says that it would take 40 GB."""
    folder = tmp_path / "frames"
    folder.mkdir()
    data = bytearray(cv2.imencode(".png", np.zeros((16, 16, 3), np.uint8))[1].tobytes())
    data[16:24] = (120_000).to_bytes(4, "big") * 2
    import zlib

    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    (folder / "0.png").write_bytes(data)
    with pytest.raises(InputError, match="too large"):
        probe(folder, tmp_path)


def test_cancel_ends_the_process(tmp_path: Path) -> None:
    path = write_film(tmp_path / "a.mp4", moving(5, 48, 96))
    with pytest.raises(Cancelled):
        probe(path, tmp_path, stop=lambda: True, command=[sys.executable, "-c", "input(); input()"])


def test_silence_and_a_sudden_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "SILENT_SECONDS", 0.1)
    path = write_film(tmp_path / "a.mp4", moving(5, 48, 96))
    with pytest.raises(InputError, match="nothing came"):
        probe(path, tmp_path, command=[sys.executable, "-c", "import threading; threading.Event().wait()"])
    with pytest.raises(InputError, match="broke off"):
        probe(path, tmp_path, command=[sys.executable, "-c", "import os; input(); os.abort()"])


@pytest.mark.skipif(sys.platform == "win32", reason="the system has no such limits")
def test_memory_is_bounded(tmp_path: Path) -> None:
    """The limits hold in the process that decodes."""
    code = (
        "from core.importing import decoder\n"
        "decoder._limit(1 << 30, 60)\n"
        "try:\n    bytearray(2 << 30)\nexcept MemoryError:\n    print('refused')\n"
    )
    import subprocess

    root = Path(decoding.__file__).parents[2]
    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    assert said.stdout == "refused\n"
