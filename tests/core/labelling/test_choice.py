"""Labellers as the command line and the page name them, and ours among them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from core.assets import default_label_set
from core.clip.native import read_label_set
from core.errors import InputError
from core.evaluation.trained import LABELS as KIND
from core.evaluation.trained import save_segmenter
from core.labelling import own
from core.labelling.choice import LabellerChoice, open_labellers, parse_labellers
from core.labelling.extra import extra
from core.labelling.licence import Terms
from core.models.segmenter import Segmenter
from tests.core import tiny
from tests.core.training.clips import LABELS

OURS = read_label_set(default_label_set())
CPU = torch.device("cpu")


def nobody(terms: Terms) -> bool:
    raise AssertionError(terms.sentence)


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("shipped", "shipped", ""),
        ("torchvision:fcn_resnet50", "torchvision", "fcn_resnet50"),
        ("transformers:owner/model", "transformers", "owner/model"),
        ("transformers:C:\\models\\a", "transformers", "C:\\models\\a"),
        ("onnx:a/b.onnx", "onnx", "a/b.onnx"),
        ("runs/mine.safetensors", "file", "runs/mine.safetensors"),
    ],
)
def test_names(text: str, kind: str, name: str) -> None:
    choice = LabellerChoice.parse(text)
    assert (choice.kind, choice.name) == (kind, name)
    assert LabellerChoice.from_dict(choice.to_dict()) == choice


@pytest.mark.parametrize("text", ["", "onnx:", "shipped:x", "file:x", "magic:x", "network.pth", "transformers"])
def test_names_of_nothing(text: str) -> None:
    with pytest.raises(InputError, match="no labeller"):
        LabellerChoice.parse(text)


@pytest.mark.parametrize(
    "data", [{"kind": "magic"}, {"kind": "onnx"}, {"name": "x"}, {"kind": 1}, [], {"kind": "shipped", "more": "x"}]
)
def test_values_of_nothing(data: object) -> None:
    with pytest.raises(InputError):
        LabellerChoice.from_dict(data)  # type: ignore[arg-type]


def test_options_go_to_the_one_that_they_are_for() -> None:
    chosen = parse_labellers(["torchvision:fcn_resnet50", "onnx:a.onnx", "shipped"], Path("w.pth"))
    assert [one.weights for one in chosen] == [Path("w.pth"), None, None]
    with pytest.raises(InputError, match="2 are named"):
        parse_labellers(["torchvision:fcn_resnet50", "onnx:a.onnx"], None, Path("c.txt"))
    with pytest.raises(InputError, match="0 are named"):
        parse_labellers(["shipped"], Path("w.pth"))


def test_the_shipped_one_reads_our_classes() -> None:
    labeller = open_labellers([LabellerChoice()], OURS, {}, nobody, CPU)
    found = labeller.read(np.full((20, 36, 3), 90, np.uint8)).probabilities
    assert found.shape == (OURS.size, 20, 36)
    np.testing.assert_allclose(found.sum(0), 1, atol=1e-4)
    assert "street" in labeller.domain and labeller.told() == []


def test_a_network_of_other_classes_is_mapped(tmp_path: Path) -> None:
    torch.manual_seed(0)
    save_segmenter(KIND, tmp_path / "a.safetensors", Segmenter(LABELS.size), LABELS, {}, "For tests.")
    choices = parse_labellers([str(tmp_path / "a.safetensors")])
    labeller = open_labellers(choices, OURS, {"car": "truck"}, nobody, CPU)
    found = labeller.read(np.full((16, 16, 3), 90, np.uint8)).probabilities
    assert labeller.domain == "For tests." and found[OURS.by_name("car").id].max() == 0
    assert found[OURS.by_name("truck").id].max() > 0
    with pytest.raises(InputError, match="no class 'zebra'"):
        open_labellers(choices, OURS, {"zebra": "car"}, nobody, CPU)


def test_a_package_that_is_not_installed_is_a_sentence() -> None:
    with pytest.raises(InputError, match="needs the package no_such_package") as missing:
        extra("no_such_package.models")
    assert "requirements-label.txt" in missing.value.fix


def test_a_checkpoint_without_a_label_network_is_refused(tmp_path: Path) -> None:
    path = tiny.tiny_checkpoint(tmp_path / "x.safetensors")
    with pytest.raises(InputError, match="carries no label network"):
        own.network_of_file(path)
    (tmp_path / "none.safetensors").write_bytes(b"x" * 100)
    with pytest.raises(InputError, match="label network .* not usable"):
        own.network_of_file(tmp_path / "none.safetensors")
    with pytest.raises(InputError, match="missing"):
        own.network_of_file(tmp_path / "gone.safetensors")
