"""torchvision's models with weights of a file, or its own; none is fetched before somebody agreed."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torchvision import models

from core.errors import InputError
from core.labelling import of_torchvision
from core.labelling.foreign import as_classes
from core.labelling.licence import NotAgreed, Terms, fetched
from core.labelling.of_torchvision import composed, known_models, open_torchvision
from core.labelling.torchvision_weights import published_file

CPU = torch.device("cpu")
SMALL = "lraspp_mobilenet_v3_large"
PICTURE = np.random.default_rng(0).integers(0, 256, (32, 48, 3)).astype(np.uint8)


def nobody(terms: Terms) -> bool:
    raise AssertionError(terms.sentence)


@pytest.fixture(scope="module")
def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return models.get_model(SMALL, weights=None, weights_backbone=None, num_classes=21).eval()


@pytest.fixture
def file(network: torch.nn.Module, tmp_path: Path) -> Path:
    torch.save(network.state_dict(), tmp_path / "w.pth")
    return tmp_path / "w.pth"


def test_all_that_read_labels_are_known() -> None:
    assert {"deeplabv3_resnet50", "fcn_resnet101", SMALL, "maskrcnn_resnet50_fpn_v2"} <= set(known_models())
    assert not [name for name in known_models() if name.startswith(("resnet", "raft", "fasterrcnn"))]


def test_a_segmenter_reads_as_it_does_by_itself(network: torch.nn.Module, file: Path, tmp_path: Path) -> None:
    reader = open_torchvision(SMALL, file, None, nobody, CPU)
    found = reader.read(PICTURE).probabilities
    prepare = models.get_model_weights(SMALL).DEFAULT.transforms()
    with torch.inference_mode():
        logits = network(prepare(torch.from_numpy(PICTURE.transpose(2, 0, 1))[None]))["out"]
    wanted = torch.nn.functional.interpolate(logits, (32, 48), mode="bilinear", align_corners=False)[0].softmax(0)
    np.testing.assert_allclose(found, wanted.numpy(), atol=1e-5)
    assert [entry.name for entry in reader.facts.classes][:3] == ["background", "aeroplane", "bicycle"]
    save_file({f"module.{key}": value for key, value in network.state_dict().items()}, tmp_path / "w.safetensors")
    again = open_torchvision(SMALL, tmp_path / "w.safetensors", None, nobody, CPU)
    np.testing.assert_array_equal(again.read(PICTURE).probabilities, found)


def test_weights_that_are_none(network: torch.nn.Module, file: Path, tmp_path: Path) -> None:
    def refused(words: str, path: Path, name: str = SMALL, names: tuple[str, ...] | None = None) -> None:
        with pytest.raises(InputError, match=words) as error:
            open_torchvision(name, path, None if names is None else as_classes(names), nobody, CPU)
        assert error.value.fix

    refused("no model 'resnet18'", file, "resnet18")
    refused("missing", tmp_path / "none.pth")
    refused("holds no weights of deeplabv3_resnet50", file, "deeplabv3_resnet50")
    refused("know 21 classes, the list has 2", file, names=("road", "sky"))
    (tmp_path / "cut.pth").write_bytes(file.read_bytes()[:-5000])
    refused("cut off or damaged", tmp_path / "cut.pth")
    state = network.state_dict()
    torch.save({key: value for key, value in state.items() if "backbone.4" not in key}, tmp_path / "part.pth")
    refused("has no tensor", tmp_path / "part.pth")
    torch.save(state | {"classifier.low_classifier.bias": torch.full((21,), torch.nan)}, tmp_path / "nan.pth")
    refused("not numbers", tmp_path / "nan.pth")
    torch.save(network, tmp_path / "whole.pth")
    refused("other than tensors", tmp_path / "whole.pth")


def test_objects_are_put_together() -> None:
    masks = torch.zeros(2, 1, 4)
    masks[0, 0, :3], masks[1, 0, 2:] = 0.9, 1.0
    seen = composed(torch.tensor([0.8, 0.9]), torch.tensor([1, 2]), masks, 4, (1, 4))
    assert seen.instances is not None and seen.instances[0].tolist() == [1, 1, 2, 2]
    np.testing.assert_allclose(seen.probabilities[:, 0, 0], [0.28, 0.72, 0, 0], atol=1e-6)
    np.testing.assert_allclose(seen.probabilities[:, 0, 2], [0, 0.72 / 1.62, 0.9 / 1.62, 0], atol=1e-6)
    np.testing.assert_allclose(seen.probabilities.sum(0), 1, atol=1e-6)
    nothing = composed(torch.zeros(0), torch.zeros(0, dtype=torch.long), torch.zeros(0, 1, 4), 4, (1, 4))
    assert nothing.instances is not None and not nothing.instances.any() and (nothing.probabilities[0] == 1).all()


def test_mask_rcnn_reads_objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = partial(models.get_model, min_size=64, max_size=64, box_detections_per_img=3, box_score_thresh=0.0)
    monkeypatch.setattr(of_torchvision.models, "get_model", small)
    monkeypatch.setattr(of_torchvision, "_SCORE", 0.0)
    torch.manual_seed(0)
    made = small("maskrcnn_resnet50_fpn", weights=None, weights_backbone=None, num_classes=3)
    torch.save(made.state_dict(), tmp_path / "m.pth")
    names = as_classes(("background", "car", "person"))
    seen = open_torchvision("maskrcnn_resnet50_fpn", tmp_path / "m.pth", names, nobody, CPU).read(PICTURE)
    assert seen.probabilities.shape == (3, 32, 48) and seen.instances is not None
    np.testing.assert_allclose(seen.probabilities.sum(0), 1, atol=1e-5)
    assert seen.instances.shape == (32, 48) and seen.probabilities[1:].max() > 0


def test_nothing_is_fetched_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    asked: list[Terms] = []

    def no(terms: Terms) -> bool:
        asked.append(terms)
        return False

    with pytest.raises(NotAgreed, match="--agree"):
        published_file(SMALL, no)
    assert asked[0].size > 1e6 and "terms" in asked[0].licence and asked[0].place.startswith("https://")
    assert not (tmp_path / "hub").exists()


def test_what_is_fetched_is_checked_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    data = b"weights of a network"
    digest = hashlib.sha256(data).hexdigest()[:8]
    source = tmp_path / f"net-{digest}.pth"
    source.write_bytes(data)
    terms = Terms("A network", source.as_uri(), len(data), "MIT", "here")
    path = fetched(source.as_uri(), terms, lambda terms: True)
    assert path.read_bytes() == data
    assert fetched(source.as_uri(), terms, nobody) == path  # it is here now
    path.unlink()
    source.write_bytes(b"something else")
    with pytest.raises(InputError, match="cannot be fetched"):
        fetched(source.as_uri(), terms, lambda terms: True)
    source.unlink()
    with pytest.raises(InputError, match="cannot be fetched") as offline:
        fetched(source.as_uri(), terms, lambda terms: True)
    assert "internet" in offline.value.fix and not path.exists()
