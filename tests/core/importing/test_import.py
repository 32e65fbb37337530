"""A film becomes a clip: in stages, each kept; on the command line; with labels and without."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from core.__main__ import app
from core.assets import default_label_set
from core.clip.clip import Clip
from core.clip.label_set import LabelSet
from core.clip.native import read_clip, read_label_set, write_clip
from core.clip.sizes import Sizes
from core.errors import InputError
from core.importing import stages
from core.importing.progress import Cancelled, Progress
from core.importing.shape import Shape
from core.importing.stages import Importing, Wish, work_folder
from core.labelling.labeller import Labelled
from tests.core.importing.films import moving, write_film

OURS = read_label_set(default_label_set())
ROAD, SKY, CAR = (OURS.by_name(name).id for name in ("road", "sky", "car"))
SMALL = Shape(64, 32)


class Brightness:
    """A labeller that takes what is bright for a car, on a road."""

    name, domain, hash = "brightness", "For tests.", "0" * 16
    label_set: LabelSet = OURS

    def read(self, picture: np.ndarray) -> Labelled:
        bright = picture.min(-1) > 180
        found = np.full((OURS.size, *bright.shape), 0.001, np.float32)
        found[CAR], found[ROAD] = np.where(bright, 0.9, 0.05), np.where(bright, 0.05, 0.9)
        return Labelled(found)

    def told(self) -> list[str]:
        return ["Told at the end."]


class Heard:
    """A report that remembers."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.notes: list[str] = []

    def show(self, progress: Progress) -> None:
        assert 0 <= progress.done <= progress.of
        if progress.stage not in self.stages:
            self.stages.append(progress.stage)

    def note(self, text: str) -> None:
        self.notes.append(text)


def imported(wish: Wish, out: Path, heard: Heard | None = None) -> Clip:
    Importing(wish, out, Brightness, OURS, heard or Heard()).run()
    assert not work_folder(out).exists() and not list(out.parent.glob(".*part"))
    return read_clip(out)


def street(folder: Path, count: int = 8) -> Clip:
    """A clip of 64x32 with two cars, one of which drives, and its film."""
    labels = np.full((count, 32, 64), ROAD, np.uint8)
    labels[:, :10] = SKY
    objects = labels.astype(np.int32) * 1000
    for t in range(count):
        labels[t, 14:22, 4 + 3 * t : 16 + 3 * t] = CAR
        objects[t, 14:22, 4 + 3 * t : 16 + 3 * t] = CAR * 1000 + 7
    labels[:, 25:31, 50:60] = CAR
    objects[:, 25:31, 50:60] = CAR * 1000 + 2
    pictures = np.ascontiguousarray(OURS.palette()[labels])
    clip = Clip(folder.name, OURS, labels, objects, Fraction(12), pictures)
    write_clip(clip, folder)
    return clip


def test_a_film_is_labelled_and_opens(tmp_path: Path) -> None:
    heard = Heard()
    path = write_film(tmp_path / "a.mp4", moving(12, 90, 160), sound=True)
    clip = imported(Wish(path, SMALL), tmp_path / "own", heard)
    assert (len(clip), clip.width, clip.height, clip.rate, clip.name) == (12, 64, 32, 30, "own")
    assert clip.flow is not None and clip.pictures is not None
    # One bar, one object, in every frame.
    cars = [
        set(np.unique(objects[labels == CAR]).tolist())
        for labels, objects in zip(clip.labels, clip.objects, strict=True)
    ]
    assert all(one == {CAR * 1000 + 1} for one in cars)
    assert any("brightness" in note and "For tests." in note for note in heard.notes)
    assert "Told at the end." in heard.notes
    about = json.loads((tmp_path / "own" / "import.json").read_text())
    assert len(about["confidence"]) == 12 and about["source"] == "a.mp4"


def test_three_frames(tmp_path: Path) -> None:
    path = write_film(tmp_path / "a.mp4", moving(3, 48, 96), rate=2)
    assert len(imported(Wish(path, SMALL), tmp_path / "own")) == 3


def test_padding_is_void(tmp_path: Path) -> None:
    path = write_film(tmp_path / "a.mp4", moving(3, 64, 64))
    clip = imported(Wish(path, Shape(64, 32, "pad")), tmp_path / "own")
    assert (clip.labels[:, :, :16] == 0).all() and (clip.labels[:, :, 17:47] != 0).all()


