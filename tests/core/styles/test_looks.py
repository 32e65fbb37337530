"""Looks: each object's own where it was filmed, else its class's, else none."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch

from core.clip.clip import Clip
from core.clip.label_set import LabelClass, LabelSet
from core.errors import InputError
from core.models.encoder import Encoder
from core.styles.looks import Looks, LooksEncoding, encode_look, encode_looks, fit_mixtures
from core.styles.mixtures import Mixture

ROAD, CAR, TRUCK = 0, 1, 2
LABEL_SET = LabelSet(
    "toy",
    (
        LabelClass(ROAD, "road", (90, 90, 90), "stuff"),
        LabelClass(CAR, "car", (0, 0, 200), "thing"),
        LabelClass(TRUCK, "truck", (0, 90, 200), "thing"),
    ),
)
# A shade per object and frame: car 1001 grows and becomes brighter.
SHADES = {ROAD: 100, 1001: 200, 1002: 20}


class Plain(Encoder):
    """Codes are the picture itself, so that a test can say what a look must be."""

    def __init__(self, out_channels: int = 3) -> None:
        super().__init__(out_channels=out_channels, ngf=1, n_down=0, norm="none")
        self.batches: list[int] = []

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        self.batches.append(len(pictures))
        return pictures


def toy_clip(frames: int = 5, *, pictures: bool = True, label_set: LabelSet = LABEL_SET, name: str = "toy") -> Clip:
    objects = np.zeros((frames, 16, 24), np.int32)
    objects[:, 2:6, 2:6] = 1001
    objects[-1, 2:10, 2:6] = 1001  # twice the area in the last frame
    objects[0, 10:14, 10:14] = 1002  # leaves after the first
    labels = (objects // 1000).astype(np.uint8)
    shades = np.zeros(objects.shape, np.uint8)
    for object_id, shade in SHADES.items():
        shades[objects == object_id] = shade
    shades[-1][objects[-1] == 1001] = 230
    filmed = np.repeat(shades[..., None], 3, -1) if pictures else None
    return Clip(name, label_set, labels, objects, Fraction(12), pictures=filmed)


def code_of(shade: float) -> float:
    return pytest.approx(shade / 127.5 - 1, abs=1e-4)


def test_a_look_is_the_mean_over_all_pixels_of_all_frames() -> None:
    encoder = Plain()
    looks = encode_looks(encoder, toy_clip())
    assert set(looks) == {(ROAD, ROAD), (1001, CAR), (1002, CAR)}
    # Four frames of 16 px at 200, one of 32 px at 230.
    assert looks[1001, CAR] == (code_of((64 * 200 + 32 * 230) / 96),) * 3
    assert looks[1002, CAR] == (code_of(20),) * 3
    assert looks[ROAD, ROAD] == (code_of(100),) * 3
    assert encoder.batches == [1] * 5  # as much memory as one frame takes, whatever their number


def test_looks_are_encoded_a_frame_at_a_time() -> None:
    clip = toy_clip()
    encoding, done = LooksEncoding(encoder := Plain(), clip), 0
    while encoding.more():
        done += 1
        assert encoder.batches == [1] * done
    assert done == len(clip) and encoding.codes == encode_looks(Plain(), clip)
    assert not LooksEncoding(None, clip).more()


def test_looks_of_some_frames_alone() -> None:
    clip = toy_clip()
    assert encode_looks(encoder := Plain(), clip, range(1, 2))[1001, CAR] == (code_of(200),) * 3
    assert encoder.batches == [1]


def test_a_look_is_of_an_object_as_a_class() -> None:
    clip = toy_clip()
    labels = clip.labels.copy()
    labels[0][clip.objects[0] == 1001] = TRUCK
    looks = encode_looks(Plain(), Clip("toy", LABEL_SET, labels, clip.objects, clip.rate, pictures=clip.pictures))
    assert looks[1001, TRUCK] == (code_of(200),) * 3
    assert looks[1001, CAR] == (code_of((48 * 200 + 32 * 230) / 80),) * 3


def test_labels_without_frames_and_new_objects_wear_the_likely_look() -> None:
    car = Mixture(np.array([0.4, 0.6]), np.array([[0.1] * 3, [0.7, 0, -0.2]]), np.stack([np.eye(3) * 0.01] * 2))
    assert encode_looks(Plain(), toy_clip(pictures=False)) == {}
    assert encode_looks(None, toy_clip()) == {}
    looks = Looks({(1001, CAR): (0.5, 0.5, 0.5)}, {CAR: car})
    assert looks.code(1001, CAR) == (0.5, 0.5, 0.5)
    assert looks.code(1_000_000, CAR) == (0.7, 0.0, -0.2)
    assert looks.code(1001, TRUCK) == (0.0, 0.0, 0.0)


def test_a_seed_draws_a_look_for_each_object_that_has_none() -> None:
    car = Mixture(np.ones(1), np.zeros((1, 3)), np.eye(3)[None] * 0.05)
    own = {(1001, CAR): (0.5, 0.5, 0.5)}
    first, again, other = (Looks(own, {CAR: car}, seed) for seed in (4, 4, 5))
    assert first.code(1001, CAR) == (0.5, 0.5, 0.5)
    assert len({first.code(1002, CAR), first.code(1003, CAR), other.code(1002, CAR), car.likely}) == 4
    # Whatever was asked before.
    assert again.code(1003, CAR) == first.code(1003, CAR)
    assert again.code(1002, CAR) == first.code(1002, CAR)
    assert first.code(1002, TRUCK) == (0.0, 0.0, 0.0)


def test_one_mixture_per_class_from_the_objects_of_all_clips() -> None:
    clips = (toy_clip(name=f"toy{n}") for n in range(3))
    mixtures = fit_mixtures(Plain(), clips, LABEL_SET)
    assert set(mixtures) == {ROAD, CAR}
    mean = ((64 * 200 + 32 * 230) + 16 * 20) / 112
    np.testing.assert_allclose(mixtures[CAR].means[0], mean / 127.5 - 1, atol=1e-5)
    assert mixtures[ROAD].likely == (code_of(100),) * 3


def test_a_real_encoder_gives_the_same_looks_again() -> None:
    torch.manual_seed(0)
    encoder = Encoder(ngf=4, n_down=1, norm="none")
    assert encode_looks(encoder, toy_clip()) == encode_looks(encoder, toy_clip())


def test_what_cannot_be_learned_from_is_said() -> None:
    with pytest.raises(InputError, match="pictures"):
        fit_mixtures(Plain(), [toy_clip(pictures=False)], LABEL_SET)
    other = LabelSet("other", LABEL_SET.classes[:2])
    with pytest.raises(InputError, match="label set"):
        fit_mixtures(Plain(), [toy_clip()], other)
    with pytest.raises(InputError, match="5 numbers"):
        encode_looks(Plain(out_channels=5), toy_clip())


def test_a_look_of_one_frame_is_what_is_seen_there() -> None:
    clip = toy_clip()
    assert encode_look(Plain(), clip, 1001, 0) == (code_of(200),) * 3
    assert encode_look(Plain(), clip, 1001, 4) == (code_of(230),) * 3
    assert encode_look(Plain(), clip, ROAD, 2) == (code_of(100),) * 3


@pytest.mark.parametrize(
    ("encoder", "pictures", "thing", "t", "complaint"),
    [
        (Plain(), False, 1001, 0, "no pictures"),
        (None, True, 1001, 0, "no encoder"),
        (Plain(), True, 1002, 1, "not on frame 1"),
        (Plain(), True, 1_000_000, 0, "not on frame 0"),
        (Plain(), True, 1001, 5, "not on frame 5"),
        (Plain(), True, 1001, -1, "not on frame -1"),
    ],
)
def test_where_no_look_is_to_be_had_it_is_said(
    encoder: Encoder | None, pictures: bool, thing: int, t: int, complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        encode_look(encoder, toy_clip(pictures=pictures), thing, t)
