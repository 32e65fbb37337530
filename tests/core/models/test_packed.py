"""Convolutions laid out for the processor against plain ones."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from core.models.packed import FoldedConv, PackedConv, can_pack

packs = pytest.mark.skipif(
    not can_pack(torch.bfloat16, torch.device("cpu")), reason="this torch has no packed convolutions"
)


@packs
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (1, 1)])
def test_packed_convolutions_are_the_plain_ones(kernel: int, stride: int):
    torch.manual_seed(0)
    plain = FoldedConv(16, 24, kernel, stride, kernel // 2).to(torch.bfloat16)
    x = torch.randn(1, 16, 20, 28).to(torch.bfloat16).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        packed, wanted = PackedConv(plain), plain(x)
        torch.testing.assert_close(packed(x), wanted)
        torch.testing.assert_close(packed(x, active=True), F.leaky_relu(wanted, 0.2))
        torch.testing.assert_close(packed(x, plus=wanted), 2 * wanted, atol=0.02, rtol=0.02)
