"""The fast published generator against the plain one: every variant, any labels, from step to step."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from core.errors import InputError
from core.interop.reference_generator import ReferenceCase, read_case
from core.interop.weights import read_arrays
from core.models.generator import LabelMaps, Past
from core.models.label_input import encode
from core.models.published.fast import FastGenerator, FastNetwork, LabelWindow, best_way
from core.models.published.fast_layers import How, Picture
from core.models.published.lookup import LabelEntry, label_inputs, one_class
from core.models.published.network import PublishedConfig, PublishedGenerator, PublishedNetwork
from core.models.published.scales import ScaleOutput
from core.models.published.single import GlobalGenerator
from core.models.published.winograd import FOUR, TWO, WinogradConv, tiles
from core.rendering.store import FrameStore
from tests.core.interop.cases import BASE, REFERENCE, network_with_life

SMALL = replace(BASE, ngf=8)
VARIANTS = {
    "plain": {},
    "fg": {"fg": True, "fg_labels": (1, 2)},
    "two scales": {"n_scales_spatial": 2},
    "three scales, fg": {"n_scales_spatial": 3, "fg": True},
    "no flow": {"n_scales_spatial": 2, "no_flow": True, "fg": True},
    "no boundaries": {"use_instance": False, "n_scales_spatial": 2},
    "instance norm": {"norm": "instance"},
    "two frames": {"n_frames_G": 2},
    "no early blocks": {"n_blocks": 0},
}


def maps(config: PublishedConfig, size: tuple[int, int], seed: int, grain: int = 4) -> LabelWindow:
    """Random patches of `grain` pixels."""
    dice = torch.Generator().manual_seed(seed)
    shape = (1, config.n_frames_G, -(-size[0] // grain), -(-size[1] // grain))
    labels = torch.randint(0, config.label_nc, shape, generator=dice, dtype=torch.uint8)
    labels = labels.repeat_interleave(grain, 2).repeat_interleave(grain, 3)[..., : size[0], : size[1]]
    return LabelWindow(labels, labels.int() * 1000 if config.use_instance else None)


def encoded(window: LabelWindow, config: PublishedConfig) -> Tensor:
    parts = range(len(window.labels))
    objects = [None if window.objects is None else window.objects[index] for index in parts]
    return torch.stack([encode(window.labels[i], objects[i], config.label_nc) for i in parts])


def past(network: PublishedNetwork, size: tuple[int, int], batch: int = 1, seed: int = 0) -> tuple[Tensor, ...]:
    dice = torch.Generator().manual_seed(seed)
    return network.spread(torch.rand(batch, network.config.previous_channels, *size, generator=dice) * 2 - 1)


def differences(ours: list[ScaleOutput], plain: list[ScaleOutput]) -> float:
    """The largest absolute difference of pictures and weights, and of flows in units of flow."""
    worst = 0.0
    for made, wanted in zip(ours, plain, strict=True):
        for name in ("final", "raw", "weight", "warped", "flow"):
            mine, other = getattr(made, name), getattr(wanted, name)
            assert (mine is None) == (other is None)
            if other is not None:
                assert mine.dtype == other.dtype and mine.shape == other.shape
                worst = max(worst, ((mine - other).abs().max() / (20 if name == "flow" else 1)).item())
    return worst


HOWS = {
    "tiles of four": How(winograd_from=1),
    "tiles of two": How(points=TWO, winograd_from=1),
    "direct": How(winograd_from=None),
}


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("name", VARIANTS)
@torch.no_grad()
def test_every_variant_is_the_plain_one_to_rounding(name: str, how: str) -> None:
    config = replace(SMALL, **VARIANTS[name])
    plain = network_with_life(config)
    window, history = maps(config, (32, 64), 1), past(plain, (32, 64))
    wanted = plain(encoded(window, config), history)
    ours = FastNetwork(copy.deepcopy(plain), HOWS[how])
    # Frames of a tiny network are noise over next to no variance: rounding alone moves the plain one as far.
    allowed = max(2e-4, 5 * differences(wanted, in_double(plain, encoded(window, config), history)))
    assert allowed < 1e-2
    assert differences(ours(window, history), wanted) < allowed


def in_double(plain: PublishedNetwork, window: Tensor, history: tuple[Tensor, ...]) -> list[ScaleOutput]:
    exact = copy.deepcopy(plain).double()
    made = exact(window.double(), tuple(level.double() for level in history))
    return [
        ScaleOutput(*(None if value is None else value.float() for value in output[:5]), output.features)
        for output in made
    ]


@pytest.mark.parametrize("seed", range(6))
@torch.no_grad()
def test_random_shapes(seed: int) -> None:
    dice = torch.Generator().manual_seed(seed)

    def one_of(*values: object) -> object:
        return values[int(torch.randint(0, len(values), (), generator=dice))]

    scales = one_of(1, 2)
    config = replace(
        SMALL,
        n_scales_spatial=scales, fg=one_of(False, True), use_instance=one_of(False, True), ngf=one_of(4, 12),
        n_frames_G=one_of(2, 3, 4), n_blocks=one_of(1, 2, 3), n_downsample_G=one_of(1, 2, 3), label_nc=one_of(3, 7),
    )  # fmt: skip
    size = (config.multiple * one_of(3, 4, 5), config.multiple * one_of(4, 6, 7))
    plain = network_with_life(config, seed)
    window, history = maps(config, size, seed, one_of(1, 5, 16)), past(plain, size, seed=seed)
    wanted = plain(encoded(window, config), history)
    # Its past is noise, so a hundredth of a pixel of flow is seen.
    allowed = max(1e-3, 5 * differences(wanted, in_double(plain, encoded(window, config), history)))
    made = FastNetwork(copy.deepcopy(plain), How(winograd_from=one_of(1, None)))(window, history)
    assert differences(made, wanted) < allowed


@torch.no_grad()
def test_bfloat16_stays_near_and_keeps_flow_and_pictures_in_float32() -> None:
    config = replace(SMALL, ngf=16, n_scales_spatial=2, fg=True)
    torch.manual_seed(0)
    plain = PublishedNetwork(config)
    window, history = maps(config, (64, 128), 2, 16), past(plain, (64, 128))
    wanted = plain(encoded(window, config), history)
    made = FastNetwork(copy.deepcopy(plain), How(torch.bfloat16, winograd_from=1))(window, history)
    assert {getattr(made[-1], name).dtype for name in ("final", "raw", "flow", "weight", "warped")} == {torch.float32}
    error = (made[-1].final - wanted[-1].final).square().mean()
    assert 10 * torch.log10(4 / error) > 40


@torch.no_grad()
def test_pictures_side_by_side_and_raw_only() -> None:
    config = replace(SMALL, fg=True)
    plain = network_with_life(config)
    ours = FastNetwork(copy.deepcopy(plain), How(winograd_from=1))
    first, second = maps(config, (16, 32), 1), maps(config, (16, 32), 2)
    both = LabelWindow(*(torch.cat(parts) for parts in zip(first, second, strict=True)))
    history = past(plain, (16, 32), batch=2)
    wanted = plain(encoded(both, config), history, raw_only=True)
    made = ours(both, history, raw_only=True)
    assert differences(made, wanted) < 1e-3
    assert torch.equal(made[0].final, made[0].raw)
    assert torch.equal(ours.fed_back(history, made)[0][:, 3:], made[0].final)


@torch.no_grad()
def test_label_features_are_cached_for_equal_maps_only() -> None:
    config = replace(SMALL, fg=True, n_scales_spatial=2)
    plain = network_with_life(config)
    cache = FrameStore(1 << 28)
    ours, uncached = (FastNetwork(copy.deepcopy(plain), How(winograd_from=1), each) for each in (cache, None))
    history = past(plain, (16, 32))
    used = {}
    for seed in (1, 2, 1, 3, 4, 1):
        window = maps(config, (16, 32), seed)
        made, wanted = ours(window, history), uncached(window, history)
        assert all(torch.equal(mine.final, other.final) for mine, other in zip(made, wanted, strict=True))
        new = seed not in used
        assert (cache.usage.used > max(used.values(), default=0)) == new
        used[seed] = cache.usage.used


@pytest.mark.parametrize("grain", [1, 3, 40])
def test_the_look_up_is_the_convolution(grain: int) -> None:
    config = replace(SMALL, label_nc=5)
    window = maps(config, (24, 40), 3, grain)
    torch.manual_seed(1)
    weight = torch.randn(6, config.n_frames_G * config.frame_channels, 7, 7)
    padded = F.pad(encoded(window, config).flatten(1, 2), (3, 3, 3, 3), mode="reflect")
    found = LabelEntry(weight, 5, True, True, torch.float32)
    made = found(label_inputs(window.labels[0], window.objects[0], 5, 1)[0])
    torch.testing.assert_close(made, F.conv2d(padded, weight), atol=1e-4, rtol=1e-4)


def test_a_window_of_one_class() -> None:
    torch.manual_seed(2)
    ids = torch.randint(0, 9, (2, 30, 34)).clamp(max=1)
    ids[:, 5:25, 4:30] = 1
    windows = ids.unfold(1, 7, 1).unfold(2, 7, 1).flatten(3)
    assert torch.equal(one_class(ids), windows.amin(-1) == windows.amax(-1))


@pytest.mark.parametrize("points", [TWO, FOUR])
@pytest.mark.parametrize("size", [(8, 12), (5, 7), (2, 3), (9, 4)])
def test_winograd_is_the_convolution_over_a_reflected_border(points: tuple[float, ...], size: tuple[int, int]) -> None:
    torch.manual_seed(3)
    x, weight = torch.randn(1, 6, *size), torch.randn(5, 6, 3, 3)
    conv = WinogradConv(weight, torch.float32, points)
    made = conv(x[0].flatten(1).T.contiguous(), tiles(*size, conv.side)).T.reshape(1, 5, *size)
    torch.testing.assert_close(made, F.conv2d(F.pad(x, (1,) * 4, mode="reflect"), weight), atol=2e-5, rtol=1e-4)


def test_a_picture_is_the_convolution() -> None:
    torch.manual_seed(4)
    convs, x = [torch.nn.Conv2d(6, count, 7) for count in (2, 1)], torch.randn(1, 6, 9, 14)
    wanted = torch.cat([conv(F.pad(x, (3,) * 4, mode="reflect")) for conv in convs], dim=1)
    with torch.no_grad():
        torch.testing.assert_close(Picture(*convs)(x), wanted, atol=1e-5, rtol=1e-4)


def test_little_memory_means_small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.models.published.fast.physical_memory", lambda: 1)
    assert best_way(PublishedNetwork(SMALL), torch.float32).points == TWO
    monkeypatch.undo()
    assert best_way(PublishedNetwork(SMALL), torch.float32).points == FOUR


# The product's step


@pytest.mark.parametrize("changes", [{}, {"n_scales_spatial": 2}, {"no_first_img": True}, {"first": True}])
def test_a_roll_out_is_the_plain_one_within_a_level(changes: dict) -> None:
    first = GlobalGenerator(4, ngf=2, n_down=1, n_blocks=1).eval() if "first" in changes else None
    config = replace(SMALL, fg=True, **{name: value for name, value in changes.items() if name != "first"})
    torch.manual_seed(6)
    plain = PublishedGenerator(config, first).eval()
    ours = FastGenerator(copy.deepcopy(plain))
    frames, styles = [frame(config, t) for t in range(6)], torch.zeros(1, 3, 21, 35)
    filmed = [Past(frames[t], styles, torch.randint(0, 256, (1, 3, 21, 35), dtype=torch.uint8)) for t in range(2)]
    known = [] if first is not None else filmed
    state, mine = plain.state_from(known), ours.state_from(known)
    for each in frames[len(known) :]:
        wanted, state = plain.step(each, styles, state)
        made, mine = ours.step(each, styles, mine)
        assert (made.int() - wanted.int()).abs().max() <= 1
        mine = mine._replace(history=state.history)


def frame(config: PublishedConfig, seed: int) -> LabelMaps:
    labels = maps(config, (21, 35), seed, 7).labels[:, 0]
    return LabelMaps(labels, labels.int())


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("scales", [1, 2])
@torch.no_grad()
def test_nothing_before_the_first_frame_is_what_exact_sums_make_of_it(how: str, scales: int) -> None:
    """The plain network in float32 is off by many levels here: it normalises rounding."""
    config = replace(SMALL, fg=True, n_scales_spatial=scales)
    torch.manual_seed(6)
    plain = PublishedNetwork(config)
    window, history = maps(config, (32, 64), 0, 7), plain.spread(torch.zeros(1, 6, 32, 64))
    wanted = copy.deepcopy(plain).double()(
        encoded(window, config).double(), tuple(level.double() for level in history), raw_only=True
    )
    made = FastNetwork(copy.deepcopy(plain), HOWS[how])(window, history, raw_only=True)
    for mine, exact in zip(made, wanted, strict=True):
        assert (mine.final - exact.final).abs().max() < 1e-4


def test_unknown_labels_are_named_and_a_past_can_be_given() -> None:
    ours = FastGenerator(PublishedGenerator(SMALL))
    styles = torch.zeros(1, 3, 16, 32)
    good = LabelMaps(torch.zeros(1, 16, 32, dtype=torch.uint8), torch.zeros(1, 16, 32, dtype=torch.int32))
    state = ours.state_from([Past(good, styles, torch.zeros(1, 3, 16, 32, dtype=torch.uint8))])
    assert ours.step(good, styles, state)[0].shape == (1, 3, 16, 32)
    with pytest.raises(InputError, match=r"\[9\]"):
        ours.step(good._replace(labels=torch.full_like(good.labels, 9)), styles, ours.start())


# Recorded cases


def recorded() -> list[Path]:
    here = Path(__file__).parents[1] / "interop" / "recorded"
    return sorted(path.parent for root in (here, REFERENCE / "mini") for path in root.rglob("inputs.npz"))


@pytest.mark.reference
@pytest.mark.parametrize("folder", recorded(), ids=lambda path: path.name)
@torch.no_grad()
def test_recorded_frames_from_their_recorded_past(folder: Path) -> None:
    case: ReferenceCase = read_case(folder)
    if not case.config.label_nc:
        pytest.skip("reads pictures")
    arrays = read_arrays(folder / "inputs.npz")
    objects = arrays["inst"] if case.config.use_instance else None
    ours = FastNetwork(case.network, How(winograd_from=1))
    history = case.start
    for t in range(case.frames):
        here = slice(t, t + case.config.n_frames_G)
        window = LabelWindow(arrays["label"][None, here], None if objects is None else objects[None, here])
        made = ours(window, history, case.raw_only(t))
        finals = [case.recorded(t, scale, "final")[None] for scale in range(len(made))]
        for output, final in zip(made, finals, strict=True):
            assert (output.final - final).abs().max() < 1e-3
        outputs = [output._replace(final=final) for output, final in zip(made, finals, strict=True)]
        history = ours.fed_back(history, outputs)
