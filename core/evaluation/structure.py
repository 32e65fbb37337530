"""How alike two pictures are in structure, by torchmetrics: SSIM, MS-SSIM, and LPIPS where its weights are at hand."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torchmetrics.functional.image import (
    multiscale_structural_similarity_index_measure,
    structural_similarity_index_measure,
)

from core.models.inputs import from_picture

# Four halvings of a picture must leave more than the 11 pixels of the window.
_LEAST_SIDE = 11 * 16
_LPIPS_FILE = "alexnet-owt-7be5be79.pth"


def ssim(one: np.ndarray, other: np.ndarray) -> float:
    """Structural similarity of two pictures (H, W, 3) uint8 (Wang et al. 2004, a window of 11); 1 is the same."""
    found = structural_similarity_index_measure(*_levels(one, other), data_range=255.0)
    assert isinstance(found, Tensor)  # without the picture of it that can be asked for
    return float(found)


def ms_ssim(one: np.ndarray, other: np.ndarray) -> float:
    """The same at five sizes (Wang et al. 2003); NaN for pictures with a side of 176 pixels or less."""
    if min(one.shape[:2]) <= _LEAST_SIDE:
        return float("nan")
    return float(multiscale_structural_similarity_index_measure(*_levels(one, other), data_range=255.0))


class PerceptualDistance(Protocol):
    """LPIPS of two pictures (H, W, 3) uint8; 0 is the same."""

    def __call__(self, one: np.ndarray, other: np.ndarray) -> float: ...


def lpips_at_hand(device: str = "cpu") -> PerceptualDistance | None:
    """LPIPS (Zhang et al. 2018, AlexNet) where torchvision's AlexNet is in its cache, else None; nothing is fetched."""
    if not (Path(torch.hub.get_dir()) / "checkpoints" / _LPIPS_FILE).is_file():
        return None
    from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity

    network = LearnedPerceptualImagePatchSimilarity("alex").to(device)

    @torch.inference_mode()
    def distance(one: np.ndarray, other: np.ndarray) -> float:
        pictures = [levels.to(device) / 127.5 - 1 for levels in _levels(one, other)]
        return float(network(*pictures))

    return distance


def _levels(one: np.ndarray, other: np.ndarray) -> tuple[Tensor, Tensor]:
    return from_picture(one).float(), from_picture(other).float()
