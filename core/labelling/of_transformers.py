"""Segmentation models of Hugging Face transformers: semantic, panoptic and instance ones."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from core.errors import InputError, reason
from core.files import write_json
from core.interop.labels.source import SourceClass
from core.labelling.extra import extra
from core.labelling.foreign import NOTHING, Facts, Network, Seen, as_classes, hash_of
from core.labelling.hub import model_folder
from core.labelling.licence import Agree
from core.labelling.torchvision_weights import file_digest

_AGAIN = "Save it anew with model.save_pretrained(FOLDER) and processor.save_pretrained(FOLDER), or fetch it again."
# What transformers raises for folders that hold something else, are damaged, or need another package.
_UNUSABLE: tuple[type[Exception], ...] = (OSError, ValueError, LookupError, RuntimeError, TypeError, AttributeError)
_UNUSABLE += (ImportError, SafetensorError, ArithmeticError)
# Where all objects together claim a pixel less than this, something unknown may be there.
_SURE = 0.5
# What only a training needs.
_UNUSED = ("criterion.", "text_encoder.", "text_mapper.", "model.text_mapper.")


def open_transformers(
    name: str, classes: tuple[SourceClass, ...] | None, agree: Agree, device: torch.device
) -> Network:
    """A model of transformers, ready to read.

    name: a folder, or OWNER/MODEL, fetched where it is not here and `agree` says so. classes: theirs in order; None:
    those that the model names. Raises `InputError` where there is no such model, or it reads no labels.
    """
    transformers = extra("transformers")
    folder = model_folder(name, agree)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    try:
        model, panoptic = _model(transformers, folder)
        processor = _processor(transformers, folder, model.config)
    except InputError:
        raise
    except _UNUSABLE as error:
        raise InputError(f"The model {folder} cannot be used: {reason(error)}.", _AGAIN) from error
    named = model.config.id2label
    classes = classes or as_classes([str(named[place]) for place in sorted(named)])
    if len(classes) != model.config.num_labels:
        raise InputError(
            f"The model {folder} knows {model.config.num_labels} classes, the list has {len(classes)}.",
            "Name its classes, in order, with --classes FILE.",
        )
    parts = [file_digest(path) for path in sorted(folder.glob("*")) if path.suffix in (".json", ".safetensors")]
    digest = hash_of(*parts, repr([entry.name for entry in classes]).encode())
    facts = Facts(f"model {Path(name).name if Path(name).is_dir() else name}", "", digest, classes)
    return TransformersNetwork(model.to(device), processor, facts, panoptic)


class TransformersNetwork:
    """A `Network` by a model and its processor. panoptic: it finds objects; what they leave is a class of its own."""

    def __init__(self, model: Any, processor: Any, facts: Facts, panoptic: bool) -> None:
        self._model, self._processor, self._panoptic = model, processor, panoptic
        self._read_classes = len(facts.classes)
        if panoptic:
            nothing = SourceClass(1 + max(entry.id for entry in facts.classes), NOTHING, (0, 0, 0), "void")
            facts = Facts(facts.name, facts.domain, facts.hash, (*facts.classes, nothing))
        self.facts = facts

    @torch.inference_mode()
    def read(self, picture: np.ndarray) -> Seen:
        """As `Network` says."""
        size = picture.shape[:2]
        try:
            given = self._processor(images=picture, return_tensors="pt")
            outputs = self._model(**given.to(self._model.device))
            read = self._processor.post_process_semantic_segmentation(
                outputs, target_sizes=[size], return_segmentation_scores=True
            )[0]
        except _UNUSABLE as error:
            raise InputError(f"The {self.facts.name} cannot read such a picture: {reason(error)}.", _AGAIN) from error
        scores: Tensor = read.segmentation_scores.float().cpu()
        if scores.shape != (self._read_classes, *size):
            raise InputError(
                f"The {self.facts.name} reads {len(scores)} classes, it names {self._read_classes}.", _AGAIN
            )
        if not self._panoptic:
            return Seen(scores.softmax(0).numpy())
        likely = _shares(scores).numpy()
        return Seen(likely, self._instances(outputs, likely.argmax(0)))

    def _instances(self, outputs: Any, labels: np.ndarray) -> np.ndarray:
        """Objects where the pixels' likeliest class (H, W) is theirs; the model shares out all pixels among them."""
        found = self._processor.post_process_panoptic_segmentation(
            outputs, target_sizes=[labels.shape], label_ids_to_fuse=set()
        )[0]
        segments = found["segmentation"].cpu().numpy().astype(np.int32)
        instances = np.zeros(labels.shape, np.int32)
        for number, segment in enumerate(found["segments_info"], 1):
            instances[(segments == segment["id"]) & (labels == segment["label_id"])] = number
        return instances


