"""What a render takes from training films beside weights: where walls and vehicles have openings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from core.errors import InputError
from core.models.local.facades import MOST, ROWS
from core.models.local.vehicles import VehicleExemplars

_FACADES = "facades"


class Exemplars(NamedTuple):
    """facades   (2, n, ROWS / 8) uint8, see `core.models.local.facades`; None: plain ones are drawn
    vehicles  None: vehicles have no openings
    """

    facades: Tensor | None = None
    vehicles: VehicleExemplars | None = None

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> Exemplars:
        """The inverse of `tensors`. Raises `InputError` where it is of another form, or too large."""
        of_vehicles = {name: tensor for name, tensor in tensors.items() if name != _FACADES}
        if of_vehicles and of_vehicles.keys() != set(VehicleExemplars._fields):
            raise InputError(f"its exemplars have the parts {', '.join(sorted(tensors))[:80]}.")
        vehicles = VehicleExemplars(**of_vehicles) if of_vehicles else None
        if vehicles is not None:
            vehicles.check()
        facades = tensors.get(_FACADES)
        if facades is not None:
            fits = facades.dim() == 3 and facades.shape[::2] == (2, ROWS // 8) and 1 <= facades.shape[1] <= MOST
            if not fits or facades.dtype != torch.uint8:
                raise InputError(f"its facades are {facades.dtype} of shape {tuple(facades.shape)[:4]}.")
        return cls(facades, vehicles)

    def tensors(self) -> dict[str, Tensor]:
        """By name, as a file keeps them."""
        of_vehicles = {} if self.vehicles is None else self.vehicles._asdict()
        return of_vehicles | ({} if self.facades is None else {_FACADES: self.facades})

    def or_else(self, others: Exemplars) -> Exemplars:
        """Those of others where these are none."""
        facades = others.facades if self.facades is None else self.facades
        return Exemplars(facades, others.vehicles if self.vehicles is None else self.vehicles)


NO_EXEMPLARS = Exemplars()
