"""Networks in ONNX files: sizes, normalisation, classes, outputs of all kinds; and files that are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.errors import InputError
from core.labelling.class_list import ClassList, PictureForm, read_class_list
from core.labelling.foreign import as_classes
from core.labelling.of_onnx import OnnxNetwork, open_onnx

onnx = pytest.importorskip("onnx", reason="the extra of requirements-label.txt is not installed")
pytest.importorskip("onnxruntime", reason="the extra of requirements-label.txt is not installed")

CPU = torch.device("cpu")
# Class 0 is what is dark, class 1 what is red and not blue, class 2 what is green: logits are linear in the pixel.
WEIGHTS = np.array([[-8, -8, -8], [8, 0, -8], [0, 8, 0]], np.float32)[..., None, None]
BIAS = np.array([4, 0, 0], np.float32)
NAMES = ("road", "car", "sky")
PICTURE = np.zeros((30, 50, 3), np.uint8)
PICTURE[:, 20:35, 0] = 255
PICTURE[:, 35:, 1] = 255
WANTED = np.repeat([[0] * 20 + [1] * 15 + [2] * 15], 30, 0)
PLAIN = PictureForm((0, 0, 0), (1, 1, 1))


def write(
    path: Path, *, size: tuple[Any, Any] = ("h", "w"), last: bool = False, ids: bool = False, **said: str
) -> Path:
    """A network of one 1x1 convolution."""
    helper = onnx.helper
    kind = onnx.TensorProto.FLOAT
    shape = [1, *size, 3] if last else [1, 3, *size]
    nodes, name = [], "picture"
    if last:
        nodes.append(helper.make_node("Transpose", [name], ["first"], perm=[0, 3, 1, 2]))
        name = "first"
    nodes.append(helper.make_node("Conv", [name, "weights", "bias"], ["logits"]))
    out = helper.make_tensor_value_info("logits", kind, [1, 3, *size])
    if ids:
        nodes.append(helper.make_node("ArgMax", ["logits"], ["ids"], axis=1, keepdims=0))
        out = helper.make_tensor_value_info("ids", onnx.TensorProto.INT64, [1, *size])
    constants = [onnx.numpy_helper.from_array(WEIGHTS, "weights"), onnx.numpy_helper.from_array(BIAS, "bias")]
    graph = helper.make_graph(nodes, "net", [helper.make_tensor_value_info("picture", kind, shape)], [out], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, said)
    path.write_bytes(model.SerializeToString())
    return path


def opened(path: Path, form: PictureForm = PLAIN, names: tuple[str, ...] = NAMES) -> OnnxNetwork:
    return open_onnx(path, ClassList(as_classes(names), form), CPU)


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("ids", [False, True])
@pytest.mark.parametrize("size", [("h", "w"), (30, 50)])
def test_it_reads(tmp_path: Path, last: bool, ids: bool, size: tuple[Any, Any]) -> None:
    found = opened(write(tmp_path / "a.onnx", last=last, ids=ids, size=size)).read(PICTURE).probabilities
    assert found.shape == (3, 30, 50) and found.dtype == np.float32
    np.testing.assert_allclose(found.sum(0), 1, atol=1e-5)
    assert (found.argmax(0) == WANTED).mean() > 0.95


def test_pictures_are_normalised_as_somebody_said(tmp_path: Path) -> None:
    swapped = PictureForm((0, 0, 0), (1, 1, 1), None, "bgr")
    found = opened(write(tmp_path / "a.onnx"), swapped).read(PICTURE[..., ::-1]).probabilities
    assert (found.argmax(0) == WANTED).mean() > 0.95
    network = open_onnx(write(tmp_path / "a.onnx", classes="road, car, sky", mean="[0,0,0]", std="[1,1,1]"), None, CPU)
    assert (network.read(PICTURE).probabilities.argmax(0) == WANTED).mean() > 0.95
    assert network.facts.domain == "" and [entry.name for entry in network.facts.classes] == list(NAMES)
    unsaid = open_onnx(write(tmp_path / "a.onnx", names=json.dumps(dict(enumerate(NAMES)))), None, CPU)
    assert "ImageNet" in unsaid.facts.domain and unsaid.facts.hash != network.facts.hash


def test_files_and_sizes_that_do_not_fit(tmp_path: Path) -> None:
    def refused(words: str, path: Path, form: PictureForm = PLAIN, names: tuple[str, ...] = NAMES) -> None:
        with pytest.raises(InputError, match=words) as error:
            opened(path, form, names).read(PICTURE)
        assert error.value.fix

    path = write(tmp_path / "a.onnx", size=(16, 32))
    refused("reads pictures of 32x16, the class list says 64x32", path, PictureForm(size=(32, 64)))
    refused("no labels of 4 classes", path, names=("a", "b", "c", "d"))
    (tmp_path / "cut.onnx").write_bytes(path.read_bytes()[:-40])
    refused("no ONNX file", tmp_path / "cut.onnx")
    (tmp_path / "text.onnx").write_text("road")
    refused("no ONNX file", tmp_path / "text.onnx")
    refused("missing", tmp_path / "none.onnx")
    with pytest.raises(InputError, match="does not say what its classes are called"):
        open_onnx(path, None, CPU)
    with pytest.raises(InputError, match="not usable"):
        open_onnx(write(tmp_path / "a.onnx", classes="a,b,c", mean="much"), None, CPU)


def test_a_class_list_of_a_file_says_how(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{"classes": ["road", "car", "sky"], "mean": [0, 0, 0], "std": [1, 1, 1]}')
    network = open_onnx(write(tmp_path / "a.onnx"), read_class_list(tmp_path / "c.json"), CPU)
    assert (network.read(PICTURE).probabilities.argmax(0) == WANTED).mean() > 0.95
