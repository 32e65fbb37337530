"""The paper's recipe: a step of each stage with tiny networks, for the published generator and for ours."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from core.checkpoint import load_checkpoint
from core.errors import InputError
from core.models.generator import LabelMaps
from core.models.label_network import LabelNetwork
from core.training import losses
from core.training.adversary import PictureAdversary, VideoAdversary
from core.training.cache import write_cache
from core.training.command import train
from core.training.dataset import ChunkDataset
from core.training.label_training import label_perception
from core.training.loop import Trainer
from core.training.machine import Machine
from core.training.objective import TERMS
from core.training.presets import Preset, preset
from core.training.published import PublishedRecipe
from core.training.trained_generator import LocalRecipe
from tests.core.training.clips import driving_clip

pytestmark = pytest.mark.training
# The stages' sizes, so many times smaller.
SMALLER = 8
TINY = {"paper": PublishedRecipe(ngf=8, n_blocks=2, n_blocks_local=1, scales=3), "paper-local": LocalRecipe(8, 1)}


def small(name: str) -> Preset:
    """The preset with small pictures and networks; stages, lengths, losses and discriminators as they are."""
    recipe = preset(name)
    phases = []
    for phase in recipe.phases:
        assert phase.size == phase.crop
        size = (phase.crop[0] // SMALLER, phase.crop[1] // SMALLER)
        phases.append(replace(phase, size=size, crop=size))
    adversaries = {
        adversary: replace(sizes, ndf=4)
        for adversary, sizes in recipe.adversaries.items()
        if isinstance(sizes, PictureAdversary)
    } | {
        adversary: replace(sizes, ndf=4)
        for adversary, sizes in recipe.adversaries.items()
        if isinstance(sizes, VideoAdversary)
    }
    return replace(
        recipe,
        phases=tuple(phases),
        generator=TINY[name],
        adversaries=adversaries,
        label_width=8,
        label_steps=2,
        label_crop=(32, 32),
    )


@pytest.fixture(scope="module")
def data() -> ChunkDataset:
    return ChunkDataset([driving_clip(frames=24, size=128, width=256)])


def trainer(recipe: Preset, data: ChunkDataset) -> Trainer:
    recipe = replace(recipe.over([(128, 256)]), warm_up=1)
    recipe = replace(recipe, phases=tuple(replace(phase, steps=1) for phase in recipe.phases))
    torch.manual_seed(0)
    return Trainer(recipe, data, label_perception(LabelNetwork(data.label_set.size, 8)), Machine())


@pytest.mark.parametrize("name", ["paper", "paper-local"])
def test_every_stage_runs(name: str, data: ChunkDataset) -> None:
    run = trainer(small(name), data)
    for phase in run.preset.phases:
        step = run.step()
        assert all(value.isfinite() for value in step.values())
        wanted = {"perceptual", "perceptual_raw", "F_Flow", "F_Warp", "G_Warp"}
        wanted |= {f"{adversary}_{kind}" for adversary in phase.adversaries for kind in ("gan", "features", "d")}
        assert wanted == set(step)
    assert run.check() == (0, 0)


def test_the_coarse_scales_are_held_where_only_the_finest_learns(data: ChunkDataset) -> None:
    run = trainer(small("paper"), data)
    assert [phase.stage.finest_only for phase in run.preset.phases] == [False] * 4 + [True, False] * 2
    network = run.trained.network.network

    def moved(scale: str, before: dict[str, torch.Tensor]) -> bool:
        return any(not torch.equal(before[key], value) for key, value in network.state_dict().items() if scale in key)

    run.done = 4
    for steps in ((False, True, False), (True, True, False), (False, False, True), (True, True, True)):
        before = {key: value.clone() for key, value in network.state_dict().items()}
        run.step()
        assert tuple(moved(scale, before) for scale in ("netG0", "netG1", "netG2")) == steps


def test_schedule_and_optimizer_are_the_papers() -> None:
    recipe = preset("paper").over([(1024, 2048)] * 10)
    assert sum(phase.epochs for phase in recipe.phases) == 40 and recipe.steps == 400
    assert {phase.learning_rate for phase in recipe.phases} == {2e-4} and recipe.betas == (0.5, 0.999)
    assert [phase.size for phase in recipe.phases[::2]] == [(128, 256), (256, 512), (512, 1024), (1024, 2048)]
    assert [phase.frames for phase in recipe.phases[1:4]] == [6, 12, 24]
    assert recipe.adversaries["video9"].rates == (9,) and recipe.phases[3].adversaries[-1] == "video9"


def test_stages_larger_than_the_clips_are_left_out(data: ChunkDataset) -> None:
    recipe = preset("paper").over([(256, 512), (128, 256)])
    assert len(recipe.phases) == 4 and recipe.generator.scales == 1
    assert recipe.phases[0].steps == 10 and recipe.phases[1].steps == 5
    with pytest.raises(InputError, match="large enough"):
        preset("paper").over([(64, 64)])


@pytest.mark.parametrize("name", ["paper", "paper-local"])
def test_motion_terms_are_the_functions_that_the_reference_checks(name: str, data: ChunkDataset) -> None:
    run = trainer(small(name), data)
    rollout = run.rollout(run.preset.phases[1])
    chunk, moving = rollout.chunk, rollout.moving
    assert [t for t, _ in moving] == [4, 5]  # two frames are learnt from

    def mean(values: list[torch.Tensor]) -> float:
        return torch.stack(values).mean().item()

    trust = {t: rollout.well_moved(t) for t, _ in moving}
    assert TERMS["F_Flow"](rollout).item() == pytest.approx(
        mean([losses.flow_loss(frame.flow, chunk.flow[t], trust[t]) for t, frame in moving])
    )
    assert TERMS["F_Warp"](rollout).item() == pytest.approx(
        mean(
            [
                losses.flow_warp_loss(chunk.pictures[t - 1], chunk.pictures[t], frame.flow, trust[t])
                for t, frame in moving
            ]
        )
    )
    shown = rollout.rolled.shown
    assert TERMS["G_Warp"](rollout).item() == pytest.approx(
        mean([losses.picture_warp_loss(shown[t - 1], frame.final, chunk.flow[t], trust[t]) for t, frame in moving])
    )
    assert TERMS["W"](rollout).item() == pytest.approx(
        mean([losses.weight_loss(frame.weight, trust[t]) for t, frame in moving])
    )


def test_the_published_generator_is_trained_into_a_checkpoint(tmp_path: Path) -> None:
    list(write_cache([driving_clip(frames=24, size=64, width=128)], tmp_path / "data"))
    said: list[str] = []
    path = train(small("paper"), tmp_path / "data", tmp_path / "out", machine=Machine(), say=said.append)
    checkpoint = load_checkpoint(path)
    assert checkpoint.kind == "published" and checkpoint.config["n_scales_spatial"] == 2
    assert checkpoint.encoder is None and not checkpoint.mixtures
    assert any("no clip is large enough for the stages 256x128" in line for line in said)
    assert any("VGG19" in line for line in said)
    clip = driving_clip(size=64, width=128)
    maps = LabelMaps(torch.from_numpy(clip.labels[:1].copy()), torch.from_numpy(clip.objects[:1].copy()))
    generator = checkpoint.build_generator()
    picture, _ = generator.step(maps, torch.zeros(1, 3, 64, 128), generator.start())
    assert picture.shape == (1, 3, 64, 128)
