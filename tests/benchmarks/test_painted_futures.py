"""Painted futures beside simpler ways: what each way knows, and what is measured of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks import painted_futures
from benchmarks.direct.network import DirectConfig, DirectNetwork
from benchmarks.direct.network_file import save_direct
from benchmarks.painted.figures import measured
from benchmarks.painted.ways import (
    COUNT,
    DIRECT,
    Start,
    copied,
    known,
    moved_maps,
    moved_pixels,
    predicted,
    until,
    ways,
)
from core.checkpoint import load_checkpoint
from core.clip.clip import Clip
from core.clip.native import read_clip, write_clip
from core.errors import InputError
from core.evaluation.evaluation_network import load_evaluation_network, save_evaluation_network
from core.evaluation.video.windows import Windows
from core.models.segmenter import Segmenter
from core.prediction.command import open_past
from core.prediction.network_file import load_future
from core.rendering.store import FrameStore
from tests.core.prediction.tiny import plain_file
from tests.core.tiny import LABELS, tiny_checkpoint, tiny_clip

T = 4


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip, and all networks: none of them has learnt anything."""
    folder = tmp_path_factory.mktemp("place")
    write_clip(tiny_clip(T + 1 + COUNT), folder / "clips" / "tiny")
    tiny_checkpoint(folder / "street.safetensors")
    plain_file(folder / "future.safetensors", LABELS)
    torch.manual_seed(0)
    save_direct(folder / "direct.safetensors", DirectNetwork(DirectConfig(width=4)), {})
    segmenter = Segmenter(LABELS.size)
    with torch.no_grad():
        segmenter(torch.rand(4, 3, 32, 32) * 2 - 1)
    save_evaluation_network(folder / "evaluation.safetensors", segmenter, LABELS, {})
    return folder


@pytest.fixture
def clip(place: Path) -> Clip:
    return read_clip(place / "clips" / "tiny")


def start(place: Path, clip: Clip, t: int = T) -> Start:
    predictor = load_future(place / "future.safetensors").build()
    return Start.of(clip, t, predictor, load_checkpoint(place / "street.safetensors"), 0)


def test_a_painted_future_is_what_the_product_makes_of_the_frames_so_far(place: Path, clip: Clip, tmp_path: Path):
    write_clip(until(clip, T), tmp_path / "known")
    encoded = np.concatenate([read_clip(tmp_path / "known").pictures, clip.pictures[T + 1 :]])
    past = open_past(
        str(tmp_path / "known"), load_future(place / "future.safetensors"), 1, place / "street.safetensors"
    )
    made = np.stack(list(predicted(start(place, replace(clip, pictures=encoded)))))
    assert len(made) == COUNT
    assert np.array_equal(made, past.future(COUNT, 0, FrameStore(1 << 20)).pictures[T + 1 :])


def test_nothing_of_the_frames_to_come_is_known(place: Path, clip: Clip):
    spoiled = {name: getattr(clip, name).copy() for name in ("pictures", "labels", "objects", "flow")}
    for array in spoiled.values():
        array[T + 1 :] = 0
    other = start(place, replace(clip, **spoiled))
    direct = DirectNetwork(DirectConfig(width=4)).eval()
    for name, way in ways(direct).items():
        same = np.array_equal(np.stack(list(way(start(place, clip)))), np.stack(list(way(other))))
        assert same == (name != "true maps, painted")


def test_constant_motion_goes_on_and_a_copy_stays(place: Path, clip: Clip):
    begun = start(place, clip)
    assert all(np.array_equal(one, clip.pictures[T]) for one in copied(begun))
    everywhere = replace(clip, flow=np.full_like(clip.flow, (-2, 0)), flow_valid=np.ones_like(clip.flow_valid))
    for number, picture in enumerate(moved_pixels(start(place, everywhere)), 1):
        assert np.array_equal(picture[:, 2 * number :], clip.pictures[T][:, : -2 * number])


def test_maps_that_move_as_the_film_are_painted_as_the_true_ones(place: Path, clip: Clip):
    still = replace(
        clip,
        labels=np.stack([clip.labels[0]] * len(clip)),
        objects=np.stack([clip.objects[0]] * len(clip)),
        pictures=np.stack([clip.pictures[0]] * len(clip)),
        flow=np.zeros_like(clip.flow),
    )
    begun = start(place, still)
    for true, moved in zip(known(begun), moved_maps(begun), strict=True):
        assert np.array_equal(true, moved)


def test_the_film_itself_is_at_no_distance(place: Path, clip: Clip):
    def film(begun: Start) -> Iterator[np.ndarray]:
        return iter(clip.pictures[begun.t + 1 : begun.t + 1 + COUNT])

    network = load_evaluation_network(place / "evaluation.safetensors")
    compared = {"film": film, DIRECT: copied}
    figures, starts, windows = measured([start(place, clip)], compared, network, Windows(8, 1))
    assert (starts, windows) == (1, 3)
    assert figures["film"].video.value == pytest.approx(0, abs=1e-9) and set(figures["film"].ahead.values()) == {0}
    assert figures[DIRECT].video.value > 1e-6 and figures[DIRECT].ahead[10] > figures[DIRECT].ahead[1] > 0
    assert figures["film"].below[0] == pytest.approx(1) and figures[DIRECT].below[0] == 0
    with pytest.raises(InputError, match="too few windows"):
        measured([start(place, clip)], compared, network, Windows(10, 1))
    with pytest.raises(InputError, match="No clip is long enough"):
        measured([], compared, network, Windows(8, 1))


def test_the_command_prints_all_ways_and_writes_them(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    files = [
        f"--{name}={place}/{file}.safetensors"
        for name, file in (
            ("checkpoint", "street"),
            ("direct", "direct"),
            ("network", "future"),
            ("evaluation", "evaluation"),
        )
    ]
    wanted = [str(place / "clips"), *files, "--every", "2", "--json", str(tmp_path / "f.json"), "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["painted_futures", *wanted])
    monkeypatch.setenv("COLUMNS", "200")
    painted_futures.main()
    said, kept = capsys.readouterr().out, json.loads((tmp_path / "f.json").read_text())
    names = list(ways(DirectNetwork(DirectConfig(width=4))))
    assert all(name in said for name in names) and list(kept["ways"]) == names
    assert (kept["starts"], kept["windows"]) == (1, 3)
    assert set(kept["ways"]["copy"]["feature distance"]) == {"1", "3", "5", "10"}
    assert Image.open(tmp_path / "tiny.png").size == (4 * 32, 8 * 16)
    for spoiled, sentence in (
        (["--window", "11"], "no windows of 11"),
        (["--every", "0"], "at least a frame apart"),
        (["--direct", str(place / "street.safetensors")], "is not usable"),
    ):
        monkeypatch.setattr(sys, "argv", ["painted_futures", *wanted, *spoiled])
        with pytest.raises(SystemExit):
            painted_futures.main()
        assert sentence in capsys.readouterr().err
