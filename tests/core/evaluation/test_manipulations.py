"""Looks, swaps of whole classes, and edits against true edits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import core.headless.render
from core.clip.clip import Clip
from core.clip.native import write_clip
from core.errors import InputError
from core.evaluation.evaluate import Eyes, evaluate
from core.evaluation.evaluation_network import EvaluationNetwork, Reading, save_evaluation_network
from core.evaluation.looks import LooksTried
from core.evaluation.silhouettes import Silhouettes, Swap
from core.evaluation.subjects import Rendered
from core.evaluation.true_edits import edit_section, read_pairs, scores
from core.evaluation.video.windows import Windows
from core.headless.progress import unheard
from core.models.segmenter import Segmenter
from tests.core.tiny import CAR, LABELS, ROAD, SKY, tiny_checkpoint, tiny_clip


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    return Rendered.load(tiny_checkpoint(tmp_path_factory.mktemp("checkpoint") / "tiny.safetensors"), "tiny")


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> EvaluationNetwork:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("network") / "network.safetensors"
    return save_evaluation_network(path, Segmenter(LABELS.size), LABELS, {})


def large_clip() -> Clip:
    """The tiny clip four times as large, with a second car in it."""
    clip = tiny_clip(3)
    parts = {part: getattr(clip, part).repeat(4, 1).repeat(4, 2) for part in ("labels", "objects", "pictures", "flow")}
    parts["objects"] = np.where(parts["objects"] == 1000, 1000, parts["objects"]).astype(np.int32)
    for part, value in (("labels", CAR), ("objects", 2002), ("pictures", (250, 10, 10))):
        parts[part][:, 32:52, 80:120] = value
    return replace(clip, flow_valid=clip.flow_valid.repeat(4, 1).repeat(4, 2), **parts)


def test_a_code_changes_its_thing_and_nothing_far_from_it(subject, network):
    tried = LooksTried([subject], network)
    (line,) = tried.section([tried.on_clip(large_clip(), 3, unheard)]).rows
    name, count, moved, others, obeyed, diversity = line
    assert (name, count) == ("tiny", "2")
    # The tiny network's colours follow codes as they are; what is beside a thing reads it within some pixels.
    assert moved > 5 and others < moved / 10 and diversity > 0
    assert obeyed is None or obeyed > 0.5


def test_looks_of_a_checkpoint_without_any_are_not_measured(subject, network):
    bare = Rendered("bare", replace(subject.checkpoint, mixtures={}))
    tried = LooksTried([bare], network)
    assert tried.section([tried.on_clip(large_clip(), 3, unheard)]).rows == [["bare", "0", None, None, None, None]]


class Oracle:
    """Reads labels from the colours of `flat` renders."""

    label_set, hash = LABELS, "oracle"

    def read(self, picture: np.ndarray) -> Reading:
        distance = np.abs(picture[..., None, :].astype(int) - LABELS.palette()[: LABELS.size].astype(int)).sum(-1)
        features = torch.from_numpy(picture.copy()).permute(2, 0, 1).float()
        return Reading(distance.argmin(-1).astype(np.uint8), [features])


@pytest.mark.parametrize(("read_as", "shares"), [(SKY, (1, 0)), (CAR, (0, 1)), (ROAD, (0, 0))])
def test_shares_of_what_a_swap_is_read_as(subject, monkeypatch, read_as, shares):
    def swapped(self: Rendered, clip: Clip, edits: tuple) -> Iterator[np.ndarray]:
        """Labels in their colours, as if the generator had drawn another class where it was to draw sky."""
        return (LABELS.palette()[np.where(labels == CAR, read_as, labels)] for labels in clip.labels)

    monkeypatch.setattr(Rendered, "edited", swapped)
    oracle, clip = Oracle(), tiny_clip(3)
    silhouettes = Silhouettes([subject], oracle, Swap("car", "sky"))
    for t, labels in enumerate(clip.labels):
        seen = oracle.read(LABELS.palette()[labels])
        silhouettes.on_frame(clip, t, seen, {subject.name: seen})
    (line,) = silhouettes.section([silhouettes.on_clip(clip, 3, unheard)]).rows
    assert tuple(line[1:5]) == (*shares, 1, 1)
    # Without the swap the renders are the film itself.
    assert line[6] == pytest.approx(0, abs=1e-6)


def test_renders_and_looks_are_made_once_for_all_that_is_measured(subject, network, monkeypatch):
    encoded: list[str] = []
    encode = core.headless.render.encode_looks
    monkeypatch.setattr(
        core.headless.render, "encode_looks", lambda encoder, clip: encoded.append(clip.name) or encode(encoder, clip)
    )
    again = Rendered("again", subject.checkpoint)
    subjects = [subject, again]
    swaps = [Silhouettes(subjects, network, Swap("car", other)) for other in ("sky", "road")]
    besides = [LooksTried(subjects, network), *swaps]
    clip, heard = large_clip(), list[tuple[str, int, int]]()
    report = evaluate(
        [clip], subjects, Eyes(network, [], Windows()), besides=besides, progress=lambda *part: heard.append(part)
    )
    assert encoded == [clip.name] * 2  # once for each checkpoint
    for section in report.sections[1:]:
        # What is not swapped is the clip's own render.
        assert [line[-1] for line in section.rows] == [row.frames.value for row in report.rows]
    parts = [what for what, done, _ in heard if done == 0]
    assert len(parts) == len(set(parts)) == 1 + 2 + 2 * 2
    assert all((what, total, total) in heard for what, done, total in heard if done == 0)


def test_swaps_are_read(network):
    assert Swap.parse("car = sky") == Swap("car", "sky")
    for text in ("car", "car=", "=sky", "car=car"):
        with pytest.raises(InputError, match="vegetation=building"):
            Swap.parse(text)
    with pytest.raises(InputError, match="lorry"):
        Silhouettes([], network, Swap("lorry", "sky"))


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """The tiny clip as w1, and the same street without its car as e1_nocars."""
    film = tiny_clip(4)
    away = film.labels == CAR
    true = replace(
        film,
        labels=np.where(away, ROAD, film.labels).astype(np.uint8),
        objects=np.where(away, 0, film.objects).astype(np.int32),
        pictures=np.where(away[..., None], LABELS.palette()[ROAD], film.pictures).astype(np.uint8),
    )
    write_clip(film, tmp_path / "clips" / "w1")
    write_clip(true, tmp_path / "pairs" / "e1_nocars")
    facts = tmp_path / "pairs" / "e1_nocars" / "clip.json"
    facts.write_text(json.dumps(json.loads(facts.read_text()) | {"hidden": ["car"]}))
    return tmp_path


def test_the_true_street_is_equal_and_the_film_is_not_inside(pairs):
    ((name, pair),) = read_pairs(pairs / "pairs", pairs / "clips")
    frames = range(len(pair.true))
    true, film = (scores(pair, map(shown, frames)) for shown in (pair.wanted, pair.film))
    assert name == "e1_nocars" and true.psnr["inside"] == true.psnr["ring"] == float("inf")
    assert film.psnr["inside"] < 20 and film.touched == 0
    assert np.isnan(scores(pair, [pair.film(0)]).flicker)


def test_every_way_is_a_row_and_those_of_a_checkpoint_name_it(pairs, subject):
    section = edit_section(read_pairs(pairs / "pairs", pairs / "clips"), [subject], 2)
    assert [row[0] for row in section.rows] == [
        f"e1_nocars: {way}"
        for way in (
            "footage mode, tiny",
            "whole shadows, tiny",
            "rendered mode, tiny",
            "inpainting",
            "nothing done",
            "true street",
        )
    ]
    assert all(len(row) == len(section.columns) for row in section.rows)


def test_pairs_that_cannot_be_used_end_in_a_sentence(pairs):
    facts = pairs / "pairs" / "e1_nocars" / "clip.json"
    whole = json.loads(facts.read_text())
    for hidden, words in ((None, "what is hidden"), ("car", "what is hidden"), (["lorry"], "lorry")):
        facts.write_text(json.dumps(whole | {"hidden": hidden}))
        with pytest.raises(InputError, match=words):
            list(read_pairs(pairs / "pairs", pairs / "clips"))
    with pytest.raises(InputError, match="no pair below"):
        list(read_pairs(pairs / "clips" / "w1", pairs / "clips"))
    facts.parent.rename(pairs / "pairs" / "nocars")
    with pytest.raises(InputError, match="which clip"):
        list(read_pairs(pairs / "pairs", pairs / "clips"))
