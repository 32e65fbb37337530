"""Segmenters of torchvision, and its Mask R-CNN, with the weights that it publishes or those of a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision import models

from core.errors import InputError
from core.interop.labels.source import SourceClass
from core.labelling.foreign import NOTHING, Facts, Network, Seen, as_classes, hash_of
from core.labelling.licence import Agree
from core.labelling.torchvision_weights import (
    GIVE,
    file_digest,
    filled,
    is_published,
    published_file,
    read_weights,
)

# The weight whose first side is the number of classes, by how a model's name begins.
_HEADS = {
    "deeplabv3": "classifier.4.weight",
    "fcn": "classifier.4.weight",
    "lraspp": "classifier.low_classifier.weight",
    "maskrcnn": "roi_heads.box_predictor.cls_score.weight",
}
# An object of Mask R-CNN counts from this score on.
_SCORE = 0.5


def known_models() -> list[str]:
    """Names of the models that read labels or objects."""
    return [name for name in models.list_models() if name.split("_")[0] in _HEADS]


def open_torchvision(
    name: str, weights: Path | None, classes: tuple[SourceClass, ...] | None, agree: Agree, device: torch.device
) -> Network:
    """A model of torchvision, ready to read.

    weights: a state dict; None: the published ones, fetched if `agree` says so. classes: theirs in order; None: those
    of the published weights. Raises `InputError` for an unknown name, weights that don't fit, and another number of
    classes.
    """
    if name not in known_models():
        raise InputError(
            f"torchvision has no model {name!r} that reads labels.", f"It has: {', '.join(known_models())}."
        )
    published = models.get_model_weights(name).DEFAULT
    path = weights or published_file(name, agree)
    state = read_weights(path)
    kind = name.split("_")[0]
    head = state.get(_HEADS[kind])
    if head is None or not head.dim():
        raise InputError(f"{path} holds no weights of {name}: it has no tensor {_HEADS[kind]!r}.", GIVE)
    classes = classes or as_classes([NOTHING, *published.meta["categories"][1:]])
    if len(classes) != len(head):
        raise InputError(
            f"The weights in {path} know {len(head)} classes, the list has {len(classes)}.",
            "Name their classes, in order, with --classes FILE.",
        )
    options: dict[str, Any] = {"weights": None, "weights_backbone": None, "num_classes": len(head)}
    if kind in ("deeplabv3", "fcn"):
        options["aux_loss"] = any(key.startswith("aux_classifier.") for key in state)
    network = filled(lambda: models.get_model(name, **options), state, path)
    ours = is_published(path, name)
    if ours and name == "maskrcnn_resnet50_fpn":
        _as_published(network)
    domain = "It was trained on everyday photographs (COCO)." if ours else ""
    digest = hash_of(file_digest(path), name.encode(), repr([entry.name for entry in classes]).encode())
    facts = Facts(f"{name} of torchvision", domain, digest, classes)
    reader = Detecting if kind == "maskrcnn" else Segmenting
    return reader(network.to(device), published.transforms(), facts)


class Segmenting:
    """A `Network` of torchvision.models.segmentation; `prepare` is the transform of its weights."""

    def __init__(self, network: nn.Module, prepare: Callable[[Tensor], Tensor], facts: Facts) -> None:
        self._network, self._prepare, self.facts = network, prepare, facts

    @torch.inference_mode()
    def read(self, picture: np.ndarray) -> Seen:
        """As `Network` says."""
        logits = self._network(self._prepare(_tensor(picture, self._network)[None]))["out"]
        logits = F.interpolate(logits, picture.shape[:2], mode="bilinear", align_corners=False)
        return Seen(logits[0].float().softmax(0).cpu().numpy())


class Detecting:
    """A `Network` that finds objects: Mask R-CNN of torchvision. Its first class is what it knows nothing of."""

    def __init__(self, network: nn.Module, prepare: Callable[[Tensor], Tensor], facts: Facts) -> None:
        self._network, self._prepare, self.facts = network, prepare, facts

    @torch.inference_mode()
    def read(self, picture: np.ndarray) -> Seen:
        """As `Network` says."""
        found = self._network([self._prepare(_tensor(picture, self._network))])[0]
        kept = found["scores"] >= _SCORE
        scores, labels, masks = (found[name][kept].cpu() for name in ("scores", "labels", "masks"))
        return composed(scores, labels, masks[:, 0], len(self.facts.classes), picture.shape[:2])


def composed(scores: Tensor, labels: Tensor, masks: Tensor, classes: int, size: tuple[int, ...]) -> Seen:
    """Objects found one by one, put together.

    scores (n,) and labels (n,); masks (n, H, W): how likely each pixel belongs to the object. A class is as likely as
    its likeliest object there, its score times its mask; class 0 has what is left. A pixel belongs to the object that
    is likeliest there, where an object is likelier than none.
    """
    likely = torch.zeros(classes, *size)
    best, owner = torch.full(size, 0.5), torch.zeros(size, dtype=torch.int32)
    for number, (score, label, mask) in enumerate(zip(scores, labels.tolist(), masks, strict=True), 1):
        here = score * mask.float()
        likely[label] = torch.maximum(likely[label], here)
        owner = torch.where(here > best, number, owner)
        best = torch.maximum(best, here)
    likely[0] = 0
    likely[0] = (1 - likely.sum(0)).clamp(min=0)
    return Seen((likely / likely.sum(0)).numpy(), owner.numpy())


def _as_published(network: nn.Module) -> None:
    """The published weights of this one model were trained with norms that add nothing to the variance."""
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.eps = 0.0


def _tensor(picture: np.ndarray, network: nn.Module) -> Tensor:
    """(3, H, W) uint8 where the network is."""
    return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1))).to(next(network.parameters()).device)
