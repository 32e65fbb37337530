"""`core evaluate`: what it measures, prints and writes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner, Result

from core.__main__ import app
from core.clip.clip import Clip
from core.clip.native import write_clip
from core.errors import InputError
from core.evaluation.evaluate import Eyes, evaluate
from core.evaluation.evaluation_network import load_evaluation_network, save_evaluation_network
from core.evaluation.page import write_page
from core.evaluation.plots import lines
from core.evaluation.report import Section, keep_report, kept_report
from core.evaluation.subjects import NearestFrame
from core.evaluation.tables import grids, like_paper, section_grid
from core.evaluation.video.frames_in_time import FramesInTime
from core.evaluation.video.windows import Windows
from core.models.segmenter import Segmenter
from tests.core.tiny import LABELS, tiny_checkpoint, tiny_clip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips, two checkpoints and an evaluation network."""
    folder = tmp_path_factory.mktemp("place")
    for name, frames in (("a", 6), ("b", 4)):
        write_clip(replace(tiny_clip(frames), name=name), folder / "clips" / name)
    tiny_checkpoint(folder / "one.safetensors")
    tiny_checkpoint(folder / "two.safetensors", seed=1)
    torch.manual_seed(0)
    network = Segmenter(LABELS.size)
    with torch.no_grad():
        network(torch.rand(4, 3, 32, 32) * 2 - 1)
    save_evaluation_network(folder / "network.safetensors", network, LABELS, {})
    return folder


@pytest.fixture(scope="module")
def eyes(place: Path) -> Eyes:
    network = load_evaluation_network(place / "network.safetensors")
    return Eyes(network, [FramesInTime(network.hash)], Windows(3, 1))


class Film:
    """Shows the film, darker by some levels."""

    hash = ""

    def __init__(self, darker: int = 0, name: str = "film") -> None:
        self.name, self._darker = name, darker

    def check(self, clip: Clip) -> None: ...

    def frames(self, clip: Clip) -> Iterator[np.ndarray]:
        assert clip.pictures is not None
        yield from clip.pictures - np.minimum(clip.pictures, self._darker).astype(np.uint8)


def run(place: Path, *words: object) -> Result:
    given = ["evaluate", place / "clips", "--evaluation", place / "network.safetensors", *words]
    return CliRunner(env={"COLUMNS": "200", "TERM": "dumb"}).invoke(app, [str(word) for word in given])


def refused(result: Result, words: str) -> None:
    assert result.exit_code == 2 and "Traceback" not in result.output
    assert words in result.stderr.strip().splitlines()[-1]


def test_the_film_itself_is_0_away_and_what_is_darker_is_not(eyes):
    clips = [replace(tiny_clip(6), name="a"), replace(tiny_clip(4), name="b")]
    film, dark, darker = evaluate(clips, [Film(), Film(20), Film(60)], eyes).rows
    (name,) = film.video
    assert film.video[name].value == pytest.approx(0, abs=1e-6) and film.video[name].interval[1] < 1e-6
    assert film.frames and film.frames.value == pytest.approx(0, abs=1e-6)
    assert (
        film.all["ssim"] == pytest.approx(1, abs=1e-4)
        and film.all["feature_distance"] == film.all["temporal_difference"] == 0
    )
    assert film.all["psnr"] is None  # infinite: JSON has no such number
    assert 0 < dark.video[name].value < darker.video[name].value
    assert dark.all["psnr"] > darker.all["psnr"] and set(dark.clips) == {"a", "b"}
    share, (low, high) = dark.video[name].below(darker.video[name])
    assert 0 < low <= share <= high < 1


def test_a_copy_of_the_nearest_training_frame(place, eyes):
    copied, film = evaluate([tiny_clip(4)], [NearestFrame(place / "clips"), Film()], eyes).rows
    # The training clips show the very same label maps; their pictures went through a video file.
    assert copied.all["psnr"] is None or copied.all["psnr"] > 25
    assert copied.all["label_agreement"] == pytest.approx(film.all["label_agreement"], abs=0.1)


