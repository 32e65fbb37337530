"""Video networks by name: weights that a person has, or torchvision's own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

import numpy as np
import torch
import torch.nn.functional as F
import torchvision.models.video as published
from torch import Tensor, nn

from core.errors import InputError, reason
from core.evaluation.video.i3d import I3D
from core.evaluation.video.resnext import ResNeXt101
from core.evaluation.video.windows import Window
from core.interop.weights import StateDict, read_state
from core.weights_file import check_fit, floats

_KINETICS_MEAN = (0.43216, 0.394666, 0.37645)
_KINETICS_DEVIATION = (0.22803, 0.22145, 0.216989)


@dataclass(frozen=True)
class _Known:
    """A network that can be asked for.

    size   side of the square that frames are scaled to, whole, as is the custom
    scale  levels of 0 to 1 -> levels * scale + shift, by channel
    """

    build: Callable[[], nn.Module]
    source: str
    size: int
    scale: tuple[float, float, float]
    shift: tuple[float, float, float]
    download: Callable[[], StateDict] | None = None


def _torchvision(name: str, weights: published.R3D_18_Weights, source: str) -> _Known:
    def build() -> nn.Module:
        network: nn.Module = getattr(published, name)(weights=None)
        network.fc = nn.Identity()
        return network

    one, two, three = _KINETICS_DEVIATION
    mean = tuple(-m / d for m, d in zip(_KINETICS_MEAN, _KINETICS_DEVIATION, strict=True))
    return _Known(
        build,
        f"torchvision {name}, trained on Kinetics-400 ({source})",
        112,
        (1 / one, 1 / two, 1 / three),
        (mean[0], mean[1], mean[2]),
        lambda: weights.get_state_dict(progress=False, check_hash=True, weights_only=True),
    )


def known() -> dict[str, _Known]:
    """Every video network that can be named."""
    return {
        "i3d": _Known(I3D, "I3D (Carreira and Zisserman 2017)", 224, (2, 2, 2), (-1, -1, -1)),
        "resnext101": _Known(
            ResNeXt101,
            "3D ResNeXt-101 (Hara et al. 2018)",
            112,
            (255, 255, 255),
            (-110.63666788, -103.16065604, -96.29023126),
        ),
        "r3d_18": _torchvision("r3d_18", published.R3D_18_Weights.KINETICS400_V1, "Tran et al. 2018"),
        "mc3_18": _torchvision("mc3_18", published.MC3_18_Weights.KINETICS400_V1, "Tran et al. 2018"),
        "r2plus1d_18": _torchvision("r2plus1d_18", published.R2Plus1D_18_Weights.KINETICS400_V1, "Tran et al. 2018"),
    }


class LoadedNetwork:
    """A video network with weights."""

    def __init__(self, name: str, form: _Known, network: nn.Module, device: str) -> None:
        self.name, self.source = name, f"{form.source}, weights {_digest(network)}"
        self._form, self._network = form, network.eval().requires_grad_(False).to(device)
        self._device = device

    @torch.inference_mode()
    def features(self, window: Window) -> np.ndarray:
        """(d,) float32; the frames are scaled to the network's square."""
        frames = torch.from_numpy(window.pictures).to(self._device).permute(0, 3, 1, 2).float() / 255
        size = (self._form.size, self._form.size)
        small = F.interpolate(frames, size, mode="bilinear", align_corners=False, antialias=True)
        scale, shift = (_channels(values, small) for values in (self._form.scale, self._form.shift))
        found: np.ndarray = self._network((small * scale + shift).transpose(0, 1)[None])[0].float().cpu().numpy()
        return found


def load_video_network(name: str, file: Path | None, device: str = "cpu") -> LoadedNetwork:
    """The video network of this name, with the weights in `file`; without one, torchvision's own weights, from its
    cache or by download. Nothing in a file is run.

    Raises `InputError` for an unknown name, weights of another network, and where there are none.
    """
    networks = known()
    if name not in networks:
        raise InputError(f"There is no video network {name!r}.", f"Known are {', '.join(networks)}.")
    form = networks[name]
    state: dict[str, Tensor]
    if file is not None:
        state, source = _plain_names(read_state(file, within="state_dict")), str(file)
    elif form.download is not None:
        state, source = dict(_downloaded(name, form.download)), "the download"
    else:
        raise InputError(f"The weights of {name} are not to be had here.", f"Give them: --video-network {name}=FILE.")
    with torch.random.fork_rng(devices=[]):
        network = form.build()
    # The classifier is left out: only features are asked for.
    used = {key: value.float() for key, value in state.items() if key.split(".")[0] not in ("fc", "logits")}
    try:
        check_fit("weights", lambda: network, floats(used))
    except InputError as error:
        raise InputError(f"{source} does not fit {name}: {error.problem}", "Give the public weights.") from error
    network.load_state_dict(network.state_dict() | used)
    return LoadedNetwork(name, form, network, device)


def parse_video_network(text: str) -> tuple[str, Path | None]:
    """NAME or NAME=FILE."""
    name, found, file = text.partition("=")
    return name.strip(), Path(file) if found else None


def _digest(network: nn.Module) -> str:
    """Identity of weights, 16 hex digits."""
    digest = hashlib.sha256()
    for name, value in network.state_dict().items():
        digest.update(name.encode() + value.numpy().tobytes())
    return digest.hexdigest()[:16]


def _downloaded(name: str, download: Callable[[], StateDict]) -> StateDict:
    try:
        return download()
    except (URLError, OSError, RuntimeError) as error:
        raise InputError(
            f"The weights of {name} can't be downloaded here ({reason(error)}).",
            f"Give a file: --video-network {name}=FILE.",
        ) from error


def _plain_names(state: StateDict) -> dict[str, Tensor]:
    """Without the word that training on several GPUs puts before every name; floats alone."""
    return {key.removeprefix("module."): value for key, value in state.items() if value.is_floating_point()}


def _channels(values: tuple[float, float, float], like: Tensor) -> Tensor:
    return torch.tensor(values, device=like.device).view(1, 3, 1, 1)
