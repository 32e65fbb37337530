"""Conditionings: values that check themselves, identity by content, and every pixel's code."""

from dataclasses import replace

import numpy as np
import pytest

from core.conditioning import Conditioning, Maps, Styles


@pytest.fixture
def conditioning() -> Conditioning:
    labels = np.array([[1, 1, 2], [1, 2, 2]], np.uint8)
    objects = np.array([[1000, 7, 7], [1000, 7, 8]], np.int32)
    codes = {(1000, 1): (0.1, 0.2, 0.3), (7, 1): (1.0, 0.0, 0.0), (7, 2): (0.0, 1.0, 0.0)}
    return Conditioning(Maps(labels, objects), Styles(codes))


def test_each_pixel_has_the_code_of_its_object_and_class(conditioning):
    wanted = [[(0.1, 0.2, 0.3), (1, 0, 0), (0, 1, 0)], [(0.1, 0.2, 0.3), (0, 1, 0), (0, 0, 0)]]
    assert np.allclose(conditioning.style_map, wanted)
    assert conditioning.style_map.dtype == np.float32


def test_the_style_map_is_that_of_a_plain_loop():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, (9, 11)).astype(np.uint8)
    objects = rng.integers(0, 4, (9, 11)).astype(np.int32)
    codes = {(o, c): tuple(rng.random(3)) for o in range(4) for c in range(3)}
    plain = [
        [codes[o, c] for o, c in zip(*row, strict=True)] for row in zip(objects.tolist(), labels.tolist(), strict=True)
    ]
    assert np.allclose(Conditioning(Maps(labels, objects), Styles(codes)).style_map, plain)


def test_the_key_is_that_of_the_content(conditioning):
    maps, codes = conditioning.maps, conditioning.codes
    again = Conditioning(replace(maps, labels=maps.labels.copy()), Styles(dict(reversed(codes.items()))))
    assert again.key == conditioning.key
    flow = np.zeros((2, 3, 2), np.float32)
    others = [
        replace(conditioning, given=replace(maps, labels=maps.labels + np.uint8(1))),
        replace(conditioning, given=replace(maps, objects=maps.objects + np.int32(1))),
        conditioning.with_codes({**codes, (7, 2): (0.0, 1.0, 0.1)}),
        replace(conditioning, given=replace(maps, flow=flow, flow_valid=np.ones((2, 3), bool))),
        replace(conditioning, given=replace(maps, flow=flow + 1, flow_valid=np.ones((2, 3), bool))),
    ]
    keys = {conditioning.key, *(other.key for other in others)}
    assert len(keys) == 6
    assert others[3].label_key == conditioning.label_key != others[0].label_key


def test_other_looks_on_the_same_maps(conditioning, monkeypatch):
    """Maps are looked through and hashed once for all looks, and the key is that of the content all the same."""
    red = {**conditioning.codes, (7, 2): (0.0, 1.0, 0.1)}
    other = conditioning.with_codes(red)
    fresh = Conditioning(replace(conditioning.maps), Styles(red))
    assert other.key == fresh.key != conditioning.key
    assert np.array_equal(other.style_map, fresh.style_map)
    assert other.with_codes(conditioning.codes).key == conditioning.key
    assert conditioning.maps.pairs == [(7, 1), (7, 2), (8, 2), (1000, 1)]
    monkeypatch.setattr(np, "ascontiguousarray", None)
    monkeypatch.setattr(np, "unique", None)
    again = other.with_codes({})
    assert len({again.key, other.key, conditioning.key}) == 3 and not again.style_map.any()


@pytest.mark.parametrize(
    "wrong",
    [
        {"labels": np.zeros((2, 3), np.int32)},
        {"labels": np.zeros((2, 2), np.uint8)},
        {"labels": np.zeros((1, 2, 3), np.uint8)},
        {"objects": np.zeros((2, 3), np.int64)},
        {"flow": np.zeros((2, 3, 2), np.float32)},
        {"flow": np.zeros((2, 3, 2), np.float64), "flow_valid": np.ones((2, 3), bool)},
        {"flow": np.zeros((2, 3), np.float32), "flow_valid": np.ones((2, 3), bool)},
        {"flow": np.zeros((2, 3, 2), np.float32), "flow_valid": np.ones((2, 3), np.uint8)},
    ],
)
def test_maps_of_another_form_are_an_error(conditioning, wrong):
    with pytest.raises(ValueError):
        replace(conditioning.maps, **wrong)


@pytest.mark.parametrize("code", [(0.1, 0.2), (0.1, 0.2, 0.3, 0.4), (0.1, 0.2, float("nan"))])
def test_style_codes_of_another_form_are_an_error(code):
    with pytest.raises(ValueError, match="finite"):
        Styles({(7, 1): code})


def test_style_codes_cannot_be_changed_afterwards(conditioning):
    codes = dict(conditioning.codes)
    styles = Styles(codes)
    codes.clear()
    assert len(styles.codes) == 3
    with pytest.raises(TypeError):
        styles.codes[7, 1] = (0.0, 0.0, 0.0)