def test_frames_of_another_size_are_copied_scaled(place):
    clip = tiny_clip(2)
    large = Clip(
        "large", LABELS, clip.labels.repeat(2, 1).repeat(2, 2), clip.objects.repeat(2, 1).repeat(2, 2), clip.rate
    )
    assert [picture.shape for picture in NearestFrame(place / "clips").frames(large)] == [(32, 64, 3)] * 2


def test_checkpoints_are_measured_printed_and_written(place, tmp_path):
    files = {"json": tmp_path / "out.json", "html": tmp_path / "out.html"}
    words = [word for name in ("one", "two") for word in ("--checkpoint", place / f"{name}.safetensors")]
    words += ["--nearest", place / "clips", "--window", 3, "--stride", 1]
    result = run(place, *words, "--json", files["json"], "--html", files["html"])
    assert result.exit_code == 0, result.output
    assert "video Fréchet" in result.stdout and "two.safetensors" in result.stdout
    written = json.loads(files["json"].read_text())
    nearest, one, two = written["rows"]
    assert nearest["name"] == "nearest training frame" and one["hash"] != two["hash"]
    assert one["all"]["psnr"] == pytest.approx(np.mean([clip["psnr"] for clip in one["clips"].values()]))
    assert len(one["video"]["frames in time"]["draws"]) == 200 and "pictures" not in one
    page = files["html"].read_text()
    assert not re.search(r"""src=(?!"data:)|href=(?!"#)|https?://|@import|<script""", page)
    # Labels, film and three rows, of two clips: four frames of each, and a strip but for the labels.
    assert page.count("<img ") == 2 * (5 * 4 + 4)


def test_the_layout_of_the_paper(place):
    words = [word for name in ("one", "two") for word in ("--checkpoint", place / f"{name}.safetensors")]
    result = run(place, *words, "--like", "paper", "--frames", 4, "--window", 3, "--stride", 1)
    assert result.exit_code == 0, result.output
    said = " ".join(result.stdout.split())  # wherever the caption is broken
    assert "Table 1" in said and "vid2vid 4.66 / 0.15" in said and "PSNR" not in said


def test_names_from_outside_are_text_on_the_page(eyes, tmp_path):
    clip = replace(tiny_clip(4), name="<b>x</b>")
    report = evaluate([clip], [Film(5, "<script>alert(1)</script>"), Film()], eyes)
    write_page(tmp_path / "page.html", report, [like_paper(report)])
    page = (tmp_path / "page.html").read_text()
    assert "<script" not in page and "<b>x" not in page and "&lt;script&gt;" in page


def test_lines_are_told_apart_and_one_far_above_does_not_press_the_others_flat(eyes, tmp_path):
    report = evaluate([tiny_clip(4)], [Film(10 * darker, f"row {darker}") for darker in range(10)], eyes)
    write_page(tmp_path / "page.html", report)
    page = (tmp_path / "page.html").read_text()
    # Ten rows and eight colours: the ninth and tenth lines are dashed, in plots and in the key above them.
    keys = re.findall(r'<span class="key">.*?class="(line c\d d\d)"', page)
    assert len(set(keys)) == len(report.rows) == 10 and keys[8] == "line c0 d1"
    assert page.count(keys[8]) > 1

    def heights(*values: float) -> tuple[list[float], bool]:
        drawn = lines({str(value): [(0, 0), (1, value)] for value in values}, "x", "y")
        ends = [float(end) for end in re.findall(r'L[\d.]+ ([\d.]+)" class="line', drawn)]
        return ends, "+</text>" in drawn

    (one, two, far), cut = heights(1, 2, 100)
    bottom, top = 146, 8
    assert cut and far == top and bottom - one == pytest.approx((bottom - top) / 5, abs=0.1)
    assert bottom - two == pytest.approx(2 * (bottom - one), abs=0.2)
    assert heights(1, 2, 4)[1] is False and heights(3)[0] == [top]


def test_columns_of_sentences_are_read_from_the_left():
    section = Section(title="t", note="", columns=["", "what", "n"], rows=[["a", "a still", "12"], ["b", "", 3.0]])
    assert section_grid(section).words == {0}