def test_labels_that_lie_beside_the_film_keep_their_objects(tmp_path: Path) -> None:
    there = street(tmp_path / "there")
    clip = imported(Wish(tmp_path / "there", SMALL), tmp_path / "own")
    np.testing.assert_array_equal(clip.labels, there.labels)
    np.testing.assert_array_equal(clip.objects % 1000 > 0, there.objects % 1000 > 0)
    for thing in np.unique(there.objects).tolist():
        assert len(np.unique(clip.objects[there.objects == thing])) == 1


def test_labels_follow_the_frames_that_are_taken(tmp_path: Path) -> None:
    there = street(tmp_path / "there", 12)
    wish = Wish(
        tmp_path / "there" / "frames.mp4",
        Shape(64, 32, start=0.25, stop=0.75, rate=Fraction(6)),
        labels=tmp_path / "there",
    )
    clip = imported(wish, tmp_path / "own")
    np.testing.assert_array_equal(clip.labels, there.labels[[3, 5, 7]])


def test_labels_of_another_film(tmp_path: Path) -> None:
    street(tmp_path / "there")
    longer = write_film(tmp_path / "a.mp4", moving(11, 32, 64))
    with pytest.raises(InputError, match="8 label maps; the film has 11 frames"):
        imported(Wish(longer, SMALL, labels=tmp_path / "there"), tmp_path / "own")
    wider = write_film(tmp_path / "b.mp4", moving(8, 32, 96))
    with pytest.raises(InputError, match="64x32, the film is 96x32"):
        imported(Wish(wider, SMALL, labels=tmp_path / "there"), tmp_path / "own2")
    assert not (tmp_path / "own").exists() and not (tmp_path / "own2").exists()


def test_a_zip_of_frames(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for index, picture in enumerate(moving(5, 48, 96)):
            archive.writestr(f"clip/{index}.png", cv2.imencode(".png", picture[..., ::-1])[1].tobytes())
    heard = Heard()
    clip = imported(Wish(tmp_path / "a.zip", SMALL), tmp_path / "own", heard)
    assert len(clip) == 5 and clip.rate == 12 and "unpack" in heard.stages


def test_what_is_finished_is_kept(tmp_path: Path) -> None:
    path, out, heard = write_film(tmp_path / "a.mp4", moving(6, 48, 96)), tmp_path / "own", Heard()

    def stop() -> bool:
        return "labels" in heard.stages

    with pytest.raises(Cancelled):
        Importing(Wish(path, SMALL), out, Brightness, OURS, heard, stop).run()
    assert not out.exists() and work_folder(out).exists()
    again = Heard()
    assert len(imported(Wish(path, SMALL), out, again)) == 6
    assert again.stages == ["labels", "objects", "write"]


def test_another_wish_begins_anew(tmp_path: Path) -> None:
    path, out, heard = write_film(tmp_path / "a.mp4", moving(6, 48, 96)), tmp_path / "own", Heard()
    with pytest.raises(Cancelled):
        Importing(Wish(path, SMALL), out, Brightness, OURS, heard, lambda: "motion" in heard.stages).run()
    clip = imported(Wish(path, Shape(64, 32, stop=0.1)), out)
    assert len(clip) == 3


def test_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_film(tmp_path / "a.mp4", moving(6, 48, 96))

    class Full(Heard):
        def show(self, progress: Progress) -> None:
            if progress.stage == "labels":
                raise OSError(28, "No space left on device", str(tmp_path))

    from core.files import NotWritten

    with pytest.raises(NotWritten, match="full"):
        Importing(Wish(path, SMALL), tmp_path / "own", Brightness, OURS, Full()).run()
    assert not (tmp_path / "own").exists()


def test_what_is_there_is_never_replaced(tmp_path: Path) -> None:
    path = write_film(tmp_path / "a.mp4", moving(3, 48, 96))
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "diary.txt").write_text("dear")
    with pytest.raises(InputError, match="already there"):
        imported(Wish(path, SMALL), tmp_path / "own")
    assert (tmp_path / "own" / "diary.txt").read_text() == "dear"


def run(*words: object) -> Result:
    return CliRunner(env={"COLUMNS": "200", "TERM": "dumb"}).invoke(app, [str(word) for word in words])


def test_the_command_line(tmp_path: Path) -> None:
    path = write_film(tmp_path / "a.mp4", moving(4, 48, 96))
    result = run("import", path, "-o", tmp_path / "own", "--size", "64x32", "--name", "My street")
    assert result.exit_code == 0, result.output
    assert "rendered street scenes" in result.stderr
    assert read_clip(tmp_path / "own").name == "My street"
    for words in (["--size", "5x32"], ["--fit", "fill"], ["--rate", "fast"], ["--stop", "0"]):
        refused = run("import", path, "-o", tmp_path / "other", *words)
        assert refused.exit_code == 2 and "Traceback" not in refused.output
    assert run("import", tmp_path / "none.mp4", "-o", tmp_path / "other").exit_code == 2
    assert not (tmp_path / "other").exists()