def _shares(scores: Tensor) -> Tensor:
    """(n, H, W) sums over objects of class times mask -> (n + 1, H, W) probabilities; the last class is nothing.

    Where objects claim less than a half together, nothing is there by as much as is missing to it.
    """
    scores = scores.clamp(min=0)
    total = scores.sum(0)
    known = (total / _SURE).clamp(max=1)
    return torch.cat([scores * (known / total.clamp(min=1e-12)), (1 - known)[None]])


def _model(transformers: Any, folder: Path) -> tuple[Any, bool]:
    """The model with its weights, and whether it finds objects."""
    try:
        config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except extra("huggingface_hub.errors").StrictDataclassError as error:
        raise InputError(f"The settings of {folder} cannot be used: {reason(error)}.", _AGAIN) from error
    kinds = {
        transformers.AutoModelForUniversalSegmentation: transformers.MODEL_FOR_UNIVERSAL_SEGMENTATION_MAPPING,
        transformers.AutoModelForSemanticSegmentation: transformers.MODEL_FOR_SEMANTIC_SEGMENTATION_MAPPING,
    }
    kind = next((each for each, known in kinds.items() if type(config) in known), None)
    if kind is None:
        raise InputError(
            f"{folder} is a model of kind {config.model_type!r}, which reads no labels.",
            "Use one for semantic, panoptic or instance segmentation, as SegFormer, Mask2Former or OneFormer.",
        )
    if config.model_type in ("eomt", "eomt_dinov3", "videomt"):
        raise InputError(f"{folder} is a {config.model_type}, whose pictures are padded.", "Use another model.")
    if getattr(config, "use_pretrained_backbone", False):
        config.use_pretrained_backbone = False  # its weights are in the folder; nothing is fetched
    with torch.device("meta"):
        wanted = sum(value.numel() for value in kind.from_config(config).parameters())
    there = 0
    for path in folder.glob("*.safetensors"):
        with safe_open(path, "pt") as file:
            for key in file.keys():  # noqa: SIM118 - not a mapping
                there += int(np.prod(file.get_slice(key).get_shape()))
    if wanted > 2 * there:
        raise InputError(f"The weights in {folder} are not those of its {config.model_type}.", _AGAIN)
    model, report = kind.from_pretrained(
        folder,
        config=config,
        local_files_only=True,
        trust_remote_code=False,
        use_safetensors=True,
        dtype=torch.float32,
        output_loading_info=True,
    )
    missing = sorted(key for key in report["missing_keys"] if not key.startswith(_UNUSED))
    if missing or report["mismatched_keys"]:
        lacking = missing[0] if missing else str(next(iter(report["mismatched_keys"]))[0])
        raise InputError(f"The weights in {folder} do not fit its {config.model_type}: {lacking} is missing.", _AGAIN)
    return model.eval().requires_grad_(False), kind is transformers.AutoModelForUniversalSegmentation


def _processor(transformers: Any, folder: Path, config: Any) -> Any:
    """What makes inputs of pictures, and labels of outputs. Nothing of a picture is cut off."""
    options = {"local_files_only": True, "trust_remote_code": False}
    if config.model_type != "oneformer":
        processor = transformers.AutoImageProcessor.from_pretrained(folder, **options)
        if getattr(processor, "do_center_crop", None):
            processor.do_center_crop = False
        if not hasattr(processor, "post_process_semantic_segmentation"):
            raise InputError(f"The processor of {folder} makes no labels.", _AGAIN)
        return processor
    # It would fetch a list of classes that only a training needs: it gets one of the model's own.
    with tempfile.TemporaryDirectory() as place:
        names = Path(place) / "classes.json"
        write_json(names, {str(key): {"name": str(name), "isthing": 1} for key, name in config.id2label.items()})
        pictures = transformers.AutoImageProcessor.from_pretrained(
            folder, **options, repo_path=place, class_info_file=names.name
        )
    words = transformers.AutoTokenizer.from_pretrained(folder, **options)
    return _Asking(transformers.OneFormerProcessor(pictures, words, task_seq_length=config.task_seq_len))


class _Asking:
    """OneFormer's processor: it asks for the panoptic task, which gives all classes and objects."""

    def __init__(self, processor: Any) -> None:
        self._processor = processor
        pictures = processor.image_processor
        self.post_process_semantic_segmentation: Callable[..., Any] = pictures.post_process_semantic_segmentation
        self.post_process_panoptic_segmentation: Callable[..., Any] = pictures.post_process_panoptic_segmentation

    def __call__(self, **given: Any) -> Any:
        return self._processor(**given, task_inputs=["panoptic"])
