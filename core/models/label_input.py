"""What the published networks read: one-hot label maps, boundary maps, and their pyramid."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from core.errors import InputError


def boundary_map(objects: Tensor) -> Tensor:
    """(B, H, W) object ids -> (B, 1, H, W) float32: 1 where one of the 4 neighbours has another id, on both sides.

    The border of the picture is no boundary.
    """
    across = objects[:, :, 1:] != objects[:, :, :-1]
    along = objects[:, 1:, :] != objects[:, :-1, :]
    edges = torch.zeros_like(objects, dtype=torch.bool)
    edges[:, :, 1:] |= across
    edges[:, :, :-1] |= across
    edges[:, 1:, :] |= along
    edges[:, :-1, :] |= along
    return edges.unsqueeze(1).float()


def one_hot(labels: Tensor, classes: int) -> Tensor:
    """(B, H, W) class ids -> (B, classes, H, W) float32. Raises `InputError` naming ids from `classes` on."""
    if labels.numel() and not 0 <= int(labels.min()) <= int(labels.max()) < classes:
        unknown = [value for value in torch.unique(labels).tolist() if not 0 <= value < classes]
        raise InputError(
            f"The label map has class ids {unknown}; the network knows 0 to {classes - 1}.",
            "Renumber them or use a network for this label set.",
        )
    return _planes(labels, classes)


def encode_known(labels: Tensor, objects: Tensor, classes: int) -> Tensor:
    """As `encode`, for labels that are known to be below `classes`: nothing is asked of the device."""
    return torch.cat((_planes(labels, classes), boundary_map(objects)), dim=1)


def encode(labels: Tensor, objects: Tensor | None, classes: int) -> Tensor:
    """One frame: (B, H, W) labels and, where boundaries are used, objects -> (B, classes [+ 1], H, W)."""
    channels = one_hot(labels, classes)
    return channels if objects is None else torch.cat((channels, boundary_map(objects)), dim=1)


def foreground_mask(encoded: Tensor, fg_labels: Sequence[int]) -> Tensor:
    """How much of each pixel is foreground: (B, C, H, W) of one frame -> (B, 1, H, W) in [0, 1]; soft in a pyramid."""
    return encoded[:, list(fg_labels)].sum(1, keepdim=True).clamp(0.0, 1.0)


def _planes(labels: Tensor, classes: int) -> Tensor:
    batch, height, width = labels.shape
    planes = torch.zeros(batch, classes, height, width, device=labels.device)
    return planes.scatter_(1, labels.long().unsqueeze(1), 1.0)
