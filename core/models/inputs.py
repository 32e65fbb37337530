"""From conditionings and pictures, which are arrays, to the tensors that a generator reads, and back."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from core.conditioning import Conditioning, Kind
from core.models.generator import KnownPixels, LabelMaps

# A motion, in pixels, that leads out of every frame.
_NOWHERE = 1e5


def to_maps(conditioning: Conditioning, device: torch.device | str = "cpu") -> tuple[LabelMaps, Tensor]:
    """The inputs of a step for one frame: maps of a batch of one, and styles (1, 3, H, W) float32.

    Where the footage is kept no motion is left to estimate, unless the clip has none at all: what has none comes from
    out of the frame, so that it has no history. Else a whole frame would be looked at for the little that is made up.
    """
    flow, valid = conditioning.flow, conditioning.flow_valid
    if conditioning.film is not None and flow is not None and valid is not None:
        moving, flow = flow, np.full((2, *valid.shape), np.float32(_NOWHERE))
        np.copyto(flow, moving.transpose(2, 0, 1), where=valid)
        flow, valid = flow.transpose(1, 2, 0), np.ones_like(valid)
    maps = LabelMaps(
        labels=_tensor(conditioning.labels, np.uint8, device)[None],
        objects=_tensor(conditioning.objects, np.int32, device)[None],
        flow=None if flow is None else _tensor(flow.transpose(2, 0, 1), np.float32, device)[None],
        flow_valid=None if valid is None else _tensor(valid, np.bool_, device)[None, None],
        key=conditioning.label_key,
        street=conditioning.maps.street,
    )
    return maps, _tensor(conditioning.style_map.transpose(2, 0, 1), np.float32, device)[None]


def to_known(conditioning: Conditioning, device: torch.device | str = "cpu") -> KnownPixels | None:
    """What is known of a frame, of a batch of one; None where all of it is rendered."""
    film = conditioning.film
    if film is None:
        return None
    kept = _tensor(film.kinds != Kind.MADE_UP, np.bool_, device)[None, None]
    return KnownPixels(from_picture(film.picture, device), kept, film.renewed)


def to_picture(picture: Tensor) -> np.ndarray:
    """(1, 3, H, W) uint8 as a generator gives it -> (H, W, 3) uint8, in memory of its own, read only."""
    array = np.array(picture[0].permute(1, 2, 0).cpu().numpy(), order="C")
    array.setflags(write=False)
    return array


def from_picture(picture: np.ndarray, device: torch.device | str = "cpu") -> Tensor:
    """(H, W, 3) uint8 -> (1, 3, H, W) uint8; the inverse of `to_picture`."""
    return _tensor(picture.transpose(2, 0, 1), np.uint8, device)[None]


def from_uint8(pictures: Tensor) -> Tensor:
    """0..255 -> [-1, 1] float32."""
    return pictures.float() / 127.5 - 1


def _tensor(array: np.ndarray, dtype: type, device: torch.device | str) -> Tensor:
    """A tensor with memory of its own: clips are read only, and what a state keeps must never change."""
    return torch.from_numpy(np.array(array, dtype=dtype, order="C")).to(device)
