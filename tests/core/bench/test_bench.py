"""The bench command's figures on a tiny clip: they are all there, under the names that are promised."""

from __future__ import annotations

import numpy as np
import pytest

from core.bench.command import Figures, as_json, as_table, measure
from core.bench.published import PublishedSpeed
from core.bench.subject import Subject
from core.checkpoint import load_checkpoint
from core.clip.label_set import LabelClass, LabelSet
from core.models.local.dirty import changed_labels
from tests.core.tiny import LABELS, tiny_checkpoint, tiny_clip

TOWN = LabelSet("town", (*LABELS, LabelClass(3, "building", (70, 70, 70), "thing")))


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    path = tiny_checkpoint(tmp_path_factory.mktemp("bench") / "tiny.safetensors", label_set=TOWN)
    return Subject(load_checkpoint(path), tiny_clip(8, label_set=TOWN), 8)


@pytest.fixture(scope="module")
def figures(subject: Subject) -> Figures:
    published = PublishedSpeed(plain_seconds=(6.0, 8.0), ours_seconds=(1.0, 2.0), psnr_db=50.0)
    return measure(subject, rounds=2)._replace(published=published)


def test_every_figure_is_there(figures: Figures):
    result = as_json(figures)
    assert set(result) == {
        "machine", "limit", "reference", "dense", "first_edited_frame_ms", "local_edit", "style_change", "undo_ms",
        "footage", "cached_mb_per_frame",
    }  # fmt: skip
    assert set(result["limit"]) == {"bf16_tflops", "float32_tflops"}
    assert set(result["reference"]) == {"plain_seconds_per_frame", "ours_seconds_per_frame", "speedup", "psnr_db"}
    assert set(result["dense"]) == {"fps", "gmac_per_frame", "share_of_limit"}
    assert set(result["style_change"]) == {"speedup", "psnr_db"}
    for entry in result["local_edit"]:
        assert set(entry) == {"share", "frames", "work", "speedup", "psnr_db"}
    assert [entry["frames"] for entry in result["local_edit"]] == [4, 8] * 4
    for entry in result["footage"]:
        assert set(entry) == {"edit", "share", "made_up", "speedup", "first_edited_frame_ms"}
        assert 0 < entry["made_up"] < 0.9 and entry["speedup"] > 0 and entry["first_edited_frame_ms"] > 0
    numbers = [result["undo_ms"], result["first_edited_frame_ms"], *result["limit"].values(), *result["dense"].values()]
    assert all(np.isfinite(number) and number > 0 for number in numbers)


def test_medians_are_of_ratios_taken_in_the_same_round(figures: Figures):
    assert as_json(figures)["reference"]["speedup"] == pytest.approx((6 / 1 + 8 / 2) / 2)


def test_the_table_has_a_line_for_each(figures: Figures):
    assert as_table(figures, "here").row_count == 2 + 3 + 2 + 1 + len(figures.cases) + 2 * len(figures.footage) + 2


def test_a_stroke_changes_about_as_much_as_it_is_asked_to(subject: Subject):
    stroke, changed = subject.painted(0.1)
    edited = subject.under(stroke)
    shares = [changed_labels(edited(t), subject.plain(t)).mean() for t in range(subject.frames)]
    assert changed == pytest.approx(np.mean(shares)) and 0.03 < changed < 0.3


def test_multiplications_are_counted_on_the_network_that_renders(subject: Subject):
    assert 0 < subject.gmac() < 0.1
