"""One optimizer's step: clipped, skipped where it is not finite, and without asking the device for an answer."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from core.training.machine import Machine

# Norm of all gradients together above which they are scaled down.
_LONGEST = 1.0


class Adam(torch.optim.Adam):
    """Adam that scales gradients and skips a step on the device.

    `grad_scale` and `found_inf` are what torch's own gradient scaler sets: gradients are divided by the first, and
    where the second is 1 neither weights nor moments change.
    """

    grad_scale: Tensor | None = None
    found_inf: Tensor | None = None


class GuardedOptimizer:
    """Adam over some parameters.

    clip: scale gradients down to a common length of 1; the published recipe does not.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        machine: Machine,
        *,
        betas: tuple[float, float] = (0.5, 0.99),
        clip: bool = True,
    ) -> None:
        self._parameters, self._machine, self._clip = list(parameters), machine, clip
        self.adam = Adam(self._parameters, betas=betas, fused=True)

    def step(self, total: Tensor, rate: float) -> Tensor:
        """Go down `total` with this learning rate. Returns whether the step was taken: a bool on the device.

        It is not where a gradient is not finite, in this process or in another.
        """
        for group in self.adam.param_groups:
            group["lr"] = rate
        self.adam.zero_grad(set_to_none=True)
        total.backward()
        self._share_gradients()
        gradients = [p.grad for p in self._parameters if p.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        finite = norm.isfinite()
        longest = norm.clamp(min=_LONGEST) / _LONGEST if self._clip else torch.ones_like(norm)
        self.adam.grad_scale = torch.where(finite, longest, 1.0).float()
        self.adam.found_inf = (~finite).float()
        self.adam.step()
        return finite

    def _share_gradients(self) -> None:
        """The mean over processes. One exchange for all: a step calls its networks many times for one backward."""
        if self._machine.size == 1:
            return
        gradients = [p.grad for p in self._parameters if p.grad is not None]
        together = self._machine.mean(torch.cat([gradient.flatten() for gradient in gradients]))
        for gradient, part in zip(gradients, together.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(part.view(gradient.shape))
