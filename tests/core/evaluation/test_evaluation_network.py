"""The evaluation network: its training, its file, what it reads."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load, save
from typer.testing import CliRunner

from core.__main__ import app
from core.assets import default_evaluation_network
from core.clip.native import write_clip
from core.errors import InputError
from core.evaluation.agreement import Agreement
from core.evaluation.evaluation_network import load_evaluation_network, save_evaluation_network
from core.evaluation.train import train_evaluation
from core.models.segmenter import Segmenter
from core.training.machine import Machine
from tests.core import tiny
from tests.core.training.clips import LABELS, driving_clip

META = "scenebrush-evaluation"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained network."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("network") / "network.safetensors"
    save_evaluation_network(path, Segmenter(LABELS.size), LABELS, {"steps": 0})
    return path


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3)).astype(np.uint8)


def test_it_reads_the_same_from_its_file(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = Segmenter(LABELS.size)
    with torch.no_grad():
        network(torch.randn(4, 3, 32, 32))  # statistics of its own
        for weight in network.parameters():
            weight.copy_(weight.half())
    made = save_evaluation_network(tmp_path / "a.safetensors", network, LABELS, {"steps": 1})
    loaded = load_evaluation_network(tmp_path / "a.safetensors")
    assert loaded.hash == made.hash and loaded.label_set == LABELS and loaded.recipe == {"steps": 1}
    network.eval()
    pictures = torch.rand(1, 3, 32, 48) * 2 - 1
    assert torch.allclose(loaded.network(pictures), network(pictures), atol=1e-5)


def test_any_size_is_read_and_nothing_is_learnt(file: Path) -> None:
    network = load_evaluation_network(file)
    reading = network.read(picture(20, 37))
    assert reading.labels.shape == (20, 37) and reading.labels.dtype == np.uint8
    assert [tuple(level.shape) for level in reading.features] == [(64, 16, 24), (64, 8, 12), (128, 4, 6), (256, 2, 3)]
    assert all(level.min() >= 0 for level in reading.features)
    assert np.array_equal(network.read(picture(20, 37)).labels, reading.labels)


def changed(file: Path, meta: dict[str, object] | None = None, **tensors: torch.Tensor | None) -> bytes:
    """The file with other metadata, or other tensors (None: left out)."""
    data = file.read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    values = json.loads(header["__metadata__"][META]) | (meta or {})
    kept = {key: value for key, value in (load(data) | tensors).items() if value is not None}
    return save(kept, {META: json.dumps(values)})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda file: b"", "cut off"),
        (lambda file: b"PK\x03\x04" + bytes(100), "pickle"),
        (lambda file: file.read_bytes()[:-1000], "cut off or damaged"),
        (lambda file: save({"a": torch.zeros(1)}, {"scenebrush": "{}"}), "something else"),
        (lambda file: changed(file, {"format": 9}), "format"),
        (lambda file: changed(file, {"label_set": {"name": "x"}}), "label set"),
        (lambda file: changed(file, {"recipe": 1}), "recipe"),
        (lambda file: changed(file, **{"head.bias": None}), "has no tensor 'head.bias'"),
        (lambda file: changed(file, **{"head.bias": torch.zeros(2)}), "misshapen"),
        (lambda file: changed(file, **{"fc.weight": torch.zeros(2)}), "unknown"),
        (lambda file: changed(file, **{"head.bias": torch.full((LABELS.size,), torch.nan)}), "not numbers"),
        (lambda file: changed(file, **{"head.bias": torch.zeros(LABELS.size, dtype=torch.int32)}), "not a float"),
    ],
)
def test_a_file_that_is_none_is_refused_in_a_sentence(file: Path, tmp_path: Path, change, words: str) -> None:
    path = tmp_path / "other.safetensors"
    path.write_bytes(change(file))
    with pytest.raises(InputError, match=words) as refused:
        load_evaluation_network(path)
    assert str(path) in str(refused.value) and refused.value.fix


def test_a_file_that_is_missing_or_huge_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no evaluation network"):
        load_evaluation_network(tmp_path / "none.safetensors")
    with (tmp_path / "huge.safetensors").open("wb") as huge:
        huge.truncate(1 << 30)
    with pytest.raises(InputError, match="larger than"):
        load_evaluation_network(tmp_path / "huge.safetensors")


def test_clips_of_other_classes_are_refused(file: Path) -> None:
    network = load_evaluation_network(file)
    network.check(driving_clip())
    with pytest.raises(InputError, match="another label set"):
        network.check(tiny.tiny_clip())


@pytest.mark.training
def test_the_command_trains_a_network_that_reads_labels(tmp_path: Path) -> None:
    for name, colour in (("red", (200, 30, 30)), ("green", (30, 180, 30))):
        write_clip(driving_clip(name, colour), tmp_path / "data" / name)
    path = tmp_path / "network.safetensors"
    words = ["train-evaluation", "--data", tmp_path / "data", "-o", path, "--steps", 40, "--device", "cpu"]
    done = CliRunner().invoke(app, [str(word) for word in [*words, "--val", tmp_path / "data"]])
    assert done.exit_code == 0, done.output
    network, clip = load_evaluation_network(path), driving_clip()
    assert clip.pictures is not None
    agreement = Agreement(LABELS)
    for frame, labels in zip(clip.pictures, clip.labels, strict=True):
        agreement.add(labels, network.read(frame).labels)
    assert agreement.accuracy > 0.9
    assert "mIoU" in done.output and network.recipe["steps"] == 40 and network.recipe["clips"] == ["green", "red"]


@pytest.mark.training
def test_it_goes_on_from_a_network(file: Path, tmp_path: Path) -> None:
    write_clip(driving_clip(), tmp_path / "data" / "a")
    out = train_evaluation(tmp_path / "data", tmp_path / "b.safetensors", machine=Machine(), steps=1, begin=file)
    network, before = load_evaluation_network(out), load_evaluation_network(file)
    assert network.recipe["begun with"] == {"hash": before.hash, "steps": 0}
    # One step of Adam moves a weight by the learning rate at the most.
    assert torch.allclose(network.network.head.weight, before.network.head.weight, atol=3e-3)
    assert not torch.equal(network.network.head.weight, before.network.head.weight)


def test_the_shipped_network_is_small_and_reads() -> None:
    path = default_evaluation_network()
    assert path.stat().st_size <= 12_000_000
    network = load_evaluation_network(path)
    assert network.read(picture(32, 32)).labels.max() < network.label_set.size
