"""The sound of a film: where it stays, that it stays in step, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from core.clip.native import SOUND_FILE, read_clip, write_clip
from core.clip.sound import Sound, has_sound, keep_sound
from core.clip.video import VideoWriter, write_video
from core.errors import InputError
from tests.core.tiny import tiny_clip
from tests.sounds import EVERY, bursts, seconds_of_sound, write_sounding_film

START, SECONDS = 1.1, Fraction(3, 2)
# What begins after START and before its end, counted from START.
EXPECTED = [0.15 + number * EVERY for number in range(6)]
FORMS = {"mp4": "aac", "mkv": "libopus", "ts": "aac", "mov": "pcm_s16le", "avi": "pcm_s16le"}
GREY = np.full((32, 64, 3), 90, np.uint8)


@pytest.mark.parametrize("ending", FORMS)
def test_sound_is_cut_and_stays_in_step(tmp_path: Path, ending: str) -> None:
    film = write_sounding_film(tmp_path / f"film.{ending}", FORMS[ending])
    note = keep_sound(film, tmp_path / "kept.m4a", START, SECONDS)
    with VideoWriter(tmp_path / "made.mp4", Fraction(30000, 1001), 64, 32, sound=tmp_path / "kept.m4a") as video:
        for _ in range(45):
            video.write(GREY)
    # The film's own codec, where an mp4 may hold it.
    wanted = "opus" if ending == "mkv" else "aac"
    assert ("kept as AAC" in note) == FORMS[ending].startswith("pcm")
    for made in ("kept.m4a", "made.mp4"):
        name, found = bursts(tmp_path / made)
        assert name == wanted
        np.testing.assert_allclose([time for time in found if time < 1.45], EXPECTED, atol=0.003)
        assert seconds_of_sound(tmp_path / made) == pytest.approx(1.5, abs=0.03)


def test_a_copy_has_the_same_packets(tmp_path: Path) -> None:
    film = write_sounding_film(tmp_path / "film.mp4", "aac", seconds=1)
    assert keep_sound(film, tmp_path / "kept.m4a", 0, Fraction(1)) == ""
    assert payloads(tmp_path / "kept.m4a") == payloads(film)


def payloads(path: Path) -> list[bytes]:
    import av

    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(container.streams.audio[0]) if packet.size]


def test_a_clip_keeps_its_sound_on_the_disk(tmp_path: Path) -> None:
    film = write_sounding_film(tmp_path / "film.mp4", "aac", seconds=1)
    write_clip(replace(tiny_clip(6), sound=film), tmp_path / "clip")
    clip = read_clip(tmp_path / "clip")
    assert clip.sound == tmp_path / "clip" / SOUND_FILE and clip.hash == read_clip(tmp_path / "clip").hash
    assert seconds_of_sound(clip.sound) == pytest.approx(float(6 / clip.rate), abs=0.03)
    write_clip(clip, tmp_path / "again")
    assert payloads(tmp_path / "again" / SOUND_FILE) == payloads(clip.sound)


def test_sound_beside_the_pictures_counts_too(tmp_path: Path) -> None:
    """A clip's folder that was made by hand."""
    clip = tiny_clip(6)
    assert clip.pictures is not None
    write_clip(clip, tmp_path / "clip")
    assert read_clip(tmp_path / "clip").sound is None
    film = write_sounding_film(tmp_path / "film.mp4", "aac", seconds=1)
    write_video(tmp_path / "clip" / "frames.mp4", clip.pictures, clip.rate, sound=film)
    assert read_clip(tmp_path / "clip").sound == tmp_path / "clip" / "frames.mp4"


def test_no_sound_is_no_error_and_what_is_none_is(tmp_path: Path) -> None:
    write_video(tmp_path / "silent.mp4", [GREY], Fraction(12))
    assert keep_sound(tmp_path / "silent.mp4", tmp_path / "kept.m4a", 0, Fraction(1)) == ""
    assert not (tmp_path / "kept.m4a").exists()
    (tmp_path / "noise.mp4").write_bytes(b"no film at all" * 50)
    assert not has_sound(tmp_path / "noise.mp4") and not has_sound(tmp_path / "missing.mp4")
    with pytest.raises(InputError, match="cannot be read"), Sound(tmp_path / "noise.mp4"):
        pass
    with pytest.raises(InputError, match="cannot be read"):
        write_video(tmp_path / "made.mp4", [GREY], Fraction(12), sound=tmp_path / "noise.mp4")
    assert not (tmp_path / "made.mp4").exists()


def test_a_playlist_is_no_sound(tmp_path: Path) -> None:
    film = write_sounding_film(tmp_path / "film.mp4", "aac", seconds=1)
    (tmp_path / "list.mp4").write_text(f"ffconcat version 1.0\nfile {film}\n")
    assert not has_sound(tmp_path / "list.mp4")
