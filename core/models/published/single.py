"""First-frame generators: one label map to one picture, without a past.

GlobalGenerator and LocalEnhancer are those of Wang et al., *High-Resolution Image Synthesis and Semantic Manipulation
with Conditional GANs* (CVPR 2018), section 3.2; the two with z also read a feature map of `nz` channels, appended
at several depths at the size that is met there. Module names are those of the published weights.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from core.models.blocks import Norm, climb, down, residuals, stem, up, wide, wide_entry
from core.models.warp import half

# The published networks get no wider than this.
WIDEST = 1024


def _global_layers(source: int, ngf: int, n_down: int, n_blocks: int, norm: Norm, widest: int) -> list[nn.Module]:
    blocks = residuals(n_blocks, min(widest, ngf * 2**n_down), norm)
    return [*stem(source, ngf, n_down, norm, widest), *blocks, *climb(ngf, n_down, norm, widest)]


def _picture_layers(width: int, out_channels: int) -> list[nn.Module]:
    return [*wide(width, out_channels), nn.Tanh()]


class GlobalGenerator(nn.Module):
    """Stem, `n_down` halvings, residual blocks, doublings, picture: (B, source, H, W) -> (B, out, H, W) in [-1, 1]."""

    def __init__(
        self,
        source: int,
        out_channels: int = 3,
        ngf: int = 64,
        n_down: int = 3,
        n_blocks: int = 9,
        norm: Norm = "instance",
        widest: int = WIDEST,
    ) -> None:
        super().__init__()
        layers = _global_layers(source, ngf, n_down, n_blocks, norm, widest)
        self.model = nn.Sequential(*layers, *_picture_layers(ngf, out_channels))

    def forward(self, x: Tensor) -> Tensor:
        picture: Tensor = self.model(x)
        return picture


class LocalEnhancer(nn.Module):
    """A global generator at a smaller size, and `n_local` enhancers, each at twice the size of the one before.

    ngf is the width at full size; the enhancer k has ngf * 2^(n_local - k), the global generator ngf * 2^n_local.
    """

    def __init__(
        self,
        source: int,
        out_channels: int = 3,
        ngf: int = 32,
        n_down: int = 4,
        n_blocks: int = 9,
        n_local: int = 1,
        n_blocks_local: int = 3,
        norm: Norm = "instance",
        widest: int = WIDEST,
    ) -> None:
        super().__init__()
        self.n_local = n_local
        self.model = nn.Sequential(*_global_layers(source, ngf * 2**n_local, n_down, n_blocks, norm, widest))
        for level in range(1, n_local + 1):
            width = ngf * 2 ** (n_local - level)
            entry = [*wide_entry(source, width, norm), *down(width, 2 * width, norm)]
            rise = [*residuals(n_blocks_local, 2 * width, norm), *up(2 * width, width, norm)]
            picture = _picture_layers(width, out_channels) if level == n_local else []
            self.add_module(f"model{level}_1", nn.Sequential(*entry))
            self.add_module(f"model{level}_2", nn.Sequential(*rise, *picture))

    def forward(self, x: Tensor) -> Tensor:
        sizes = [x]
        for _ in range(self.n_local):
            sizes.append(half(sizes[-1]))
        out: Tensor = self.model(sizes[-1])
        for level in range(1, self.n_local + 1):
            entry = self.get_submodule(f"model{level}_1")(sizes[self.n_local - level])
            out = self.get_submodule(f"model{level}_2")(entry + out)
        return out


class GlobalTrunkWithZ(nn.Module):
    """The part that both networks with z have: (x, z) -> features of width ngf at full size."""

    def __init__(self, source: int, nz: int, ngf: int, n_down: int, n_blocks: int, norm: Norm, widest: int) -> None:
        super().__init__()
        deepest = min(widest, ngf * 2**n_down)
        self.n_down = n_down
        self.model_downsample = nn.Sequential(*stem(source + nz, ngf, n_down, norm, widest))
        self.model_resnet = nn.Sequential(*residuals(n_blocks, deepest + nz, norm))
        self.model_upsample = nn.Sequential(*climb(ngf, n_down, norm, widest, source=deepest + 2 * nz))

    def trunk(self, x: Tensor, z: Tensor) -> Tensor:
        small = z
        for _ in range(self.n_down):
            small = half(small)
        deep: Tensor = self.model_downsample(torch.cat((x, z), dim=1))
        deep = self.model_resnet(torch.cat((deep, small), dim=1))
        deep = self.model_upsample(torch.cat((deep, small), dim=1))
        return deep


class GlobalWithZ(GlobalTrunkWithZ):
    """GlobalGenerator that also reads z (B, nz, H, W): at its input, in the middle twice, before its last layer."""

    def __init__(
        self,
        source: int,
        out_channels: int = 3,
        nz: int = 16,
        ngf: int = 64,
        n_down: int = 3,
        n_blocks: int = 9,
        norm: Norm = "instance",
        widest: int = WIDEST,
    ) -> None:
        super().__init__(source, nz, ngf, n_down, n_blocks, norm, widest)
        self.model_upsample_conv = nn.Sequential(*_picture_layers(ngf + nz, out_channels))

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        picture: Tensor = self.model_upsample_conv(torch.cat((self.trunk(x, z), z), dim=1))
        return picture


class LocalWithZ(GlobalTrunkWithZ):
    """LocalEnhancer with one enhancer that also reads z (B, nz, H, W).

    Where the enhancer gets z, and what its last layer is called, is read off the weights: `z_entry`, `z_blocks`,
    `z_picture` say whether it is appended before model1_1, model1_2 and the last layer; `picture` is the name of that.
    """

    def __init__(
        self,
        source: int,
        out_channels: int = 3,
        nz: int = 16,
        ngf: int = 32,
        n_down: int = 3,
        n_blocks: int = 9,
        n_blocks_local: int = 3,
        norm: Norm = "instance",
        widest: int = WIDEST,
        z_entry: bool = True,
        z_blocks: bool = True,
        z_picture: bool = True,
        picture: str = "model_final",
    ) -> None:
        super().__init__(source, nz, 2 * ngf, n_down, n_blocks, norm, widest)
        self.z_entry, self.z_blocks, self.z_picture, self.picture = z_entry, z_blocks, z_picture, picture
        inner = 2 * ngf + nz * z_blocks
        self.model1_1 = nn.Sequential(*wide_entry(source + nz * z_entry, ngf, norm), *down(ngf, 2 * ngf, norm))
        self.model1_2 = nn.Sequential(*residuals(n_blocks_local, inner, norm), *up(inner, ngf, norm))
        self.add_module(picture, nn.Sequential(*_picture_layers(ngf + nz * z_picture, out_channels)))

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        small_z = half(z)
        out = self.model1_1(_with(x, z, self.z_entry)) + self.trunk(half(x), small_z)
        out = self.model1_2(_with(out, small_z, self.z_blocks))
        picture: Tensor = self.get_submodule(self.picture)(_with(out, z, self.z_picture))
        return picture


def _with(x: Tensor, z: Tensor, wanted: bool) -> Tensor:
    return torch.cat((x, z), dim=1) if wanted else x
