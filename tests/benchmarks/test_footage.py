"""The figures of docs/footage.md: what is compared with what, on pictures of which the answer is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.redressing import Redressed, figures
from core.evaluation.true_edits import Pair, compared, scores
from core.project.draft import Removed
from core.project.edits import ObjectTarget
from tests.core.tiny import CAR_ID, tiny_clip


@pytest.fixture(scope="module")
def pair() -> Pair:
    """A clip, and the same with a duller car: that is taken for the true street."""
    filmed = tiny_clip(4)
    assert filmed.pictures is not None
    true = np.where((filmed.objects == CAR_ID)[..., None], filmed.pictures // 2 + 60, filmed.pictures)
    return Pair(filmed, replace(filmed, pictures=true.astype(np.uint8)), Removed((ObjectTarget(object=CAR_ID),)))


def test_an_edit_is_scored_inside_around_and_farther_out(pair: Pair) -> None:
    frames = range(len(pair.true))
    inside = [pair.areas(t).inside[..., None] for t in frames]
    ways = {
        "inpainting": [pair.film(t) for t in frames],
        "ten too bright": [pair.wanted(t) + np.uint8(10) * inside[t] for t in frames],
        "true street": [pair.wanted(t) for t in frames],
    }
    found = {way: scores(pair, pictures) for way, pictures in ways.items()}
    assert found["ten too bright"].psnr["inside"] == pytest.approx(10 * np.log10(255**2 / 100), abs=0.01)
    assert found["ten too bright"].psnr["ring"] == found["true street"].psnr["inside"] == np.inf
    table = compared(found)
    assert table["ten too bright"]["PSNR inside"] == "28.1 dB" and table["true street"]["PSNR inside"] == "equal"
    above = found["ten too bright"].psnr["inside"] - found["inpainting"].psnr["inside"]
    assert table["ten too bright"]["above inpainting"] == f"{above:+.1f} dB"
    assert table["true street"]["of the true street's"] in ("1.00", "")


def test_lines_of_redressed_cars() -> None:
    lines = figures([Redressed(10.0, 0.95), Redressed(20.0, 0.8), Redressed(30.0, 1.0)])
    assert list(lines.values()) == ["3", "2", "10.0, 20.0", "2", "0.80, 0.95"]
