"""What the machine itself can do: the measure of every other figure."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import torch

from core.models.layers import channels_last, weights_channels_last

_CHANNELS, _HEIGHT, _WIDTH, _TIMES = 256, 64, 128, 4


def convolution_limit(dtype: torch.dtype, device: str = "cpu") -> Callable[[], float]:
    """A function that measures, in TFLOP/s, what a 256-channel 3x3 convolution reaches here."""
    layer = weights_channels_last(torch.nn.Conv2d(_CHANNELS, _CHANNELS, 3, padding=1).to(device, dtype))
    x = channels_last(torch.randn(1, _CHANNELS, _HEIGHT, _WIDTH, device=device).to(dtype))
    operations = _TIMES * 2 * _HEIGHT * _WIDTH * _CHANNELS**2 * 9

    @torch.inference_mode()
    def measure() -> float:
        begun = time.perf_counter()
        for _ in range(_TIMES):
            layer(x)
        if x.is_cuda:
            torch.cuda.synchronize()
        return operations / (time.perf_counter() - begun) / 1e12

    return measure


def machine_name() -> str:
    """Processor, cores in use, what it has for bfloat16, GPU if any, and torch."""
    has = torch.cpu.get_capabilities()
    fast = [name for name, key in (("AMX", "amx_bf16"), ("AVX-512 BF16", "avx512_bf16")) if has.get(key)]
    parts = [
        _processor(),
        f"{len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()} cores",
        f"{torch.get_num_threads()} threads",
        " and ".join(fast) or "no fast bfloat16",
        f"torch {torch.__version__.split('+')[0]}",
    ]
    if torch.cuda.is_available():
        parts.insert(1, torch.cuda.get_device_name())
    return ", ".join(parts)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