def test_a_report_is_kept_whole(eyes, tmp_path):
    report = evaluate([tiny_clip(4)], [Film(5), Film()], eyes)
    keep_report(tmp_path / "kept.json", report)
    assert kept_report(tmp_path / "kept.json") == report
    (tmp_path / "kept.json").write_text("{}")
    with pytest.raises(InputError, match="Delete it"):
        kept_report(tmp_path / "kept.json")


def test_the_best_of_a_column_is_marked(eyes):
    report = evaluate([tiny_clip(4)], [Film(60, "dark"), Film(5, "near")], eyes)
    pictures = next(grid for grid in grids(report) if grid.title == "Pictures")
    for (_, dark), (_, near) in [pictures.rows]:
        assert near[pictures.heads.index("PSNR dB")].best and not dark[pictures.heads.index("PSNR dB")].best
        assert near[pictures.heads.index("feature distance")].best


def test_one_frame_has_no_distribution(eyes):
    (row,) = evaluate([tiny_clip(4)], [Film()], eyes, frames=1).rows
    assert row.video == {} and row.frames is None and row.all["warping_error"] is None


def test_what_cannot_be_used_ends_in_a_sentence(place, tmp_path):
    one = place / "one.safetensors"
    refused(run(place), "--checkpoint")
    refused(run(place, "--checkpoint", tmp_path / "no.safetensors"), "There is no checkpoint")
    refused(run(place, "--checkpoint", one, "--checkpoint", one), "named twice")
    refused(run(place, "--checkpoint", one, "--like", "vogue"), "--like paper")
    refused(run(place, "--checkpoint", one, "--window", 1), "--window 2")
    refused(run(place, "--checkpoint", one, "--video-network", "i3d"), "i3d=FILE")
    refused(run(place, "--nearest", tmp_path), "no clip")
    for words, said in ((("--edits", tmp_path), "There is no pair"), (("--swap", "car=lorry"), "lorry")):
        result = run(place, "--checkpoint", one, *words)
        refused(result, said)
        assert "to do" not in result.stderr  # nothing was rendered for it


def test_the_same_weights_with_another_past(place, tmp_path):
    words = (
        "--checkpoint",
        place / "one.safetensors",
        "--past",
        "none",
        "--past",
        "warped",
        "--window",
        3,
        "--stride",
        1,
    )
    result = run(place, *words, "--json", tmp_path / "out.json")
    assert result.exit_code == 0, result.output
    blended, alone, warped = json.loads((tmp_path / "out.json").read_text())["rows"]
    assert alone["name"].endswith("one.safetensors, past none") and len({blended["hash"], alone["hash"]}) == 2
    # A still that is warped is what changes least along the flow; a first frame has no past.
    errors = [row["all"]["warping_error"] for row in (blended, alone, warped)]
    assert len(set(errors)) == 3 and min(errors) == errors[2]
    assert len({row["courses"]["a"]["psnr"][0] for row in (blended, alone, warped)}) == 1
    refused(run(place, "--checkpoint", place / "one.safetensors", "--past", "rosy"), "Give one of")


def test_looks_and_swaps_are_measured_with_the_clips(place):
    result = run(place, "--checkpoint", place / "one.safetensors", "--looks", "--swap", "car=sky", "--window", 3)
    assert result.exit_code == 0, result.output
    assert "Looks: whether a code does what it says" in result.stdout and "all car made sky" in result.stdout
    assert "a: 6 to do" in result.stderr and "b: car made sky, " in result.stderr


def test_clips_that_cannot_be_compared_are_refused(eyes):
    with pytest.raises(InputError, match="never filmed"):
        evaluate([tiny_clip(filmed=False)], [Film()], eyes)
    with pytest.raises(InputError, match="Two clips are called"):
        evaluate([tiny_clip(), tiny_clip()], [Film()], eyes)
    with pytest.raises(InputError, match="no clip to evaluate"):
        evaluate([], [Film()], eyes)
