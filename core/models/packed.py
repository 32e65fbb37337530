"""Folded convolutions for inference: the plain way, and one that is laid out once for the processor."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Of the leaky ReLU, everywhere in our networks.
SLOPE = 0.2


class FoldedConv(nn.Conv2d):
    """A plain convolution that may also activate its result, or add to it."""

    def forward(self, x: Tensor, *, active: bool = False, plus: Tensor | None = None) -> Tensor:
        y = super().forward(x)
        y = F.leaky_relu(y, SLOPE) if active else y
        return y if plus is None else y + plus


class PackedConv(nn.Module):
    """The same with oneDNN: weights in the order that the processor wants, activation and sum in the same pass.

    Eager mode lays the weights out anew in every call, which costs more than a small window's arithmetic.
    """

    def __init__(self, conv: FoldedConv) -> None:
        super().__init__()
        self.bias = conv.bias
        self._places = (list(conv.padding), list(conv.stride), list(conv.dilation), conv.groups)
        with torch.inference_mode(False), torch.no_grad():
            self._weight = torch.ops.mkldnn._reorder_convolution_weight(conv.weight.detach(), *self._places, None)

    def forward(self, x: Tensor, *, active: bool = False, plus: Tensor | None = None) -> Tensor:
        convolution = torch.ops.mkldnn._convolution_pointwise
        y: Tensor
        if plus is not None:
            y = convolution.binary(x, plus, self._weight, self.bias, *self._places, "add", 1.0, None, [], None)
        else:
            after = ("leaky_relu", [SLOPE], "") if active else ("none", [], "")
            y = convolution(x, self._weight, self.bias, *self._places, *after)
        return y


def can_pack(dtype: torch.dtype, device: torch.device) -> bool:
    """Whether `PackedConv` works here: these are operators that torch has for its own compiler."""
    if device.type != "cpu" or dtype != torch.bfloat16 or not torch.backends.mkldnn.is_available():
        return False
    return hasattr(torch.ops.mkldnn, "_convolution_pointwise")


def pack(module: nn.Module) -> nn.Module:
    """Replace every `FoldedConv` below `module`, in place."""
    for name, child in module.named_children():
        if isinstance(child, FoldedConv):
            setattr(module, name, PackedConv(child))
        else:
            pack(child)
    return module
