"""What of a film is kept for the videos that are made of its clip: sound, rate, colours."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from core.clip.colours import Colours
from core.clip.native import SOUND_FILE
from core.clip.video import write_video
from core.importing.decoding import decode, read_decoded
from core.importing.shape import Shape
from core.importing.stages import Wish
from tests.core.importing.films import moving, write_film
from tests.core.importing.test_import import imported
from tests.sounds import EVERY, bursts, seconds_of_sound, write_sounding_film

NTSC = Fraction(30000, 1001)


def test_sound_rate_and_colours_of_an_imported_film(tmp_path: Path) -> None:
    film = write_sounding_film(tmp_path / "film.mp4", "aac", rate=NTSC)
    clip = imported(Wish(film, Shape(64, 32, start=1.0, stop=2.0)), tmp_path / "clip")
    assert clip.rate == NTSC and clip.sound == tmp_path / "clip" / SOUND_FILE
    # The first frame at or after second 1 is frame 30, at 1.001 s.
    name, found = bursts(clip.sound)
    assert name == "aac" and seconds_of_sound(clip.sound) == pytest.approx(len(clip) / NTSC, abs=0.03)
    np.testing.assert_allclose(
        [time for time in found if 0.1 < time < 0.95], np.arange(1, 4) * EVERY - 0.001, atol=0.003
    )


def test_full_range_stays_full_range(tmp_path: Path) -> None:
    coded = Colours(full=True)
    write_video(tmp_path / "film.mp4", moving(4, 32, 64), Fraction(12), colours=coded)
    clip = imported(Wish(tmp_path / "film.mp4", Shape(64, 32)), tmp_path / "clip")
    assert clip.colours == coded and clip.sound is None


def test_a_film_with_damaged_sound_is_one_without(tmp_path: Path) -> None:
    """Of a kind that nobody knows."""
    film = write_sounding_film(tmp_path / "film.mkv", "pcm_s16le", seconds=1)
    data = film.read_bytes()
    place = data.index(b"A_PCM/INT/LIT")
    film.write_bytes(data[:place] + b"A_PCM/INT/XXX" + data[place + 13 :])
    folder = tmp_path / "decoded"
    folder.mkdir()
    decode(film, folder, Shape(64, 32))
    decoded = read_decoded(folder)
    assert len(decoded.frames) == 25 and decoded.sound is None
    assert any("sound" in note for note in decoded.film.notes)


def test_pictures_have_no_sound(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", moving(4, 32, 64))
    (tmp_path / "decoded").mkdir()
    decode(film, tmp_path / "decoded", Shape(64, 32))
    assert read_decoded(tmp_path / "decoded").sound is None
