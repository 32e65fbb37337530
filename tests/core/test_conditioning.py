"""Conditionings: identity by content, and every pixel's code."""

from dataclasses import replace

import numpy as np
import pytest

from core.conditioning import Conditioning


@pytest.fixture
def conditioning() -> Conditioning:
    labels = np.array([[1, 1, 2], [1, 2, 2]], np.uint8)
    objects = np.array([[1000, 7, 7], [1000, 7, 8]], np.int32)
    codes = {(1000, 1): (0.1, 0.2, 0.3), (7, 1): (1.0, 0.0, 0.0), (7, 2): (0.0, 1.0, 0.0)}
    return Conditioning(labels, objects, codes)


def test_each_pixel_wears_the_code_of_its_object_and_class(conditioning):
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
    assert np.allclose(Conditioning(labels, objects, codes).style_map, plain)


def test_the_key_is_that_of_the_content(conditioning):
    again = replace(conditioning, labels=conditioning.labels.copy(), codes=dict(reversed(conditioning.codes.items())))
    assert again.key == conditioning.key
    flow = np.zeros((2, 3, 2), np.float32)
    others = [
        replace(conditioning, labels=conditioning.labels + np.uint8(1)),
        replace(conditioning, objects=conditioning.objects + np.int32(1)),
        replace(conditioning, codes={**conditioning.codes, (7, 2): (0.0, 1.0, 0.1)}),
        replace(conditioning, flow=flow, flow_valid=np.ones((2, 3), bool)),
        replace(conditioning, flow=flow + 1, flow_valid=np.ones((2, 3), bool)),
    ]
    keys = {conditioning.key, *(other.key for other in others)}
    assert len(keys) == 6


def test_other_looks_on_the_same_maps(conditioning, monkeypatch):
    """Maps are looked through and hashed once for all looks, and the key is that of the content all the same."""
    red = {**conditioning.codes, (7, 2): (0.0, 1.0, 0.1)}
    worn = conditioning.wearing(red)
    assert worn.key == replace(conditioning, codes=red).key != conditioning.key
    assert np.array_equal(worn.style_map, replace(conditioning, codes=red).style_map)
    assert worn.wearing(conditioning.codes).key == conditioning.key
    assert conditioning.pairs == [(7, 1), (7, 2), (8, 2), (1000, 1)]
    monkeypatch.setattr(np, "ascontiguousarray", None)
    monkeypatch.setattr(np, "unique", None)
    again = worn.wearing({})
    assert len({again.key, worn.key, conditioning.key}) == 3 and not again.style_map.any()
