"""Checkpoints: what is saved comes back; what is hostile or damaged is refused by name, and nothing is lost."""

from __future__ import annotations

import hashlib
import json
import re
import struct
from collections.abc import Callable
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from core.checkpoint import check_label_set, load_checkpoint, save_checkpoint
from core.clip.clip import Clip
from core.clip.label_set import LabelClass, LabelSet
from core.errors import InputError
from core.models.encoder import Encoder
from core.models.generator import LabelMaps
from core.models.local.exemplars import NO_EXEMPLARS, Exemplars
from core.models.local.facades import ROWS
from core.models.local.network import INPUTS, LocalConfig, LocalGenerator
from core.models.local.tolerance import Tolerance
from core.models.published.network import PublishedConfig, PublishedGenerator
from core.styles.mixtures import Mixture
from core.weights_file import MAX_HEADER

LABEL_SET = LabelSet("toy", (LabelClass(0, "road", (90, 90, 90), "stuff"), LabelClass(2, "car", (0, 0, 200), "thing")))
LOCAL = LocalConfig(classes=3, width=8, deep_blocks=1)
CAR = Mixture(np.array([0.6, 0.4]), np.array([[0.1, 0.2, 0.3], [-0.5, 0, 0.5]]), np.stack([np.eye(3) / 30] * 2))


