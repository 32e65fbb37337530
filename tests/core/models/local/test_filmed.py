"""Steps of frames of which much is known: windows, and what they give against the whole frame."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.models.generator import KnownPixels, LabelMaps
from core.models.local.filmed import FilmSteps
from core.models.local.runner import LocalRunner
from core.models.local.tolerance import Tolerance
from tests.core.rendering.street import CLASSES, exact, some_exemplars, tiny_network

HEIGHT, WIDTH = 320, 352


def frame(seed: int, *, flow: bool = True) -> tuple[LabelMaps, torch.Tensor, KnownPixels]:
    """Blocks of labels that move a little, and a picture of them of which a small box is not known."""
    rng = np.random.default_rng(seed)
    labels = torch.from_numpy(rng.integers(0, CLASSES, (HEIGHT // 16, WIDTH // 16), np.uint8))
    labels = labels.repeat_interleave(16, 0).repeat_interleave(16, 1)[None]
    motion = torch.from_numpy(rng.integers(-3, 4, (1, 2, 1, 1)).astype(np.float32)).expand(1, 2, HEIGHT, WIDTH)
    maps = LabelMaps(
        labels,
        labels.int() * 1000,
        motion.contiguous() if flow else None,
        torch.ones(1, 1, HEIGHT, WIDTH, dtype=torch.bool) if flow else None,
    )
    picture = torch.from_numpy(rng.integers(0, 256, (1, 3, HEIGHT, WIDTH), np.uint8))
    kept = torch.ones(1, 1, HEIGHT, WIDTH, dtype=torch.bool)
    kept[..., 20:50, 24:60] = False
    return maps, torch.zeros(1, 3, HEIGHT, WIDTH), KnownPixels(picture, kept)


class Runs:
    """Counts whole frames and windows of a runner."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, runner: LocalRunner) -> None:
        self.whole = self.windows = 0
        step, window = runner.inference.step, FilmSteps._picture

        def counted_step(*args):
            self.whole += 1
            return step(*args)

        def counted_window(*args):
            self.windows += 1
            return window(*args)

        monkeypatch.setattr(runner.inference, "step", counted_step)
        monkeypatch.setattr(FilmSteps, "_picture", counted_window)


def test_windows_with_all_that_acts_on_them_are_the_whole_frame(monkeypatch):
    network = tiny_network()
    windowed = LocalRunner(network, tolerance=exact(network))
    runs = Runs(monkeypatch, windowed)
    whole = LocalRunner(network)
    monkeypatch.setattr(whole._film_steps, "plans", lambda kept: None)
    states = windowed.start(), whole.start()
    for seed in range(3):
        maps, styles, known = frame(seed)
        (ours, after), (wanted, dense) = (
            runner.step(maps, styles, state, known) for runner, state in zip((windowed, whole), states, strict=True)
        )
        states = after, dense
        assert (ours.int() - wanted.int()).abs().max() <= 1
        kept = known.kept.expand_as(ours)
        assert torch.equal(ours[kept], known.picture[kept])
        assert not torch.equal(ours[~kept], known.picture[~kept])
    assert (runs.whole, runs.windows) == (0, 3)


def test_vehicles_beside_a_window_have_their_openings_in_it_too():
    network = tiny_network(vehicles=(2,))
    windowed = LocalRunner(network, tolerance=exact(network), exemplars=some_exemplars())
    whole = LocalRunner(network, exemplars=some_exemplars())
    whole._film_steps.plans = lambda kept: None
    maps, styles, known = frame(0)
    maps.labels[:, 20:50, 62:96], maps.objects[:, 20:50, 62:96] = 2, 7
    ours, wanted = (runner.step(maps, styles, runner.start(), known)[0] for runner in (windowed, whole))
    assert (ours.int() - wanted.int()).abs().max() <= 1


def test_a_window_costs_what_it_shows_and_not_the_frame(monkeypatch):
    """A small hole is run alone, and a large one as a whole frame."""
    runner = LocalRunner(tiny_network(), tolerance=Tolerance(border=16, film_border=32))
    runs = Runs(monkeypatch, runner)
    maps, styles, known = frame(0)
    picture, state = runner.step(maps, styles, runner.start(), known)
    assert (runs.whole, runs.windows) == (0, 1)
    again, _ = runner.step(maps, styles, runner.start(), known)
    assert torch.equal(picture, again)
    known.kept[..., 10:300, 10:340] = False
    runner.step(maps, styles, state, known)
    assert (runs.whole, runs.windows) == (1, 2)


def test_where_motion_must_be_estimated_the_whole_frame_is_run(monkeypatch):
    runner = LocalRunner(tiny_network(), tolerance=Tolerance(border=16, film_border=32))
    runs = Runs(monkeypatch, runner)
    state = runner.start()
    for seed in range(2):
        maps, styles, known = frame(seed, flow=False)
        picture, state = runner.step(maps, styles, state, known)
        kept = known.kept.expand_as(picture)
        assert torch.equal(picture[kept], known.picture[kept])
    assert (runs.whole, runs.windows) == (1, 1)  # the first has no past
