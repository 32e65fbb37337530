"""A step stays on its device: it makes all of its tensors there, and never waits for an answer.

There need not be a GPU for this: whatever asks a device for a number goes through a few operators, and whatever is
made without saying where is made on the default device, which here is none at all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from core.models.label_network import LabelNetwork
from core.training.dataset import ChunkDataset
from core.training.label_training import label_perception
from core.training.loop import Trainer
from core.training.machine import Machine
from core.training.presets import Preset, preset
from core.training.published import PublishedRecipe
from core.training.trained_generator import LocalRecipe
from tests.core.training.clips import driving_clip

pytestmark = pytest.mark.training
# What copies a number to the processor, or makes a tensor whose size depends on values.
ASKS = ("_local_scalar_dense", "nonzero", "masked_select", "_unique2", "unique_consecutive", "bincount", "is_nonzero")


class Unasked(TorchDispatchMode):
    """Refuses operators that wait for the device."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        asks = name in ASKS
        if name in ("index", "index_put", "index_put_", "_unsafe_index"):
            asks = any(isinstance(index, Tensor) and index.dtype == torch.bool for index in args[1])
        assert not asks, f"a step calls {name}"
        return func(*args, **(kwargs or {}))


def trainer(recipe: Preset, size: tuple[int, int] = (48, 48)) -> Trainer:
    data = ChunkDataset([driving_clip(frames=8, size=size[0], width=size[1])], rare=["car"])
    torch.manual_seed(0)
    return Trainer(recipe, data, label_perception(LabelNetwork(data.label_set.size, 8)), Machine())


def paper(generator: PublishedRecipe | LocalRecipe) -> Preset:
    """Its second stage, small; with all that may be weighed."""
    recipe = preset("paper")
    phase = replace(recipe.phases[1], size=None, crop=(32, 64), steps=3, learnt=None)
    return replace(recipe, phases=(phase,), generator=generator, warm_up=1)


RECIPES = {
    "street": replace(
        preset("street"),
        phases=tuple(
            replace(phase, crop=(32, 32), batch=2, steps=1, film=min(phase.film * 10, 1.0))
            for phase in preset("street").phases
        ),
        generator=LocalRecipe(8, 1),
    ),
    "published": paper(PublishedRecipe(ngf=8, n_blocks=2)),
    "from nothing": paper(PublishedRecipe(ngf=8, n_blocks=2, no_first_img=True)),
    "paper-local": paper(LocalRecipe(8, 1)),
}


@pytest.mark.parametrize("name", RECIPES)
def test_a_step_never_waits_for_the_device(name: str) -> None:
    run = trainer(RECIPES[name], (64, 64))
    run.step()  # optimizers make their moments
    run.done = 0
    with Unasked():
        for _ in run.preset.phases:
            run.step()


@pytest.mark.parametrize("name", RECIPES)
def test_a_step_makes_its_tensors_on_its_device(name: str) -> None:
    run = trainer(RECIPES[name], (64, 64))
    with torch.device("meta"):  # what does not say where it is can't meet what is
        for _ in run.preset.phases:
            assert all(value.device.type == "cpu" for value in run.step().values())
    assert run.check() == (0, 0)


def test_what_waits_is_noticed() -> None:
    for wait in (Tensor.item, bool, float, torch.unique, lambda x: x[x > 0], torch.nonzero, torch.bincount):
        with pytest.raises(AssertionError, match="a step calls"), Unasked():
            wait(torch.ones(1, dtype=torch.int64))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="NO GPU HERE: training on one is not tested")
@pytest.mark.parametrize("name", RECIPES)
def test_on_a_gpu(name: str) -> None:
    recipe, machine = RECIPES[name], Machine.choose("cuda")
    data = ChunkDataset([driving_clip(frames=8, size=64)], rare=["car"], device=machine.device)
    features = LabelNetwork(data.label_set.size, 8).to(machine.device)
    run = Trainer(recipe, data, label_perception(features), machine)
    run.step()
    torch.cuda.set_sync_debug_mode("error")
    try:
        for _ in recipe.phases:
            run.step()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert run.check() == (0, 0)