def saved(path: Path, **changes: Any) -> Path:
    """A small checkpoint of our generator at `path`."""
    torch.manual_seed(0)
    encoder = Encoder(ngf=4, n_down=1, norm="none")
    parts: dict[str, Any] = {
        "kind": "local",
        "config": LOCAL.to_dict(),
        "generator_state": LocalGenerator(LOCAL).state_dict(),
        "encoder_config": encoder.config,
        "encoder_state": encoder.state_dict(),
        "label_set": LABEL_SET,
        "mixtures": {2: CAR},
        "recipe": {"steps": 7},
    }
    save_checkpoint(path, **(parts | changes))
    return path


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a good checkpoint."""
    return saved(tmp_path_factory.mktemp("good") / "toy.safetensors").read_bytes()


def meta_of(data: bytes) -> dict[str, Any]:
    size = struct.unpack("<Q", data[:8])[0]
    return json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["scenebrush"])


def remade(data: bytes, meta: Any = None, tensors: Callable[[dict[str, torch.Tensor]], Any] = lambda _: None) -> bytes:
    """The same file with other metadata, or tensors changed in place."""
    parts = load(data)
    tensors(parts)
    return save(parts, {"scenebrush": json.dumps(meta_of(data) if meta is None else meta)})


def refused(path: Path, data: bytes, *words: str) -> None:
    """Loading `data` raises an `InputError` that names the file and has all `words`, and says what to do."""
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        load_checkpoint(path)
    for word in (path.name, *words):
        assert word in str(caught.value)
    assert caught.value.fix


def toy_clip(label_set: LabelSet) -> Clip:
    return Clip("toy clip", label_set, np.zeros((1, 8, 8), np.uint8), np.zeros((1, 8, 8), np.int32), Fraction(12))


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    path = saved(tmp_path / "street.safetensors")
    checkpoint = load_checkpoint(path)
    assert (checkpoint.name, checkpoint.kind, checkpoint.recipe) == ("street", "local", {"steps": 7})
    assert checkpoint.label_set == LABEL_SET
    assert checkpoint.mixtures[2].hash == CAR.hash
    assert LocalConfig.from_dict(checkpoint.config) == LOCAL
    assert checkpoint.hash == hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    torch.manual_seed(0)
    encoder = Encoder(ngf=4, n_down=1, norm="none")
    for name, value in checkpoint.build_encoder().state_dict().items():
        assert value.dtype == torch.float32
        torch.testing.assert_close(value, encoder.state_dict()[name], atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize(("version", "waves"), [(2, 0), (3, 6)])
def test_the_versions_before_are_the_same_network_without_openings(
    tmp_path: Path, good: bytes, version: int, waves: int
) -> None:
    """The last one read six planes of waves where openings are read now."""
    read = 16 * (INPUTS - 1)

    def as_before(tensors: dict[str, torch.Tensor]) -> None:
        name = "generator.trunk.history.weight"
        weight = tensors[name][:, :read]
        tensors[name] = torch.cat([weight, weight.new_ones(len(weight), 16 * waves, *weight.shape[2:])], 1)

    meta = meta_of(good)
    older = remade(good, meta | {"config": meta["config"] | {"version": version}}, as_before)
    (tmp_path / "older.safetensors").write_bytes(older)
    (tmp_path / "good.safetensors").write_bytes(good)
    brought_up, today = (load_checkpoint(tmp_path / f"{name}.safetensors") for name in ("older", "good"))
    assert brought_up.config == today.config and brought_up.hash != today.hash
    weight, wanted = (one.generator_state["trunk.history.weight"] for one in (brought_up, today))
    assert torch.equal(weight[:, :read], wanted[:, :read]) and (weight[:, read:] == 0).all()
    assert weight.shape == wanted.shape and brought_up.build_generator() is not None


def test_the_version_before_said_openings_of_vehicles_itself(tmp_path: Path, good: bytes) -> None:
    meta = meta_of(good)
    older = remade(
        good,
        meta | {"config": meta["config"] | {"version": 4}},
        lambda tensors: tensors.update({"generator.openings.to_full.conv.weight": torch.ones(4, 16, 3, 3)}),
    )
    (tmp_path / "older.safetensors").write_bytes(older)
    (tmp_path / "good.safetensors").write_bytes(good)
    brought_up, today = (load_checkpoint(tmp_path / f"{name}.safetensors") for name in ("older", "good"))
    assert brought_up.config == today.config and brought_up.generator_state.keys() == today.generator_state.keys()
    assert brought_up.exemplars == NO_EXEMPLARS and brought_up.build_generator() is not None


EXEMPLARS = {
    "exemplars.facades": torch.randint(0, 256, (2, 40, ROWS // 8), dtype=torch.uint8),
    "exemplars.outlines": torch.randint(0, 256, (3, 64, 8), dtype=torch.uint8),
    "exemplars.openings": torch.randint(0, 256, (3, 64, 8), dtype=torch.uint8),
    "exemplars.about": torch.zeros(3, 4, dtype=torch.int16),
}


def test_exemplars_come_back(tmp_path: Path) -> None:
    given = Exemplars.of({key.partition(".")[2]: value for key, value in EXEMPLARS.items()})
    loaded = load_checkpoint(saved(tmp_path / "street.safetensors", exemplars=given)).exemplars.tensors()
    assert loaded.keys() == given.tensors().keys()
    assert all(torch.equal(loaded[key], value) for key, value in given.tensors().items())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"exemplars.outlines": None}, "exemplars have the parts"),
        ({"exemplars.more": torch.zeros(1)}, "exemplars have the parts"),
        ({"exemplars.outlines": torch.zeros(3, 64, 8)}, "outlines"),
        ({"exemplars.openings": torch.zeros(2, 64, 8, dtype=torch.uint8)}, "openings"),
        ({"exemplars.about": torch.zeros(0, 4, dtype=torch.int16)}, "exemplars"),
        ({"exemplars.about": torch.tensor(3, dtype=torch.int16)}, "exemplars"),
        ({"exemplars.about": torch.zeros(20000, 4, dtype=torch.int16)}, "exemplars"),
        ({"exemplars.facades": torch.zeros(2, 40, 20)}, "facades"),
        ({"exemplars.facades": torch.zeros(2, 0, 20, dtype=torch.uint8)}, "facades"),
        ({"exemplars.facades": torch.zeros(1, 40, 20, dtype=torch.uint8)}, "facades"),
        ({"exemplars.facades": torch.zeros(2, 40, dtype=torch.uint8)}, "facades"),
        ({"exemplars.facades": torch.zeros(2, 20000, 20, dtype=torch.uint8)}, "facades"),
    ],
)  # fmt: skip
def test_exemplars_of_another_form_are_refused(tmp_path: Path, good: bytes, change: dict[str, Any], words: str) -> None:
    def with_change(tensors: dict[str, torch.Tensor]) -> None:
        tensors.update(EXEMPLARS | {key: value for key, value in change.items() if value is not None})
        for key, value in change.items():
            if value is None:
                del tensors[key]

    refused(tmp_path / "e.safetensors", remade(good, tensors=with_change), words)


def test_the_tolerance_of_following_edits_travels_with_it(tmp_path: Path, good: bytes) -> None:
    careful = replace(LOCAL, tolerance=Tolerance(threshold=1, nearest=24))
    loaded = load_checkpoint(saved(tmp_path / "careful.safetensors", config=careful.to_dict()))
    assert LocalConfig.from_dict(loaded.config).tolerance == Tolerance(threshold=1, nearest=24)
    meta = meta_of(good)
    del meta["config"]["tolerance"]  # as files were written before there was one
    path = tmp_path / "old.safetensors"
    path.write_bytes(remade(good, meta))
    assert LocalConfig.from_dict(load_checkpoint(path).config).tolerance == Tolerance()


@pytest.mark.parametrize(
    ("tolerance", "word"),
    [
        ({"threshold": -1}, "threshold"),
        ({"border": 1.5}, "border"),
        ({"border": True}, "border"),
        ({"least": 0}, "least"),
        ({"nearest": 200}, "nearest"),
        ({"speed": 1}, "speed"),
        ("quick", "generator"),
        (None, "generator"),
    ],
)
def test_an_impossible_tolerance_is_refused(tmp_path: Path, good: bytes, tolerance: Any, word: str) -> None:
    meta = meta_of(good)
    meta["config"]["tolerance"] = tolerance
    refused(tmp_path / "x.safetensors", remade(good, meta), word)


def test_the_same_contents_make_the_same_file(tmp_path: Path, good: bytes) -> None:
    assert saved(tmp_path / "toy.safetensors").read_bytes() == good


def test_its_generator_renders_and_leaves_random_numbers_alone(tmp_path: Path) -> None:
    checkpoint = load_checkpoint(saved(tmp_path / "toy.safetensors"))
    torch.manual_seed(3)
    wanted = torch.rand(1)
    torch.manual_seed(3)
    pictures = []
    for _ in range(2):
        generator = checkpoint.build_generator(precision="float32")
        maps = LabelMaps(torch.zeros(1, 32, 32, dtype=torch.uint8), torch.zeros(1, 32, 32, dtype=torch.int32))
        pictures.append(generator.step(maps, torch.zeros(1, 3, 32, 32), generator.start())[0])
    assert torch.rand(1) == wanted
    assert pictures[0].dtype == torch.uint8 and torch.equal(*pictures)


def test_half_precision_halves_the_file_and_keeps_what_it_cannot_hold(tmp_path: Path) -> None:
    state = LocalGenerator(LOCAL).state_dict()
    state["trunk.head.gain"] = torch.full_like(state["trunk.head.gain"], 1e6)
    half = saved(tmp_path / "half.safetensors", generator_state=state)
    whole = saved(tmp_path / "whole.safetensors", generator_state=state, half=False)
    assert half.stat().st_size < 0.65 * whole.stat().st_size
    assert (load_checkpoint(half).generator_state["trunk.head.gain"] == 1e6).all()
    for name, value in load_checkpoint(whole).generator_state.items():
        assert torch.equal(value, state[name])


def test_a_published_generator_has_no_encoder_and_renders_as_the_plain_one(tmp_path: Path) -> None:
    config = PublishedConfig(label_nc=3, ngf=4, n_downsample_G=1, n_blocks=1)
    network = PublishedGenerator(config)
    path = saved(
        tmp_path / "p.safetensors", kind="published", config=asdict(config), generator_state=network.state_dict(),
        encoder_config=None, encoder_state={}, mixtures={}, half=False,
    )  # fmt: skip
    checkpoint = load_checkpoint(path)
    assert checkpoint.build_encoder() is None
    maps = LabelMaps(torch.randint(0, 3, (1, 16, 32), dtype=torch.uint8), torch.zeros(1, 16, 32, dtype=torch.int32))
    wanted = network.step(maps, torch.zeros(1, 3, 16, 32), network.start())[0].int()
    for precision, levels in (("float32", 1), ("bfloat16", 40)):
        generator = checkpoint.build_generator(precision=precision)
        made = generator.step(maps, torch.zeros(1, 3, 16, 32), generator.start())[0].int()
        assert (made - wanted).abs().max() <= levels


@pytest.mark.parametrize("share", [0.0, 1e-6, 0.002, 0.3, 0.9999])
def test_a_truncated_file_is_refused(tmp_path: Path, good: bytes, share: float) -> None:
    refused(tmp_path / "cut.safetensors", good[: int(len(good) * share)], "cut off")


def test_a_header_whose_length_looks_like_pickle_is_read(tmp_path: Path, good: bytes) -> None:
    size = struct.unpack("<Q", good[:8])[0]
    longer = size + (0x80 - size) % 256
    path = tmp_path / "toy.safetensors"
    path.write_bytes(struct.pack("<Q", longer) + good[8 : 8 + size].ljust(longer) + good[8 + size :])
    assert path.read_bytes()[0] == 0x80
    assert load_checkpoint(path).name == "toy"


def test_files_of_other_kinds_are_refused(tmp_path: Path, good: bytes) -> None:
    torch.save({"a": torch.zeros(2)}, tmp_path / "weights.pth")
    refused(tmp_path / "a.safetensors", (tmp_path / "weights.pth").read_bytes(), "pickle")
    refused(tmp_path / "a.safetensors", b"\x80\x04K\x01." + bytes(20), "pickle")
    refused(tmp_path / "a.safetensors", b"<!doctype html><title>404</title>" * 9, "not a safetensors file")
    refused(tmp_path / "a.safetensors", save({"a": torch.zeros(2)}), "something else")
    refused(tmp_path / "a.safetensors", struct.pack("<Q", MAX_HEADER + 1) + b"{" + good, "header is damaged")
    refused(tmp_path / "a.safetensors", struct.pack("<Q", 2**63) + good[8:], "header is damaged")
    refused(tmp_path / "a.safetensors", good[:9] + b"\xff" + good[10:], "damaged")
    deep = b"[" * 200_000
    refused(tmp_path / "a.safetensors", struct.pack("<Q", len(deep) + 1) + b"{" + deep, "damaged")
    with pytest.raises(InputError, match="no checkpoint"):
        load_checkpoint(tmp_path / "absent.safetensors")
    with pytest.raises(InputError, match="is a folder"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 2}, "format 2"),
        ({"format": "1"}, "no format"),
        ({"kind": "gan"}, "unknown kind 'gan'"),
        ({"kind": None}, "'kind'"),
        ({"recipe": None}, "'recipe'"),
        ({"encoder": 3}, "'encoder'"),
        ({"encoder": None}, "encoder whose sizes"),
        ({"encoder": {"ngf": 4, "depth": 3}}, "sizes of its encoder"),
        ({"encoder": {"ngf": 10**9}}, "ngf"),
        ({"config": {"version": 3}}, "sizes of its generator"),
        ({"config": {"classes": 3, "foreground": [2], "width": 8}}, "version 1"),
        ({"config": LOCAL.to_dict() | {"version": 6}}, "version 6"),
        ({"config": LOCAL.to_dict() | {"version": [2]}}, "version"),
        ({"config": LOCAL.to_dict() | {"width": 16}}, "misshapen"),
        ({"config": LOCAL.to_dict() | {"width": 10**12}}, "width"),
        ({"config": LOCAL.to_dict() | {"width": "8"}}, "sizes of its generator"),
        ({"config": LOCAL.to_dict() | {"width": [8]}}, "sizes of its generator"),
        ({"config": LOCAL.to_dict() | {"classes": {"a": 1}}}, "sizes of its generator"),
        ({"config": LOCAL.to_dict() | {"deep_blocks": 2}}, "has no tensor"),
        ({"config": asdict(PublishedConfig(label_nc=3)), "kind": "published"}, "has no tensor"),
        ({"label_set": {}}, "label set"),
        ({"label_set": LABEL_SET.to_dict() | {"classes": [1]}}, "label set"),
        ({"label_set": {"name": "b", "classes": [LABEL_SET.to_dict()["classes"][0] | {"id": "x"}]}}, "label set"),
        ({"label_set": {"name": "b", "classes": LABEL_SET.to_dict()["classes"] * 9000}}, "18000 classes"),
        ({"label_set": LabelSet("b", (LabelClass(9, "a", (0, 0, 0), "stuff"),)).to_dict()}, "10"),
        ({"label_set": LabelSet("b", LABEL_SET.classes[:1]).to_dict()}, "mixture of class 2"),
    ],
)  # fmt: skip
def test_other_metadata_is_refused(tmp_path: Path, good: bytes, change: dict[str, Any], words: str) -> None:
    refused(tmp_path / "m.safetensors", remade(good, meta_of(good) | change), words)


@pytest.mark.parametrize("meta", [[], 3, None, "text", {"format": True}])
def test_metadata_of_another_form_is_refused(tmp_path: Path, good: bytes, meta: Any) -> None:
    data = save(load(good), {"scenebrush": json.dumps(meta)})
    refused(tmp_path / "m.safetensors", data, "format")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t["generator.trunk.head.weight"].view(-1)[3:4].fill_(float("nan")), "'generator.trunk.head.weight'"),
        (lambda t: t["encoder.model.1.bias"].fill_(float("inf")), "'encoder.model.1.bias'"),
        (lambda t: t.pop("generator.trunk.head.weight"), "has no tensor 'trunk.head.weight'"),
        (lambda t: t.pop("encoder.model.1.bias"), "encoder has no tensor 'model.1.bias'"),
        (lambda t: t.update({"generator.extra": torch.zeros(1)}), "unknown tensor 'extra'"),
        (lambda t: t.update({"optimizer.step": torch.zeros(1)}), "'optimizer.step'"),
        (lambda t: t.update({"encoder.model.1.bias": torch.zeros(5)}), "(5,) instead of (4,)"),
        (lambda t: t.update({"encoder.model.1.bias": torch.zeros(4, dtype=torch.int64)}), "int64"),
        (lambda t: t.update({"mixtures.car.means": torch.zeros(1)}), "'mixtures.car.means'"),
        (lambda t: t.update({"mixtures.999.means": torch.zeros(1)}), "'mixtures.999.means'"),
        (lambda t: t.update({"mixtures.0.means": torch.zeros(1, 3)}), "class 0"),
        (lambda t: t.update({"mixtures.2.means": torch.zeros(2, 4)}), "class 2"),
        (lambda t: t["mixtures.2.weights"].fill_(0.1), "class 2"),
        (lambda t: t["mixtures.2.weights"].fill_(float("nan")), "mixtures.2.weights"),
    ],
)  # fmt: skip
def test_other_tensors_are_refused(tmp_path: Path, good: bytes, change: Callable[..., Any], words: str) -> None:
    refused(tmp_path / "t.safetensors", remade(good, tensors=change), words)


def test_a_save_that_could_not_be_loaded_keeps_the_last_good_file(tmp_path: Path) -> None:
    path = saved(tmp_path / "toy.safetensors")
    before = path.read_bytes()
    state = LocalGenerator(LOCAL).state_dict()
    state["trunk.head.weight"][0] = float("nan")
    with pytest.raises(InputError, match=re.escape("trunk.head.weight")):
        saved(path, generator_state=state)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_clip_of_another_label_set_is_named(good: bytes, tmp_path: Path) -> None:
    (tmp_path / "toy.safetensors").write_bytes(good)
    checkpoint = load_checkpoint(tmp_path / "toy.safetensors")
    road, car = LABEL_SET.classes
    recoloured = LabelSet("renamed", (LabelClass(0, "road", (1, 2, 3), "stuff"), car))
    check_label_set(checkpoint, toy_clip(LABEL_SET))
    check_label_set(checkpoint, toy_clip(recoloured))
    for classes, words in (
        ((road, LabelClass(2, "truck", car.colour, "thing")), ("'truck'", "'car'")),
        ((road,), ("class 2 is missing in the clip",)),
        ((road, car, LabelClass(7, "tree", (0, 1, 0), "stuff")), ("class 7", "missing in the checkpoint")),
    ):
        with pytest.raises(InputError) as caught:
            check_label_set(checkpoint, toy_clip(LabelSet("other", classes)))
        assert all(word in str(caught.value) for word in (*words, "toy clip"))
