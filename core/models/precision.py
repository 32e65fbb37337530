"""Which number format a machine is fast in. Asked of the processor, never assumed."""

from __future__ import annotations

from typing import Literal

import torch

from core.errors import InputError

Format = Literal["float32", "bfloat16"]
_FORMATS: dict[str, Format] = {"float32": "float32", "bfloat16": "bfloat16"}


def fast_bfloat16(device: str | torch.device = "cpu") -> bool:
    """Whether bfloat16 convolutions are worth it there: AMX or AVX-512 BF16 on a processor, Ampere and later GPUs.

    A processor without them computes bfloat16 by conversion, several times slower than float32.
    """
    device = torch.device(device)
    if device.type == "cuda":
        return torch.cuda.is_available() and torch.cuda.get_device_capability(device)[0] >= 8
    if device.type != "cpu":
        return False
    features = torch.cpu.get_capabilities()
    return bool(features.get("amx_bf16") or features.get("avx512_bf16"))


def default_precision(device: str | torch.device = "cpu") -> Format:
    """bfloat16 where it is fast, else float32."""
    return "bfloat16" if fast_bfloat16(device) else "float32"


def resolve_precision(precision: str, device: str | torch.device = "cpu") -> Format:
    """What `precision` means on `device`. Raises `InputError` for a name that there is not."""
    if precision == "auto":
        return default_precision(device)
    if precision not in _FORMATS:
        raise InputError(f"There is no precision {precision!r}.", "Use auto, float32 or bfloat16.")
    return _FORMATS[precision]
