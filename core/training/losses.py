"""The losses of vid2vid (Wang et al. 2018, section 3.2), each a named function of tensors.

Means are taken over all elements, masked ones included. Pictures are (B, 3, H, W) in [-1, 1], flows (B, 2, H, W) in
pixels, confidences and blend weights (B, 1, H, W) in [0, 1]. "Features" are what `MultiscaleDiscriminator` returns:
a list over scales of a list of layers, the last of which is the prediction.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from core.models.warp import warp

Features = Sequence[Sequence[Tensor]]

# Weights of the paper and its code.
LAMBDA_FEATURES = 10.0
LAMBDA_FLOW = 10.0
LAMBDA_WARP = 10.0


def masked_l1(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """ML1: mean of |a * c - b * c|."""
    return F.l1_loss(a * c, b * c)


def weighted_l1(a: Tensor, b: Tensor, weights: Tensor | None = None) -> Tensor:
    """L1; weights (B, 1, h, w): how much each place counts, with a mean of 1. None: all alike."""
    return F.l1_loss(a, b) if weights is None else masked_l1(a, b, weights)


def at_size_of(features: Tensor, weights: Tensor) -> Tensor:
    """Weights of pixels (B, 1, H, W) as means over what each place of feature maps (B, C, h, w) covers."""
    return F.adaptive_avg_pool2d(weights, (features.shape[-2], features.shape[-1]))


def lsgan_generator(fake: Features, weights: Tensor | None = None) -> Tensor:
    """Sum over scales of mean (D(fake) - 1)^2; weights (B, 1, h, w): how much each place counts. None: all alike."""
    return _distance(fake, 1.0, weights)


def lsgan_discriminator(real: Features, fake: Features, weights: Tensor | None = None) -> Tensor:
    """Half of: sum over scales of mean (D(real) - 1)^2 + mean D(fake)^2. Make `fake` from detached pictures."""
    return 0.5 * (lsgan_real(real, weights) + lsgan_fake(fake, weights))


def lsgan_real(real: Features, weights: Tensor | None = None) -> Tensor:
    """Sum over scales of mean (D(real) - 1)^2."""
    return _distance(real, 1.0, weights)


def lsgan_fake(fake: Features, weights: Tensor | None = None) -> Tensor:
    """Sum over scales of mean D(fake)^2."""
    return _distance(fake, 0.0, weights)


def _distance(features: Features, target: float, weights: Tensor | None) -> Tensor:
    terms = []
    for layers in features:
        missed = (layers[-1] - target).square()
        if weights is not None:
            missed = missed * at_size_of(missed, weights)
        terms.append(missed.mean())
    return torch.stack(terms).sum()


def feature_matching(fake: Features, real: Features, weight: float = LAMBDA_FEATURES) -> Tensor:
    """weight * sum over scales and all layers but the prediction of 4 / layers / scales * L1; real is detached."""
    terms = [
        F.l1_loss(mine, theirs.detach()) * (4.0 / (len(fake_layers) - 1) / len(fake))
        for fake_layers, real_layers in zip(fake, real, strict=True)
        for mine, theirs in zip(fake_layers[:-1], real_layers[:-1], strict=True)
    ]
    total: Tensor = weight * torch.stack(terms).sum()
    return total


def flow_loss(
    flow: Tensor, teacher: Tensor, confidence: Tensor, scales: int = 1, weight: float = LAMBDA_FLOW
) -> Tensor:
    """F_Flow: the flow against the teacher's where that may be believed; scales: how many spatial scales there are."""
    return weight / 2.0 ** (scales - 1) * masked_l1(flow, teacher, confidence)


def flow_warp_loss(
    real_previous: Tensor, real: Tensor, flow: Tensor, confidence: Tensor, weight: float = LAMBDA_WARP
) -> Tensor:
    """F_Warp: the real frame before, moved by the generator's flow, against the real frame."""
    return weight * masked_l1(warp(real_previous, flow), real, confidence)


def picture_warp_loss(
    fake_previous: Tensor, fake: Tensor, teacher: Tensor, confidence: Tensor, weight: float = LAMBDA_WARP
) -> Tensor:
    """G_Warp: the frame against the one made before it, moved by the teacher's flow and detached."""
    return weight * masked_l1(fake, warp(fake_previous, teacher).detach(), confidence)


def weight_loss(blend_weight: Tensor, confidence: Tensor, weight: float = 1.0) -> Tensor:
    """W: pulls the blend weight towards warping (0) where the teacher's flow may be believed."""
    return weight * masked_l1(blend_weight, torch.zeros_like(blend_weight), confidence)


def segmenting_generator(logits: Tensor, labels: Tensor) -> Tensor:
    """Of a segmenting discriminator's (B, classes + 1, H, W): cross-entropy to the labels, classes weighing alike.

    Sushko et al. 2021, equation 3; the last channel is "made up". A mean over samples, each balanced by itself.
    """
    entropy = F.cross_entropy(logits, labels.long(), reduction="none")
    weights = class_balance(labels, logits.shape[1])
    return ((entropy * weights).sum((1, 2)) / weights.sum((1, 2))).mean()


def segmenting_discriminator(real: Tensor, fake: Tensor, labels: Tensor) -> Tensor:
    """Real pixels are of their class, others are "made up" (Sushko et al. 2021, equation 2). Both logits as above."""
    made_up = torch.full_like(labels, real.shape[1] - 1).long()
    return segmenting_generator(real, labels) + F.cross_entropy(fake, made_up)


def class_balance(labels: Tensor, classes: int) -> Tensor:
    """(B, H, W) labels -> weight of every pixel: 1 / share of its class (Sushko et al. 2021, equation 1).

    At most 50, so that three pixels do not rule a step.
    """
    flat = labels.flatten(1).long()
    counts = torch.zeros(len(flat), classes, device=labels.device)
    counts.scatter_add_(1, flat, torch.ones_like(flat, dtype=counts.dtype))
    share = counts / flat.shape[1]
    return (1 / share.clamp(min=0.02)).gather(1, flat).view(labels.shape)
