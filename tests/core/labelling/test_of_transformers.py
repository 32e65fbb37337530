"""Models of transformers, tiny and untrained, in folders as save_pretrained writes them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from core.errors import InputError
from core.labelling.licence import NotAgreed, Terms
from core.labelling.of_transformers import open_transformers

transformers = pytest.importorskip("transformers", reason="the extra of requirements-label.txt is not installed")
hub = pytest.importorskip("huggingface_hub")
NOT_HERE = pytest.importorskip("huggingface_hub.errors").LocalEntryNotFoundError

CPU = torch.device("cpu")
NAMES = {0: "road", 1: "sky", 2: "car", 3: "zebra"}
CLASSES: dict[str, Any] = {"id2label": NAMES, "label2id": {name: place for place, name in NAMES.items()}}
PICTURE = np.random.default_rng(0).integers(0, 256, (40, 72, 3)).astype(np.uint8)
QUERIES: dict[str, Any] = {
    "hidden_dim": 32,
    "encoder_feedforward_dim": 32,
    "dim_feedforward": 32,
    "encoder_layers": 1,
    "decoder_layers": 2,
    "num_attention_heads": 2,
    "num_queries": 6,
}


def nobody(terms: Terms) -> bool:
    raise AssertionError(terms.sentence)


def swin() -> Any:
    stages = ["stage1", "stage2", "stage3", "stage4"]
    sizes = {"embed_dim": 8, "depths": [1] * 4, "num_heads": [1, 1, 2, 2], "window_size": 4, "image_size": 64}
    return transformers.SwinConfig(**sizes, out_features=stages)


def segformer(folder: Path) -> None:
    sizes = {"depths": [1] * 4, "hidden_sizes": [8, 8, 16, 16], "num_attention_heads": [1, 1, 2, 2]}
    config = transformers.SegformerConfig(**sizes, decoder_hidden_size=16, **CLASSES)
    transformers.SegformerForSemanticSegmentation(config).save_pretrained(folder)
    transformers.SegformerImageProcessor(size={"height": 64, "width": 64}).save_pretrained(folder)


def mask2former(folder: Path) -> None:
    config = transformers.Mask2FormerConfig(
        backbone_config=swin(), feature_size=32, mask_feature_size=32, **QUERIES, **CLASSES
    )
    transformers.Mask2FormerForUniversalSegmentation(config).save_pretrained(folder)
    size = {"shortest_edge": 64, "longest_edge": 128}
    transformers.Mask2FormerImageProcessor(size=size).save_pretrained(folder)


def oneformer(folder: Path) -> None:
    words = ["<|startoftext|>", "<|endoftext|>", "t", "h", "e</w>", "task</w>", "is</w>", "panoptic</w>"]
    tokenizer = transformers.CLIPTokenizer({word: place for place, word in enumerate(words)}, [])
    tokenizer.save_pretrained(folder)
    text = {"width": 32, "num_layers": 1, "vocab_size": len(words), "context_length": 16, "n_ctx": 4}
    config = transformers.OneFormerConfig(
        backbone_config=swin(), conv_dim=32, mask_dim=32, task_seq_len=16, **QUERIES, **CLASSES,
        **{f"text_encoder_{key}": value for key, value in text.items()},
    )  # fmt: skip
    transformers.OneFormerForUniversalSegmentation(config).save_pretrained(folder)
    (folder / "names.json").write_text(json.dumps({"0": {"name": "road", "isthing": 0}}))
    processor = transformers.OneFormerImageProcessor(
        size={"shortest_edge": 64, "longest_edge": 128}, repo_path=str(folder), class_info_file="names.json"
    )
    processor.save_pretrained(folder)
    # As published ones are: the list is elsewhere, and must not be fetched.
    (folder / "names.json").unlink()
    path = folder / "preprocessor_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"repo_path": "shi-labs/oneformer_demo"}))


MODELS = {"segformer": segformer, "mask2former": mask2former, "oneformer": oneformer}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    place = tmp_path_factory.mktemp("models")
    for name, write in MODELS.items():
        (place / name).mkdir()
        write(place / name)
    return place


@pytest.mark.parametrize("name", MODELS)
def test_it_reads_pictures_of_any_size(folders: Path, name: str) -> None:
    network = open_transformers(str(folders / name), None, nobody, CPU)
    seen = network.read(PICTURE)
    assert [entry.name for entry in network.facts.classes][:4] == list(NAMES.values())
    assert seen.probabilities.shape == (len(network.facts.classes), 40, 72)
    np.testing.assert_allclose(seen.probabilities.sum(0), 1, atol=1e-4)
    assert (seen.instances is None) == (name == "segformer")
    if seen.instances is not None:
        assert seen.instances.shape == (40, 72) and seen.instances.min() >= 0
    again = open_transformers(str(folders / name), None, nobody, CPU)
    np.testing.assert_array_equal(again.read(PICTURE).probabilities, seen.probabilities)
    assert again.facts.hash == network.facts.hash


def test_it_reads_as_the_model_does_by_itself(folders: Path) -> None:
    folder = folders / "segformer"
    model = transformers.SegformerForSemanticSegmentation.from_pretrained(folder).eval()
    given = transformers.SegformerImageProcessor.from_pretrained(folder)(PICTURE, return_tensors="pt")
    with torch.inference_mode():
        logits = model(**given).logits
    wanted = torch.nn.functional.interpolate(logits, (40, 72), mode="bilinear", align_corners=False)[0].softmax(0)
    found = open_transformers(str(folder), None, nobody, CPU).read(PICTURE).probabilities
    np.testing.assert_allclose(found, wanted.numpy(), atol=1e-5)


def test_objects_are_those_of_the_model(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network: Any = open_transformers(str(folders / "mask2former"), None, nobody, CPU)
    classes = torch.full((1, 6, 5), -9.0)
    classes[0, :, 4] = 9
    classes[0, 0, [2, 4]] = torch.tensor([9.0, -9.0])
    classes[0, 1, [2, 4]] = torch.tensor([9.0, -9.0])
    masks = torch.full((1, 6, 20, 36), -9.0)
    masks[0, 0, :, :12], masks[0, 1, :, 24:] = 9, 9
    outputs = SimpleNamespace(class_queries_logits=classes, masks_queries_logits=masks)
    monkeypatch.setattr(network._model, "forward", lambda **given: outputs)
    seen = network.read(PICTURE)
    left, middle, right = (seen.instances[20, x] for x in (5, 36, 66))
    assert left > 0 and right > 0 and left != right and middle == 0
    # Nothing claims what lies between them.
    assert seen.probabilities[:, 20, 5].argmax() == 2 and seen.probabilities[:, 20, 36].argmax() == 4


def broken(folders: Path, tmp_path: Path, name: str = "segformer") -> Path:
    shutil.copytree(folders / name, tmp_path / "model")
    return tmp_path / "model"


def refused(words: str, folder: Path) -> None:
    with pytest.raises(InputError, match=words) as error:
        open_transformers(str(folder), None, nobody, CPU)
    assert error.value.fix


def test_folders_that_are_no_model(folders: Path, tmp_path: Path) -> None:
    refused("no model of transformers", tmp_path)
    refused("no folder", tmp_path / "gone")
    folder = broken(folders, tmp_path)
    weights = folder / "model.safetensors"
    data = weights.read_bytes()
    weights.write_bytes(data[:-2000])
    refused("cannot be used", folder)
    (folder / "config.json").write_text('{"model_type": "bert"}')
    refused("kind 'bert', which reads no labels", folder)
    shutil.copy(folders / "segformer" / "config.json", folder)
    weights.rename(folder / "model.bin")
    refused("no weights as safetensors", folder)
    weights.write_bytes(data)
    state = load_file(weights)
    lost = {key: value for key, value in state.items() if not key.startswith("decode_head.classifier")}
    save_file(lost, weights, {"format": "pt"})
    refused("decode_head.classifier.* is missing", folder)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model_type": "bert"}, "cannot be used"),
        ({"model_type": "mine", "auto_map": {"AutoConfig": "mine.Mine"}}, "cannot be used"),
        ({"hidden_sizes": [8, 8, 16, 4096]}, "are not those of its segformer"),
        ({"id2label": {"0": "road"}, "label2id": {"road": 0}, "num_labels": 1}, "fit|cannot be used|missing"),
    ],
)
def test_settings_that_are_not_those_of_the_weights(
    folders: Path, tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    folder = broken(folders, tmp_path)
    # What could run is never run.
    (folder / "mine.py").write_text("raise SystemExit('ran')")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | change))
    refused(words, folder)


def test_a_name_is_fetched_once_somebody_agreed(folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Terms] = []
    got: list[dict[str, Any]] = []

    def fetch(name: str, **how: Any) -> str:
        if how.get("local_files_only"):
            raise NOT_HERE("not here")
        got.append(how)
        return str(folders / "segformer")

    files = [SimpleNamespace(rfilename="model.safetensors", size=1000), SimpleNamespace(rfilename="a.bin", size=10**12)]
    about = SimpleNamespace(siblings=files, card_data={"license": "mit"}, sha="abc")
    monkeypatch.setattr(hub, "snapshot_download", fetch)
    monkeypatch.setattr(hub, "model_info", lambda name, **how: about)

    def answer(terms: Terms) -> bool:
        asked.append(terms)
        return len(asked) > 1

    with pytest.raises(NotAgreed, match="Licence: mit"):
        open_transformers("owner/model", None, answer, CPU)
    assert not got and asked[0].size == 1000
    assert open_transformers("owner/model", None, answer, CPU).facts.name == "model owner/model"
    assert got[0]["revision"] == "abc" and "*.safetensors" in got[0]["allow_patterns"]
    assert not [pattern for pattern in got[0]["allow_patterns"] if pattern.endswith((".bin", ".py", ".pt"))]


def test_without_the_internet_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*given: Any, **how: Any) -> Any:
        raise NOT_HERE("no") if how.get("local_files_only") else ConnectionError("no route")

    monkeypatch.setattr(hub, "snapshot_download", offline)
    monkeypatch.setattr(hub, "model_info", offline)
    with pytest.raises(InputError, match="internet cannot be reached"):
        open_transformers("owner/model", None, nobody, CPU)
    with pytest.raises(InputError, match="no model is called so"):
        open_transformers("../../nowhere/at/all", None, nobody, CPU)
