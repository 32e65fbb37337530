"""A film and its labels are inspected before anything is made of them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.__main__ import app
from core.errors import InputError
from core.importing.decoder import thumb_file
from core.importing.inspecting import inspect_film, read_findings
from core.importing.stages import Importing, Wish, work_folder
from tests.core.importing.films import moving, write_film
from tests.core.importing.test_import import CAR, OURS, SMALL, Brightness, Heard, street


def inspected(wish: Wish, out: Path, heard: Heard | None = None) -> tuple[Path, dict]:
    folder = inspect_film(wish, out, OURS, heard or Heard(), lambda: False)
    return folder, read_findings(folder)


def test_what_a_film_is(tmp_path: Path) -> None:
    path, out, heard = write_film(tmp_path / "a.mp4", moving(9, 48, 96), rate=10, sound=True), tmp_path / "own", Heard()
    folder, found = inspected(Wish(path), out, heard)
    film = found["film"]
    assert (film["width"], film["height"], film["frames"], film["sound"]) == (96, 48, 9, True)
    assert film["sentence"] == "96x48, 10 frames a second, 9 frames, 0.9 s, with sound"
    assert found["labels"] is None and len(found["thumbs"]) == 9 and (folder / thumb_file(8)).exists()
    assert heard.stages == ["inspect"] and not out.exists()
    # It is not done again.
    again = Heard()
    assert inspected(Wish(path), out, again)[1] == found and again.stages == []


def test_labels_are_recognised_and_the_import_goes_on_from_there(tmp_path: Path) -> None:
    street(tmp_path / "there")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for file in sorted((tmp_path / "there").rglob("*.*")):
            archive.write(file, f"there/{file.relative_to(tmp_path / 'there')}")
    out, wish = tmp_path / "own", Wish(tmp_path / "a.zip", SMALL)
    _, found = inspected(wish, out)
    labels = found["labels"]
    assert "clip" in labels["sentence"] and (labels["frames"], labels["width"], labels["height"]) == (8, 64, 32)
    by_name = {entry["name"]: entry for entry in labels["classes"]}
    assert by_name["car"]["target"] == CAR and by_name["car"]["why"] == "name"
    assert sum(entry["share"] for entry in labels["classes"]) == pytest.approx(1, abs=0.01)
    assert labels["classes"][0]["name"] == "road"
    heard = Heard()
    Importing(wish, out, Brightness, OURS, heard).run()
    assert "unpack" not in heard.stages and heard.stages[0] == "decode"


def test_labels_that_are_not_wanted(tmp_path: Path) -> None:
    street(tmp_path / "there")
    _, found = inspected(Wish(tmp_path / "there", form="none"), tmp_path / "own")
    assert found["labels"] is None and found["film"]["frames"] == 8


def test_labels_in_a_zip_of_their_own(tmp_path: Path) -> None:
    street(tmp_path / "there")
    with zipfile.ZipFile(tmp_path / "labels.zip", "w") as archive:
        for file in sorted((tmp_path / "there").rglob("*.*")):
            archive.write(file, file.relative_to(tmp_path / "there"))
    wish = Wish(tmp_path / "there" / "frames.mp4", SMALL, labels=tmp_path / "labels.zip")
    _, found = inspected(wish, tmp_path / "own")
    assert found["labels"]["frames"] == 8


def test_what_is_no_film_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no film")
    with pytest.raises(InputError, match="no video"):
        inspected(Wish(tmp_path / "a.mp4"), tmp_path / "own")
    assert not list(work_folder(tmp_path / "own").glob("inspect-*"))


def test_it_is_said_on_the_command_line(tmp_path: Path) -> None:
    street(tmp_path / "there")
    made = CliRunner().invoke(app, ["import", str(tmp_path / "there"), "-o", str(tmp_path / "own"), "--inspect"])
    assert made.exit_code == 0 and "Film: 64x32" in made.stderr and "Labels:" in made.stderr
    assert not (tmp_path / "own").exists()
