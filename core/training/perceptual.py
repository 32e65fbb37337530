"""Perceptual loss: distance between features of a fixed network (Johnson et al. 2016; weights as in pix2pixHD).

Any network that returns a list of feature maps can be used. VGG19 is read from a file that is already on the disk;
nothing is downloaded here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.errors import InputError
from core.training.losses import at_size_of, weighted_l1

# relu1_1 .. relu5_1, coarse features count most.
VGG_WEIGHTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)
# Width of each 3x3 convolution of VGG19; 0 is a 2x2 maximum (Simonyan and Zisserman 2015, table 1, column E).
_VGG19 = (64, 64, 0, 128, 128, 0, 256, 256, 256, 256, 0, 512, 512, 512, 512, 0, 512)
_TAPS = (1, 6, 11, 20, 29)
_WIDEST = 1024
_FILE = "vgg19-dcbb9e9d.pth"


class VGG19Features(nn.Module):
    """VGG19 as far as relu5_1. Module numbers are those of torchvision's `vgg19().features`."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        source = 3
        for width in _VGG19:
            layers += [nn.Conv2d(source, width, 3, padding=1), nn.ReLU()] if width else [nn.MaxPool2d(2)]
            source = width or source
        self.features = nn.Sequential(*layers)
        self.requires_grad_(False)

    def forward(self, x: Tensor) -> list[Tensor]:
        """(B, 3, H, W) -> relu1_1, relu2_1, relu3_1, relu4_1, relu5_1."""
        taken = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in _TAPS:
                taken.append(x)
        return taken


def load_vgg19(path: Path | None = None) -> VGG19Features:
    """VGG19 with the weights in `path`, else with those that torchvision has already put into its cache.

    Raises `InputError` where there is no such file or it is not a VGG19.
    """
    path = path or Path(torch.hub.get_dir()) / "checkpoints" / _FILE
    if not path.is_file():
        raise InputError(
            f"There are no VGG19 weights at {path}.",
            f"Put torchvision's {_FILE} there, or train with another feature network.",
        )
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        network = VGG19Features()
        network.load_state_dict({key: state[key] for key in network.state_dict()})
    except (RuntimeError, KeyError, TypeError, EOFError, UnpicklingError) as error:
        raise InputError(f"{path} does not hold the weights of VGG19.", f"Use torchvision's {_FILE}.") from error
    return network.eval()


class PerceptualLoss(nn.Module):
    """sum over layers of weight * L1(features(fake), features(real)); pictures in [-1, 1] go in as they are.

    features   (B, 3, H, W) -> list of feature maps; held fixed
    weights    one number a feature map
    """

    def __init__(self, features: Callable[[Tensor], Sequence[Tensor]], weights: Sequence[float] = VGG_WEIGHTS) -> None:
        super().__init__()
        self.features = features
        self.weights = tuple(weights)

    def per_layer(self, fake: Tensor, real: Tensor, pixels: Tensor | None = None) -> list[Tensor]:
        """L1 distance at each feature map, not weighted. pixels: (B, 1, H, W), how much each counts; None: alike."""
        fake, real = _narrowed(fake), _narrowed(real)
        with torch.no_grad():
            wanted = self.features(real)
        return [_distance(mine, theirs, pixels) for mine, theirs in zip(self.features(fake), wanted, strict=True)]

    def forward(self, fake: Tensor, real: Tensor, pixels: Tensor | None = None) -> Tensor:
        terms = self.per_layer(fake, real, pixels)
        return torch.stack([weight * term for weight, term in zip(self.weights, terms, strict=True)]).sum()


def _distance(mine: Tensor, theirs: Tensor, pixels: Tensor | None) -> Tensor:
    return weighted_l1(mine, theirs, None if pixels is None else at_size_of(mine, pixels))


def _narrowed(x: Tensor) -> Tensor:
    """2x2 averages until the picture is at most 1024 wide."""
    while x.shape[-1] > _WIDEST:
        x = F.avg_pool2d(x, 2)
    return x
