"""Several processes, on one machine or many: started by torchrun, joined by Lightning Fabric.

Without torchrun there is one, and Lightning need not be installed.
"""

from __future__ import annotations

import os

import torch
from torch import Tensor

from core.errors import InputError
from core.models.precision import resolve_precision
from core.training.machine import Machine, resolve_device, settle


def machine_of(
    device: str = "auto", precision: str = "auto", *, compiled: bool = False, exact: bool = False
) -> Machine:
    """This process's machine, set up: alone, or one of those that torchrun started. See `Machine` and `settle`.

    Raises `InputError` for a device that there is not, and where Lightning Fabric is missing but needed.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    settle(resolve_device(device), exact=exact)
    if size == 1:
        return Machine.choose(device, precision, compiled=compiled)
    return _joined(resolve_device(device), precision, compiled, size)


def _joined(device: torch.device, precision: str, compiled: bool, size: int) -> Machine:
    try:
        from lightning_fabric import Fabric
    except ImportError as error:
        raise InputError(
            "Training with several processes needs Lightning Fabric.", "Install it: pip install lightning-fabric."
        ) from error
    here = int(os.environ.get("LOCAL_WORLD_SIZE", size))
    fabric = Fabric(
        accelerator={"mps": "cpu"}.get(device.type, device.type),
        devices=here,
        num_nodes=size // here,
        strategy="ddp",
    )
    fabric.launch()

    def mean(values: Tensor) -> Tensor:
        averaged = fabric.all_reduce(values, reduce_op="mean")
        assert isinstance(averaged, Tensor)
        return values.copy_(averaged)

    bfloat16 = resolve_precision(precision, fabric.device) == "bfloat16"
    return Machine(fabric.device, bfloat16, compiled, fabric.global_rank, fabric.world_size, mean)
