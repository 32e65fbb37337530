"""Motion by torchvision's RAFT (Teed and Deng 2020), where its weights are at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torchvision.models import get_model

from core.errors import InputError
from core.labelling.foreign import hash_of
from core.labelling.torchvision_weights import GIVE, file_digest, filled, read_weights
from core.models.inputs import from_picture, from_uint8
from core.models.padding import pad_to_multiple

# Sides of its pictures: divisible by this, and at least so long.
_MULTIPLE, _LEAST = 8, 128
# By the channels of its first convolution.
_MODELS = {64: "raft_large", 32: "raft_small"}
_FIRST = "feature_encoder.convnormrelu.0.weight"


class Raft:
    """Estimates where the pixels of a picture were in the one before."""

    def __init__(self, path: Path, device: torch.device) -> None:
        """path: a state dict of raft_large or raft_small. Raises `InputError` where it is none of these."""
        state = read_weights(path)
        first = state.get(_FIRST)
        name = _MODELS.get(len(first)) if first is not None and first.dim() else None
        if name is None:
            raise InputError(f"The weights in {path} are neither of raft_large nor of raft_small.", GIVE)
        self._network = filled(lambda: get_model(name, weights=None), state, path).to(device)
        self._device = device
        self.hash = hash_of(file_digest(path))

    @torch.inference_mode()
    def __call__(self, picture: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Where the pixels of `picture` are in `other`, as `core.footage.estimated_flow.Estimate` says."""
        height, width = picture.shape[:2]
        pair = [_large_enough(from_uint8(from_picture(each, self._device))) for each in (picture, other)]
        flow = self._network(*pair)[-1][0, :, :height, :width]
        found: np.ndarray = flow.permute(1, 2, 0).float().cpu().numpy()
        return found


def _large_enough(picture: Tensor) -> Tensor:
    """Last row and column repeated."""
    short = [max(_LEAST - side, 0) for side in picture.shape[-2:]]
    padded = torch.nn.functional.pad(picture, (0, short[1], 0, short[0]), mode="replicate")
    return pad_to_multiple(padded, _MULTIPLE)