def test_a_named_labeller_is_taken_and_one_that_is_none_told(tmp_path: Path) -> None:
    street(tmp_path / "there", 3)
    words = ["import", tmp_path / "there", "--size", "64x32"]
    result = run(*words, "-o", tmp_path / "own", "--labeller", "shipped")
    assert result.exit_code == 0, result.output
    assert "a labeller was named" in result.stderr and "shipped label network" in result.stderr
    (tmp_path / "bad.onnx").write_bytes(b"none")
    (tmp_path / "names.txt").write_text("road\nsky\n")
    for more in (
        ["--labeller", "magic:x"],
        ["--labeller", "shipped", "--labels", tmp_path / "there"],
        ["--labeller", "shipped", "--form", "plain"],
        ["--labeller", f"onnx:{tmp_path / 'bad.onnx'}", "--classes", tmp_path / "names.txt"],
        ["--labeller", "torchvision:fcn_resnet50", "--labeller-weights", tmp_path / "bad.onnx"],
        ["--labeller", tmp_path / "gone.safetensors"],
        ["--labeller", "shipped", "--classes", tmp_path / "names.txt"],
        ["--labeller", "shipped", "--device", "abacus"],
        ["--motion", "magic"],
        ["--motion", f"raft:{tmp_path / 'bad.onnx'}"],
    ):
        refused = run(*words, "-o", tmp_path / "other", *more)
        assert refused.exit_code == 2 and "Traceback" not in refused.output, more
    assert not (tmp_path / "other").exists()


def test_a_program_is_told_of_a_licence(tmp_path: Path) -> None:
    path = write_film(tmp_path / "a.mp4", moving(3, 48, 96))
    # As the page asks: labels that lie beside the film are not read.
    words = ["import", path, "-o", tmp_path / "own", "--size", "64x32", "--labeller", "torchvision:fcn_resnet50"]
    words += ["--form", "none"]
    result = subprocess.run(
        [sys.executable, "-m", "core", *map(str, words), "--json"],
        cwd=Path(stages.__file__).parents[2],
        env={**os.environ, "TORCH_HOME": str(tmp_path / "torch")},
        input="",
        capture_output=True,
        text=True,
        check=False,
    )
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.returncode == 2 and [event["event"] for event in events] == ["licence", "failed"]
    assert events[0]["link"].startswith("https://") and "--agree" in events[1]["fix"]
    # Before anything else was done.
    assert not work_folder(tmp_path / "own").exists() and not (tmp_path / "torch").exists()


def test_for_programs_and_the_end_of_its_input(tmp_path: Path) -> None:
    path = write_film(tmp_path / "a.mp4", moving(4, 48, 96))
    words = [sys.executable, "-m", "core", "import", str(path), "-o", str(tmp_path / "own"), "--size", "64x32"]
    root = Path(stages.__file__).parents[2]
    with subprocess.Popen(
        [*words, "--json"], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ}
    ) as process:
        assert process.stdout is not None
        events = [json.loads(line) for line in process.stdout]
    assert events[-1]["event"] == "done" and events[-1]["frames"] == 4
    assert {event["stage"] for event in events if event["event"] == "progress"} >= {"motion", "labels", "write"}
    shutil.rmtree(tmp_path / "own")
    ended = subprocess.run([*words, "--json"], cwd=root, input="", capture_output=True, text=True, check=False)
    assert json.loads(ended.stdout.splitlines()[-1])["event"] == "cancelled"
    assert not (tmp_path / "own").exists()


@pytest.mark.parametrize(("film", "maps"), [((720, 1280), (360, 640)), ((90, 162), (90, 162))])
def test_a_film_keeps_its_own_size(tmp_path: Path, film: tuple[int, int], maps: tuple[int, int]) -> None:
    """Labels and motion of a large one have half of it."""
    pictures = moving(2, *film)
    path = write_film(tmp_path / "a.mkv", pictures, codec="ffv1", pixels="bgr0")
    clip = imported(Wish(path, Shape(own=True)), tmp_path / "own")
    assert clip.sizes == Sizes(maps, film) and clip.flow.shape == (2, *maps, 2)
    assert np.abs(clip.pictures[1].astype(int) - pictures[1]).mean() < 3
    bright = pictures[1].min(-1) > 180
    assert (clip.sizes.enlarged(clip.labels[1] == CAR) != bright).mean() < 0.002  # its outline
