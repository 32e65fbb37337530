"""What is asked of a generator: named terms of a rollout, each a mean over its frames and pixels, unweighted.

To add a loss: write a function here, name it in `TERMS`, and give it a weight in a preset. A term without a weight in
the phase is not computed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from core.models.layers import channels_last
from core.models.local.network import LocalGenerator
from core.training import losses
from core.training.locality import echo_loss
from core.training.looks import colour_loss
from core.training.perceptual import PerceptualLoss
from core.training.rollout import Rollout
from core.training.trained_generator import Drawn

# None: the rollout has nothing to say about this, for example no frame with a past.
Term = Callable[[Rollout], Tensor | None]


def measure(rollout: Rollout, wanted: Collection[str], perceptual: PerceptualLoss | None) -> dict[str, Tensor]:
    """The wanted terms that the rollout has something to say about; names that are no terms are left out."""
    terms: dict[str, Term] = {**TERMS}
    if perceptual is not None:
        terms |= {
            "perceptual": lambda rollout: perceived(rollout, rollout.fake, perceptual),
            "perceptual_raw": lambda rollout: perceived(rollout, rollout.raw, perceptual),
        }
    values = {name: terms[name](rollout) for name in wanted if name in terms}
    return {name: value for name, value in values.items() if value is not None}


def picture(rollout: Rollout) -> Tensor:
    """L1."""
    return losses.weighted_l1(rollout.fake, rollout.real, rollout.weights)


def chroma(rollout: Rollout) -> Tensor:
    """L1 and gradient of what makes a colour differ from grey: texture that has to be guessed is light and dark, not
    coloured.
    """
    fake, real = _chroma(rollout.fake), _chroma(rollout.real)
    return losses.weighted_l1(fake, real, rollout.weights) + gradient_loss(fake, real, rollout.weights)


def gradient(rollout: Rollout) -> Tensor:
    """L1 of differences between neighbouring pixels."""
    return gradient_loss(rollout.fake, rollout.real, rollout.weights)


def raw(rollout: Rollout) -> Tensor:
    """L1 and gradient of the raw picture: blending must not hide that it is not learnt."""
    weights = rollout.weights
    return losses.weighted_l1(rollout.raw, rollout.real, weights) + gradient_loss(rollout.raw, rollout.real, weights)


def coarse(rollout: Rollout) -> Tensor | None:
    """L1 at half the size, of the picture of scale 0."""
    small = [frame.coarse for _, frame in rollout.frames if frame.coarse is not None]
    return F.l1_loss(torch.cat(small), F.avg_pool2d(rollout.real, 2)) if small else None


def colour(rollout: Rollout) -> Tensor:
    """Mean colour of every object."""
    return colour_loss(rollout.fake, rollout.real, rollout.objects, rollout.chunk.slots)


def flow(rollout: Rollout) -> Tensor | None:
    """The network's motion against the clip's own, in pixels (F_Flow)."""
    return _each(
        rollout, lambda t, frame: losses.flow_loss(_own(frame), rollout.chunk.flow[t], frame.validity, weight=1.0)
    )


def warp_real(rollout: Rollout) -> Tensor | None:
    """The real frame before, moved by the network's motion, against the real frame (F_Warp)."""
    return _each(
        rollout,
        lambda t, frame: losses.flow_warp_loss(
            rollout.chunk.pictures[t - 1], rollout.chunk.pictures[t], _own(frame), frame.validity, weight=1.0
        ),
    )


def echo(rollout: Rollout) -> Tensor | None:
    """What comes back of a difference in the past."""
    frame, generator = rollout.frames[-1][1].local, rollout.trained.network
    if frame is None or not isinstance(generator, LocalGenerator):
        return None
    return echo_loss(generator, frame, rollout.rng, rollout.machine)


def taught_flow(rollout: Rollout) -> Tensor | None:
    """F_Flow as published: where the teacher moves real pixels rightly; fewer the more scales there are."""
    return _each(
        rollout,
        lambda t, frame: losses.flow_loss(
            _own(frame), rollout.chunk.flow[t], rollout.well_moved(t), scales=rollout.stage.scales
        ),
    )


def taught_warp(rollout: Rollout) -> Tensor | None:
    """F_Warp as published."""
    pictures = rollout.chunk.pictures
    return _each(
        rollout,
        lambda t, frame: losses.flow_warp_loss(pictures[t - 1], pictures[t], _own(frame), rollout.well_moved(t)),
    )


def follows(rollout: Rollout) -> Tensor | None:
    """G_Warp as published: against the frame that was shown before, moved by the teacher."""
    return _each(
        rollout,
        lambda t, frame: losses.picture_warp_loss(
            rollout.rolled.shown[t - 1].detach(), frame.final, rollout.chunk.flow[t], rollout.well_moved(t)
        ),
    )


def blend(rollout: Rollout) -> Tensor | None:
    """W as published."""
    return _each(
        rollout,
        lambda t, frame: None if frame.weight is None else losses.weight_loss(frame.weight, rollout.well_moved(t)),
    )


TERMS: Mapping[str, Term] = {
    "picture": picture,
    "chroma": chroma,
    "gradient": gradient,
    "raw": raw,
    "coarse": coarse,
    "colour": colour,
    "flow": flow,
    "warp": warp_real,
    "echo": echo,
    # The published ones, weighed as published: 1 in a preset.
    "F_Flow": taught_flow,
    "F_Warp": taught_warp,
    "G_Warp": follows,
    "W": blend,
}
# Terms that need a feature network.
PERCEPTUAL = ("perceptual", "perceptual_raw")


def perceived(rollout: Rollout, pictures: Tensor, perceptual: PerceptualLoss) -> Tensor:
    """Distance to the real frames in features."""
    with rollout.machine.autocast():
        distance: Tensor = perceptual(channels_last(pictures), channels_last(rollout.real), rollout.weights)
        return distance.float()


def gradient_loss(fake: Tensor, real: Tensor, weights: Tensor | None = None) -> Tensor:
    """L1 between differences of neighbouring pixels, across and down; weights as in `losses.weighted_l1`.

    Where texture is not to be guessed, L1 alone is blind to a fine pattern laid over the right mean; this is not.
    """
    right, below = (None, None) if weights is None else (weights[..., 1:], weights[..., 1:, :])
    across = losses.weighted_l1(fake.diff(dim=3), real.diff(dim=3), right)
    return across + losses.weighted_l1(fake.diff(dim=2), real.diff(dim=2), below)


def _each(rollout: Rollout, term: Callable[[int, Drawn], Tensor | None]) -> Tensor | None:
    """The mean over frames that have a past and of which the network says a motion."""
    values = [term(t, frame) for t, frame in rollout.moving if frame.flow is not None]
    said = [value for value in values if value is not None]
    return torch.stack(said).mean() if said else None


def _chroma(pictures: Tensor) -> Tensor:
    return pictures - pictures.mean(1, keepdim=True)


def _own(frame: Drawn) -> Tensor:
    assert frame.flow is not None
    return frame.flow
