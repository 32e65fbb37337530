"""Our generator: local, with history only where it is valid, the same at every way of running it."""

from dataclasses import replace

import pytest
import torch

from core.conditioning import Street
from core.errors import InputError
from core.models.generator import LabelMaps, Past
from core.models.local.grain import GRAIN, OPENING, fixed_noise, with_openings
from core.models.local.history import Remembered
from core.models.local.inference import LocalState, to_uint8
from core.models.local.network import TOLD, LocalConfig, LocalGenerator, blend_weight, boundary_map
from core.models.local.places import places
from core.models.local.runner import LocalRunner
from tests.core.rendering.street import some_exemplars

CAR = 2


def tiny(blocks: int = 1, refresh: float = 0.1) -> LocalGenerator:
    torch.manual_seed(0)
    return LocalGenerator(LocalConfig(4, width=8, deep_blocks=blocks, refresh=refresh))


@pytest.fixture(scope="module")
def network() -> LocalGenerator:
    return tiny()


@pytest.fixture(scope="module")
def runner(network: LocalGenerator) -> LocalRunner:
    return LocalRunner(network)


def maps(height: int = 64, width: int = 256, shift: int = 0, flow: float | None = None) -> LabelMaps:
    """A car on a road under the sky, `shift` pixels to the right, moving `flow` pixels a frame."""
    labels = torch.zeros(1, height, width, dtype=torch.uint8)
    labels[:, height // 2 :] = 1
    labels[:, height // 2 - 8 : height // 2 + 8, 16 + shift : 40 + shift] = CAR
    objects = labels.int() * 1000
    if flow is None:
        return LabelMaps(labels, objects)
    motion = torch.zeros(1, 2, height, width)
    motion[:, 0] = -flow
    return LabelMaps(labels, objects, motion, torch.ones(1, 1, height, width, dtype=torch.bool))


def styles(height: int = 64, width: int = 256, value: float = 0.2) -> torch.Tensor:
    return torch.full((1, 3, height, width), value)


def test_a_frame_is_uint8_of_the_size_of_its_labels_even_where_16_does_not_divide_it(runner):
    picture, state = runner.step(maps(50, 70), styles(50, 70), runner.start())
    assert picture.shape == (1, 3, 50, 70) and picture.dtype == torch.uint8
    second, _ = runner.step(maps(50, 70), styles(50, 70), state)
    assert second.shape == picture.shape


def test_an_edit_stays_where_it_is(runner):
    before, _ = runner.step(maps(), styles(), runner.start())
    edited = maps()
    edited.labels[:, :8, :8] = 3
    after, _ = runner.step(edited, styles(), runner.start())
    changed = (before != after).any(1)[0]
    assert changed[:8, :8].any()
    # 160 px covers the receptive field (blocks at 1/16 included); a statistic over the picture would reach further.
    assert not changed[:, 200:].any()


@pytest.mark.parametrize("blocks", [1, 4])
def test_the_receptive_field_is_as_far_as_a_label_acts(blocks):
    network = tiny(blocks).double().eval()
    farthest = 0
    for at in range(512, 528, 5):
        edited = maps(64, 1024)
        edited.labels[:, 32, at] = 3
        with torch.no_grad():
            plain = network(maps(64, 1024), styles(64, 1024).double(), ()).raw
            changed = (network(edited, styles(64, 1024).double(), ()).raw != plain).any(1)[0].any(0).nonzero().flatten()
        farthest = max(farthest, at - int(changed.min()), int(changed.max()) - at)
    assert network.config.receptive_field - 24 < farthest <= network.config.receptive_field


def test_a_look_acts_near_its_object(runner):
    """Labels act as far as the network sees; a look does not: it would tint the neighbours."""
    plain, _ = runner.step(maps(), styles(), runner.start())
    other = styles()
    other[:, :, :16, :16] = -0.6
    changed = (runner.step(maps(), other, runner.start())[0] != plain).any(1)[0]
    assert changed[:16, :16].any()
    changed[:32, :32] = False
    assert not changed.any()


def test_folded_weights_give_the_same_picture(network, runner):
    with torch.inference_mode():
        plain = network(maps(), styles(), (), grain=with_openings(fixed_noise((64, 256)), None)).final
    folded, _ = runner.step(maps(), styles(), runner.start())
    assert (to_uint8(plain).int() - folded.int()).abs().max() <= 1


def test_pictures_of_a_batch_do_not_know_of_each_other(runner):
    one, _ = runner.step(maps(), styles(), runner.start())
    pair = LabelMaps(*(torch.cat([a, b]) for a, b in zip(maps()[:2], maps(shift=30)[:2], strict=True)))
    two, _ = runner.step(pair, torch.cat([styles(), styles(value=-0.5)]), runner.start())
    assert (one[0].int() - two[0].int()).abs().max() <= 1


def test_a_state_built_from_pictures_is_the_state_of_the_roll_out(runner):
    state, history = runner.start(), []
    for t in range(3):
        at = maps(shift=2 * t, flow=2)
        picture, state = runner.step(at, styles(), state)
        history.append(Past(at, styles(), picture))
    following = maps(shift=6, flow=2)
    rolled, _ = runner.step(following, styles(), state)
    rebuilt, _ = runner.step(following, styles(), runner.state_from(history))
    # The oldest frame's own motion is unknown to a rebuilt state only where the clip does not give it.
    assert torch.equal(rolled, rebuilt)


def test_the_state_before_a_step_stays_valid(runner):
    _, state = runner.step(maps(), styles(), runner.start())
    first, _ = runner.step(maps(shift=2, flow=2), styles(), state)
    runner.step(maps(shift=9, flow=9), styles(value=0.9), state)
    again, _ = runner.step(maps(shift=2, flow=2), styles(), state)
    assert torch.equal(first, again)


def test_history_is_valid_only_where_object_class_and_look_agree(network):
    with torch.inference_mode():
        runner = LocalRunner(network)
        _, state = runner.step(maps(), styles(), runner.start())
        still = maps(flow=0.0)
        assert runner.inference.network(still, styles(), state.past).validity.min() == 1
        swapped = maps(flow=0.0)
        car = swapped.labels == CAR
        swapped.labels[car] = 3
        rendered = runner.inference.network(swapped, styles(), state.past)
        distrusted = rendered.validity[:, 0] == 0
        assert distrusted[car].all() and (rendered.weight[:, 0][car] == 1).all()
        rows, columns = torch.nonzero(car[0], as_tuple=True)
        about = torch.zeros_like(car)  # shadows carry no label: within some 16 pixels of a wide change nothing counts
        about[:, max(rows.min() - 24, 0) : rows.max() + 25, max(columns.min() - 24, 0) : columns.max() + 25] = True
        assert not distrusted[~about].any() and distrusted.sum() > car.sum()
        other_look = styles()
        other_look[:, :, car[0]] = -0.4
        assert torch.equal(runner.inference.network(maps(flow=0.0), other_look, state.past).validity[:, 0] == 0, car)
        moved = runner.inference.network(maps(flow=40.0), styles(), state.past).validity[:, 0]
        assert (moved[:, :, :39] == 0).all(), "what came from outside of the picture has no past"


def test_without_valid_history_a_frame_is_as_if_it_were_the_first(runner):
    """A cut: every object is another one, nothing of the frame before may show."""
    _, state = runner.step(maps(), styles(), runner.start())
    cut = maps(flow=0.0)
    cut = cut._replace(objects=cut.objects + 7)
    first_labels = runner.inference.network(cut, styles(), ())
    after_cut = runner.inference.network(cut, styles(), state.past)
    assert (after_cut.weight == 1).all()
    assert (after_cut.raw - first_labels.raw).abs().max() < 0.5


def test_blend_weights_refresh_at_least_a_share_and_end_at_one():
    logits = torch.tensor([-9.0, -2.0, 2.0, 9.0]).view(1, 1, 1, 4)
    weight = blend_weight(logits, torch.ones(1, 1, 1, 4), 0.25).flatten()
    assert weight[0] == pytest.approx(0.25, abs=1e-3) and weight[3] == 1 and 0.25 < weight[1] < weight[2] < 1
    assert (blend_weight(logits, torch.zeros(1, 1, 1, 4), 0.25) == 1).all()


def test_what_the_past_had_fades():
    """The echo of another past: two roll-outs that differ in their first frame come together."""
    runner = LocalRunner(tiny(refresh=0.25))
    _, state = runner.step(maps(), styles(), runner.start())
    spoiled = LocalState((state.past[0]._replace(picture=255 - state.past[0].picture),))
    gaps = []
    for _ in range(24):
        one, state = runner.step(maps(flow=0.0), styles(), state)
        other, spoiled = runner.step(maps(flow=0.0), styles(), spoiled)
        gaps.append((one.int() - other.int()).abs().float().mean().item())
    assert gaps[0] > 10 and gaps[-1] < 1


def test_openings_are_for_walls_and_noise_for_what_is_new():
    noise, car = fixed_noise((64, 256)), maps().labels[:, None] == CAR
    grain = with_openings(noise, torch.ones(1, 1, 64, 256, dtype=torch.bool))
    for walls, where in (((CAR,), car), ((), torch.zeros_like(car))):
        network = LocalGenerator(LocalConfig(4, width=8, deep_blocks=1, walls=walls))
        first = network(maps(), styles(), (), grain=grain)
        read = first.history[:, -GRAIN:]
        assert torch.equal(read[:, :1], noise)
        assert torch.equal(read[:, 1:], OPENING * where)
        past = (Remembered(first.final, maps(), styles(), first.flow, first.features.quarter),)
        later = network(maps(flow=0.0), styles(), past, grain=grain).history[:, -GRAIN:]
        assert (later[:, :1] == 0).all() and torch.equal(later[:, 1:], OPENING * where)


def test_where_the_street_is_known_walls_have_openings():
    network = LocalGenerator(LocalConfig(4, width=8, deep_blocks=1, walls=(CAR,)))
    runner = LocalRunner(network)
    street = Street(x=127.5, y=30.0, focal=192.0)
    told = [
        runner.inference.grain(runner.inference.padded(one, styles())[0], runner.start())
        for one in (maps(), maps()._replace(street=street))
    ]
    assert not told[0][:, 1:].any() and told[1][:, 1:].any()
    plain, opened = (runner.step(one, styles(), runner.start())[0] for one in (maps(), maps()._replace(street=street)))
    assert not torch.equal(plain, opened)


def test_without_exemplars_vehicles_have_no_openings_and_walls_do():
    runner = LocalRunner(LocalGenerator(LocalConfig(4, width=8, deep_blocks=1, walls=(1,), vehicles=(CAR,))))
    told, _ = runner.inference.padded(maps()._replace(street=Street(x=127.5, y=30.0, focal=192.0)), styles())
    opened = runner.inference.openings(told, runner.start())
    assert opened is not None and opened.any() and not opened[told.labels.unsqueeze(1) == CAR].any()


def test_a_wall_that_is_filmed_beside_has_no_drawn_openings():
    runner = LocalRunner(LocalGenerator(LocalConfig(4, width=8, deep_blocks=1, walls=(1,))))
    told, _ = runner.inference.padded(maps()._replace(street=Street(x=127.5, y=30.0, focal=192.0)), styles())
    told.objects[..., 128:] += 1  # another house, all of it made up
    filmed = torch.zeros(1, 1, 64, 256, dtype=torch.bool)
    filmed[..., 40:60, 90:100] = True
    plain, opened = (runner.inference.openings(told, runner.start(), filmed=where) for where in (None, filmed))
    assert plain is not None and opened is not None
    wall, column = told.labels.unsqueeze(1) == 1, torch.arange(256)
    left, right = wall & (column < 128), wall & (column >= 128)
    assert plain[left].any() and not opened[left].any()
    assert plain[right].any() and torch.equal(opened[right], plain[right])


@pytest.mark.parametrize("past", ["none", "blended"])
def test_openings_look_at_the_past_that_is_used(past: str):
    network = LocalGenerator(LocalConfig(4, width=8, deep_blocks=1, vehicles=(CAR,), past=past))
    runner = LocalRunner(network, exemplars=some_exemplars(CAR))
    moved, drawn = maps(flow=0.0), []
    for level in range(0, 250, 40):
        picture = torch.full((1, 3, 64, 256), 230, dtype=torch.uint8)
        picture[..., :24, :] = level
        picture[..., 20:40] = 250 - level
        state = runner.state_from([Past(maps(), styles(), picture)])
        drawn.append(runner.openings(moved, styles(), state))
    assert all(torch.equal(drawn[0], other) for other in drawn) == (past == "none")


@pytest.mark.parametrize("name", TOLD)
def test_what_it_is_not_told_changes_nothing(name: str):
    torch.manual_seed(0)
    whole = LocalGenerator(LocalConfig(4, width=8, deep_blocks=1, vehicles=(CAR,)))
    without = LocalGenerator(replace(whole.config, told=tuple(each for each in TOLD if each != name)))
    without.load_state_dict(whole.state_dict())
    grain = [with_openings(fixed_noise((64, 256)), torch.rand(1, 1, 64, 256) < 0.5) for _ in range(2)]
    grain[1] = torch.cat([grain[1][:, :1] + 1, grain[0][:, 1:]], 1) if name == "noise" else grain[1]
    at = [maps()._replace(places=places(maps().objects[:, ::2, ::2]) + offset) for offset in (0, 1)]
    inputs = [(at[0], at[1]), (grain[0], grain[0])] if name == "places" else [(at[0], at[0]), tuple(grain)]

    def pictures(network: LocalGenerator) -> list[torch.Tensor]:
        return [network(one, styles(), (), grain=told).final for one, told in zip(*inputs, strict=True)]

    assert torch.equal(*pictures(without)) and not torch.equal(*pictures(whole))


def test_openings_are_read_in_walls_and_vehicles_alone():
    network = LocalGenerator(LocalConfig(4, width=8, deep_blocks=1, walls=(1,), vehicles=(CAR,)))
    opens = maps().labels[:, None] > 0
    grain = with_openings(fixed_noise((64, 256)), torch.rand(1, 1, 64, 256) < 0.5)
    read = network(maps(), styles(), (), grain=grain).history[:, -1:]
    assert torch.equal(read, OPENING * grain[:, 1:] * opens) and read.any()


def test_boundaries_mark_both_pixels_of_a_pair_and_no_border():
    objects = torch.tensor([[[1, 1, 2, 2]]])
    assert boundary_map(objects).flatten().tolist() == [0, 1, 1, 0]


def test_pictures_are_rounded_not_truncated():
    values = torch.tensor([-1.0, 1.0, 0.0, (99.6 / 127.5) - 1])
    assert to_uint8(values).tolist() == [0, 255, 128, 100]


@pytest.mark.parametrize(
    "wrong",
    [
        {"classes": 0},
        {"classes": 257},
        {"classes": 3, "width": 0},
        {"classes": 3, "walls": (3,)},
        {"classes": 3, "walls": "12"},
        {"classes": 3, "vehicles": (-1,)},
        {"classes": 3, "told": ("films",)},
        {"classes": 3, "told": "noise"},
    ],
)
def test_impossible_sizes_are_refused(wrong):
    with pytest.raises(InputError):
        LocalConfig(**wrong)


@pytest.mark.parametrize(("height", "width"), [(64, 256), (58, 251)])
def test_a_state_from_pictures_is_that_of_the_steps_that_made_them(height: int, width: int):
    """Also where sides are not divisible by 16, and a vehicle stands in the corner."""
    torch.manual_seed(1)
    network = LocalGenerator(LocalConfig(4, width=8, deep_blocks=1, vehicles=(CAR,)))
    torch.nn.init.constant_(network.trunk.head.gain, 0.5)
    runner, codes = LocalRunner(network, exemplars=some_exemplars(CAR)), styles(height, width)
    state, past = runner.start(), []
    for t in range(4):
        here = maps(height, width, shift=width - 30 + 2 * t, flow=2.0)
        here.labels[:, -20:, -24:], here.objects[:, -20:, -24:] = CAR, 77
        picture, rolled = runner.step(here, codes, state)
        past.append(Past(here, codes, picture))
        again = runner.state_from(past[-2:])
        assert all(torch.equal(*pair) for pair in zip(rolled.tensors(), again.tensors(), strict=True))
        state = rolled
