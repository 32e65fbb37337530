"""The published generator: sizes and keys as published, and what the product's step adds."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from core.errors import InputError
from core.models.discriminators import MultiscaleDiscriminator
from core.models.encoder import Encoder
from core.models.generator import LabelMaps, Past
from core.models.label_input import boundary_map, foreground_mask, one_hot
from core.models.published.network import PublishedConfig, PublishedGenerator, PublishedNetwork, truncated_to_uint8
from core.models.published.scales import FinerScale
from core.models.published.single import GlobalGenerator, GlobalWithZ, LocalEnhancer
from core.models.warp import half
from tests.core.interop.cases import BASE, REFERENCE, network_with_life

STREET = PublishedConfig()


def parameters(config: PublishedConfig) -> list[int]:
    with torch.device("meta"):
        network = PublishedNetwork(config)
    return [sum(value.numel() for value in scale.parameters()) for scale in network.scales]


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, 365_391_366),
        ({"fg": True}, 411_335_241),
        ({"no_flow": True}, 283_654_659),
        ({"fg": True, "n_scales_spatial": 2}, 414_215_730),
        ({"fg": True, "n_scales_spatial": 3}, 415_075_371),
        ({"fg": True, "n_downsample_G": 2}, 137_792_649),
        ({"fg": True, "n_downsample_G": 2, "n_scales_spatial": 2}, 141_622_866),
        ({"fg": True, "ngf": 32}, 25_944_729),
        ({"fg": True, "ngf": 32, "n_downsample_G": 2, "n_blocks": 6}, 6_240_297),
    ],
)
def test_published_sizes(changes: dict, wanted: int) -> None:
    assert sum(parameters(replace(STREET, **changes))) == wanted


PUBLISHED = {
    "netG0_street_fg": lambda: PublishedNetwork(replace(STREET, fg=True)).netG0,
    "netG0_street_nofg": lambda: PublishedNetwork(STREET).netG0,
    "netG1_street_fg": lambda: PublishedNetwork(replace(STREET, fg=True, n_scales_spatial=2)).netG1,
    "netG2_street_fg": lambda: PublishedNetwork(replace(STREET, fg=True, n_scales_spatial=3)).netG2,
    "netG0_street_g1_fg": lambda: PublishedNetwork(replace(STREET, fg=True, n_downsample_G=2)).netG0,
    "netG1_street_g1_fg": lambda: (
        PublishedNetwork(replace(STREET, fg=True, n_downsample_G=2, n_scales_spatial=2)).netG1
    ),
    "netG0_face": lambda: PublishedNetwork(replace(STREET, label_nc=0, input_nc=15, use_instance=False)).netG0,
    "netD_street": lambda: MultiscaleDiscriminator(39),
    "netD_T_street": lambda: MultiscaleDiscriminator(13),
    "single_G_512": lambda: GlobalGenerator(35),
    "single_G_1024": lambda: GlobalGenerator(35, n_down=4),
    "single_G_2048": lambda: LocalEnhancer(35),
    "single_G_face": lambda: GlobalWithZ(15),
    "netE_pix2pixHD": lambda: Encoder(),
    "netE_face": lambda: Encoder(out_channels=16),
}


@pytest.mark.reference
@pytest.mark.parametrize("name", PUBLISHED)
def test_published_keys_and_shapes(name: str) -> None:
    path = REFERENCE / "keys" / f"{name}.tsv"
    if not path.is_file():
        pytest.skip(f"no recorded keys at {path}; set SCENEBRUSH_REFERENCE")
    rows = [line.split("\t") for line in path.read_text().splitlines() if line and line[0] != "#"]
    buffers = ("running_mean", "running_var", "num_batches_tracked")
    wanted = {key: shape.replace(" ", "") for key, shape, _ in rows if not key.endswith(buffers)}
    with torch.device("meta"):
        state = PUBLISHED[name]().state_dict()
    assert {key: str(tuple(value.shape)).replace(" ", "") for key, value in state.items()} == wanted


def test_boundaries_are_on_both_sides_and_not_at_the_border() -> None:
    objects = torch.tensor([[[1, 1, 2, 2, 2], [1, 1, 2, 2, 2], [1, 1, 1, 1, 1]]], dtype=torch.int32)
    wanted = [[0, 1, 1, 0, 0], [0, 1, 1, 1, 1], [0, 0, 1, 1, 1]]
    assert boundary_map(objects)[0, 0].tolist() == wanted


def test_unknown_labels_are_named() -> None:
    with pytest.raises(InputError, match=r"\[7, 255\]"):
        one_hot(torch.tensor([[[0, 7], [255, 3]]], dtype=torch.uint8), 4)


def window(config: PublishedConfig, batch: int = 1, size: tuple[int, int] = (16, 32)) -> Tensor:
    torch.manual_seed(5)
    return torch.rand(batch, config.n_frames_G, config.frame_channels, *size).round()


def test_foreground_is_pasted_and_never_warped() -> None:
    config = replace(BASE, fg=True, n_scales_spatial=2)
    network, frames = network_with_life(config), window(config)
    with torch.no_grad():
        out = network(frames, network.spread(torch.rand(1, 6, 16, 32)))[-1]
    mask = foreground_mask(frames[:, -1], config.fg_labels).expand(-1, 3, -1, -1) == 1
    assert mask.any() and not mask.all()
    assert torch.equal(out.final[mask], out.raw[mask])
    blended = out.raw * out.weight + out.warped * (1 - out.weight)
    torch.testing.assert_close(out.final[~mask], blended[~mask])


def test_raw_only_and_no_flow_give_the_raw_picture() -> None:
    network, frames = network_with_life(BASE), window(BASE)
    silent = network_with_life(replace(BASE, no_flow=True))
    history = network.spread(torch.rand(1, 6, 16, 32))
    with torch.no_grad():
        kept, blended = network(frames, history, raw_only=True)[0], network(frames, history)[0]
        still = silent(frames, history)[0]
    assert torch.equal(kept.final, kept.raw) and not torch.equal(blended.final, blended.raw)
    assert torch.equal(still.final, still.raw)
    assert still.flow is None and still.weight is None and still.warped is None


def test_each_scale_is_fed_its_own_frames_and_doubles_its_flow() -> None:
    network = network_with_life(replace(BASE, n_scales_spatial=2))
    history = network.spread(torch.rand(1, 6, 16, 32))
    with torch.no_grad():
        outputs = network(window(BASE), history)
    after = network.fed_back(history, outputs)
    assert [tuple(level.shape) for level in after] == [(1, 6, 8, 16), (1, 6, 16, 32)]
    for level, before, out in zip(after, history, outputs, strict=True):
        assert torch.equal(level[:, 3:], out.final) and torch.equal(level[:, :3], before[:, 3:])
    assert isinstance(network.netG1, FinerScale)
    assert [scale.flow_unit for scale in network.scales] == [20, 40]


def test_pictures_side_by_side_do_not_see_each_other() -> None:
    network, frames = network_with_life(BASE), window(BASE, batch=2)
    history = network.spread(torch.rand(2, 6, 16, 32))
    with torch.no_grad():
        both = network(frames, history)[0].final
        alone = network(frames[1:], tuple(level[1:] for level in history))[0].final
    torch.testing.assert_close(both[1:], alone, atol=1e-5, rtol=0)


# The product's step


def maps(t: int, size: tuple[int, int] = (16, 32), batch: int = 1) -> LabelMaps:
    labels = torch.zeros(batch, *size, dtype=torch.uint8)
    labels[:, 4:12, 2 + 2 * t : 10 + 2 * t] = 2
    return LabelMaps(labels, labels.int() * 1000)


def generator(first: nn.Module | None = None, **changes: object) -> PublishedGenerator:
    config = replace(BASE, fg=True, **changes)
    made = PublishedGenerator(config, first)
    made.network = network_with_life(config)
    return made.eval()


def roll(made: PublishedGenerator, count: int, size: tuple[int, int] = (16, 32)) -> list[Tensor]:
    state, pictures = made.start(), []
    for t in range(count):
        picture, state = made.step(maps(t, size), torch.zeros(1, 3, *size), state)
        pictures.append(picture)
    return pictures


@pytest.mark.parametrize("size", [(16, 32), (21, 35)])
@pytest.mark.parametrize("changes", [{}, {"n_scales_spatial": 2}, {"no_first_img": True}, {"n_frames_G": 2}])
def test_every_label_map_gives_a_frame_of_its_size(changes: dict, size: tuple[int, int]) -> None:
    pictures = roll(generator(**changes), 4, size)
    assert [(tuple(p.shape), p.dtype) for p in pictures] == [((1, 3, *size), torch.uint8)] * 4


def test_a_state_can_be_resumed_again_and_again() -> None:
    made = generator()
    _, state = made.step(maps(0), torch.zeros(1, 3, 16, 32), made.start())
    once, _ = made.step(maps(1), torch.zeros(1, 3, 16, 32), state)
    made.step(maps(3), torch.zeros(1, 3, 16, 32), state)
    again, _ = made.step(maps(1), torch.zeros(1, 3, 16, 32), state)
    assert torch.equal(once, again)


def test_without_first_image_the_second_frame_still_sees_zeros() -> None:
    made = generator(no_first_img=True)
    _, state = made.step(maps(0), torch.zeros(1, 3, 16, 32), made.start())
    assert not state.history[0][:, :3].any() and state.history[0][:, 3:].any()
    _, repeated = generator().step(maps(0), torch.zeros(1, 3, 16, 32), generator().start())
    assert torch.equal(repeated.history[0][:, :3], repeated.history[0][:, 3:])


def test_a_first_frame_network_makes_the_first_frames() -> None:
    first = GlobalGenerator(4, ngf=2, n_down=1, n_blocks=1).eval()
    pictures = roll(generator(first, n_scales_spatial=2), 3)
    for t in (0, 1):
        with torch.no_grad():
            alone = truncated_to_uint8(first(one_hot(maps(t).labels, 4)))
        assert torch.equal(pictures[t], alone)
    assert not torch.equal(pictures[2], truncated_to_uint8(first(one_hot(maps(2).labels, 4)).detach()))


def test_state_from_is_the_published_start_from_real_frames() -> None:
    made = generator(n_scales_spatial=2)
    real = torch.randint(0, 256, (3, 1, 3, 16, 32), dtype=torch.uint8)
    past = [Past(maps(t), torch.zeros(1, 3, 16, 32), real[t]) for t in range(3)]
    state = made.state_from(past)
    assert torch.equal(made.state_from(past[1:]).history[1], state.history[1])
    wanted = torch.cat(list(real[1:]), dim=1).float() / 127.5 - 1
    assert torch.equal(state.history[1], wanted)
    assert torch.equal(state.history[0], half(wanted))
    assert made.state_from([]) == made.start()
    assert torch.equal(made.state_from(past[:1]).history[1][:, :3], real[0].float() / 127.5 - 1)


def test_a_generator_of_other_things_is_refused() -> None:
    with pytest.raises(InputError):
        PublishedGenerator(replace(BASE, label_nc=0))


@pytest.mark.parametrize(
    "changes",
    [
        {"ngf": 0},
        {"ngf": 6, "n_scales_spatial": 3},
        {"norm": "group"},
        {"fg": True, "fg_labels": (9,)},
        {"n_frames_G": 1},
    ],
)
def test_impossible_configurations_are_refused(changes: dict) -> None:
    with pytest.raises(InputError):
        replace(BASE, **changes)
