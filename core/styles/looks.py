"""Who looks how: each object's own look where the clip was filmed, else the most likely of its class."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from core.clip.clip import Clip
from core.clip.frames import Frames
from core.clip.label_set import LabelSet
from core.clip.pairs import as_pairs, split_pair
from core.conditioning import STYLE_SIZE, Code, StyleKey
from core.errors import InputError
from core.models.encoder import Encoder, object_means
from core.models.inputs import from_uint8
from core.styles.mixtures import Mixture, as_code, fit_mixture

NO_STYLE: Code = (0.0, 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Looks:
    """A code for every object there may be.

    own       looks encoded from the clip
    mixtures  per class id
    seed      0: objects without a look of their own get the most likely one of their class; any other number
              draws one for each of them from the mixture
    """

    own: Mapping[StyleKey, Code]
    mixtures: Mapping[int, Mixture]
    seed: int = 0

    def code(self, object_id: int, class_id: int) -> Code:
        """The object's own look as this class, else one from the class's mixture, else zeros."""
        own = self.own.get((object_id, class_id))
        if own is not None:
            return own
        mixture = self.mixtures.get(class_id)
        if mixture is None:
            return NO_STYLE
        if self.seed == 0:
            return mixture.likely
        # By the object alone: its look does not depend on who else is there, or on the order of asking.
        digest = hashlib.sha256(f"{self.seed} {object_id} {class_id}".encode()).digest()
        return mixture.sample(1, int.from_bytes(digest[:8], "little"))[0].code


def encode_looks(encoder: Encoder | None, clip: Clip, frames: range | None = None) -> dict[StyleKey, Code]:
    """Each object's look: its mean over all pixels of all frames in which it is of that class.

    Without pictures there is nothing to encode: an empty answer, and `Looks` falls back on the mixtures. So too
    without an encoder (imported checkpoints have none). frames: of these alone; None: of all.
    """
    encoding = LooksEncoding(encoder, clip, frames)
    while encoding.more():
        pass
    return encoding.codes


class LooksEncoding:
    """The same, a frame at a time: for somebody who may have to give up, or has other things to do in between."""

    def __init__(self, encoder: Encoder | None, clip: Clip, frames: range | None = None) -> None:
        """Raises `InputError` for an encoder of something else."""
        self._pool: _Pool | None = None
        self._frames: Iterator[int] = iter(())
        if encoder is not None and clip.small_pictures is not None:
            self._pool = _Pool(encoder, clip, clip.small_pictures)
            self._frames = iter(range(len(clip)) if frames is None else frames)

    def more(self) -> bool:
        """Encode a frame; False when none is left."""
        t = next(self._frames, None)
        if t is None or self._pool is None:
            return False
        self._pool.add(t)
        return True

    @property
    def codes(self) -> dict[StyleKey, Code]:
        """The looks in the frames that were encoded."""
        if self._pool is None:
            return {}
        keys, vectors, _ = self._pool.means()
        return {key: as_code(vector) for key, vector in zip(keys, vectors, strict=True)}


@torch.inference_mode()
def encode_look(encoder: Encoder | None, clip: Clip, object_id: int, t: int) -> Code:
    """The look that an object of the clip has on one filmed frame. Raises `InputError` where there is none."""
    instead = "Choose one of the looks that are drawn."
    if clip.small_pictures is None:
        raise InputError("This clip has no pictures: it was never filmed.", instead)
    if encoder is None:
        raise InputError("This checkpoint has no encoder: it cannot read looks from pictures.", instead)
    if not 0 <= t < len(clip) or not (clip.objects[t] == object_id).any():
        raise InputError(f"Object {object_id} is not on frame {t} as it was filmed.", "Take a frame where it is seen.")
    device = next(encoder.parameters()).device
    features = encoder(_in_range(clip.small_pictures[t][None]).to(device, memory_format=torch.channels_last))
    ids = torch.tensor([object_id], dtype=torch.int64, device=device)
    objects = torch.from_numpy(clip.objects[t][None].astype(np.int64)).to(device)
    means, _ = object_means(features, objects, ids)
    return as_code(means[0].tolist())


def fit_mixtures(encoder: Encoder, clips: Iterable[Clip], label_set: LabelSet, seed: int = 0) -> dict[int, Mixture]:
    """One mixture per class that the clips show, from one code per object and clip. Clips may come from a generator.

    Raises `InputError` when no clip has pictures, or one has another label set.
    """
    codes: dict[int, list[np.ndarray]] = {}
    areas: dict[int, list[float]] = {}
    for clip in clips:
        if clip.small_pictures is None:
            continue
        if clip.label_set.ids != label_set.ids:
            raise InputError(f"Clip {clip.name!r} has another label set than {label_set.name!r}.")
        pool = _Pool(encoder, clip, clip.small_pictures)
        for t in range(len(clip)):
            pool.add(t)
        for (_, class_id), vector, area in zip(*pool.means(), strict=True):
            codes.setdefault(class_id, []).append(vector)
            areas.setdefault(class_id, []).append(float(area))
    if not codes:
        raise InputError("No clip has pictures to learn looks from.", "Mixtures need clips with frames.mp4.")
    return {
        class_id: fit_mixture(np.stack(codes[class_id]), np.array(areas[class_id]), seed) for class_id in sorted(codes)
    }


class _Pooled(NamedTuple):
    keys: list[StyleKey]  # K pairs of object and class
    vectors: np.ndarray  # (K, 3) float64
    areas: np.ndarray  # (K,) float64, pixels over all frames


class _Pool:
    """Sum and count of what was encoded, by object and class."""

    def __init__(self, encoder: Encoder, clip: Clip, pictures: Frames) -> None:
        """pictures: the clip's, at the size of its maps. Raises `InputError` for an encoder of something else."""
        if encoder.config["out_channels"] != STYLE_SIZE:
            raise InputError(f"This encoder gives {encoder.config['out_channels']} numbers; a look has {STYLE_SIZE}.")
        self._encoder, self._clip, self._pictures = encoder, clip, pictures
        self._sums: dict[int, np.ndarray] = {}
        self._areas: dict[int, float] = {}

    @torch.inference_mode()
    def add(self, t: int) -> None:
        """Encode frame t."""
        device = next(self._encoder.parameters()).device
        pairs = torch.from_numpy(as_pairs(self._clip.objects[t], self._clip.labels[t]))
        # Runs first: sorting every pixel takes longer.
        ids = torch.unique(torch.unique_consecutive(pairs))
        picture = _in_range(self._pictures[t][None]).to(device, memory_format=torch.channels_last)
        means, areas = object_means(self._encoder(picture), pairs[None].to(device), ids.to(device))
        sums = (means.double() * areas[:, None]).cpu().numpy()
        for pair, total, area in zip(ids.tolist(), sums, areas.tolist(), strict=True):
            self._sums[pair] = self._sums.get(pair, 0) + total
            self._areas[pair] = self._areas.get(pair, 0) + area

    def means(self) -> _Pooled:
        """The means so far."""
        pairs = sorted(self._sums)
        areas = np.array([self._areas[pair] for pair in pairs], np.float64)
        sums = np.array([self._sums[pair] for pair in pairs]).reshape(-1, STYLE_SIZE)
        return _Pooled([split_pair(pair) for pair in pairs], sums / areas[:, None], areas)


def _in_range(pictures: np.ndarray) -> Tensor:
    """(B, H, W, 3) uint8 -> (B, 3, H, W) float32 in [-1, 1]."""
    return from_uint8(torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2))
