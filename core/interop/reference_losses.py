"""Reference losses and temporal windows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core.errors import InputError
from core.interop.reference_parts import LOSS, Arrays, weights_below
from core.interop.single import load_discriminator
from core.interop.weights import read_arrays, read_table
from core.interop.worst import Worst
from core.models.discriminators import (
    MultiscaleDiscriminator,
    skipped_frames,
    skipped_frames_sparse,
    video_input,
)
from core.training import losses

_INPUTS = (
    "real_A", "real_B", "fake_B", "fake_B_raw", "real_B_prev", "fake_B_prev",
    "flow", "weight", "flow_ref", "conf_ref", "T_real_B", "T_fake_B", "T_flow_ref",
)  # fmt: skip
# Recorded as 0: no VGG weights were at hand, and the published code never computes the other.
_ABSENT = ("G_VGG", "G_T_Warp")


def check_losses(folder: Path) -> Worst:
    """losses.json against losses_inputs.npz: every term of every variant, and the totals."""
    variants = read_table(folder / "losses.json")
    if not variants:
        raise InputError("losses.json has nothing to compare.")
    arrays = read_arrays(folder / "losses_inputs.npz")
    absent = [name for name in _INPUTS if name not in arrays]
    if absent:
        raise InputError(f"losses_inputs.npz has no {', '.join(absent)}.")
    image = load_discriminator(weights_below(arrays, "D."), "D")
    video = load_discriminator(weights_below(arrays, "T0."), "T0")
    frame_terms, video_terms = _image_terms(arrays, image), _video_terms(arrays, video)
    worst = Worst()
    for variant, recorded in variants.items():
        frame = frame_terms | _motion_terms(arrays, variant)
        _compare_terms(worst, f"{variant} frame", frame, recorded["frame"])
        _compare_terms(worst, f"{variant} temporal", video_terms, recorded["temporal"])
        _compare_totals(worst, variant, frame, video_terms, recorded)
    return worst


def _image_terms(arrays: Arrays, network: MultiscaleDiscriminator) -> dict[str, float]:
    """The image discriminator sees the final and the raw picture, the real one once for each."""

    def judge(picture: Tensor) -> list[list[Tensor]]:
        features: list[list[Tensor]] = network(torch.cat((arrays["real_A"], picture), dim=1))
        return features

    real, fakes = judge(arrays["real_B"]), [judge(arrays["fake_B"]), judge(arrays["fake_B_raw"])]
    return {
        "G_GAN": sum(float(losses.lsgan_generator(fake)) for fake in fakes),
        "G_GAN_Feat": sum(float(losses.feature_matching(fake, real)) for fake in fakes),
        "D_real": len(fakes) * float(losses.lsgan_real(real)),
        "D_fake": sum(float(losses.lsgan_fake(fake)) for fake in fakes),
    }


def _video_terms(arrays: Arrays, network: MultiscaleDiscriminator) -> dict[str, float]:
    real = network(video_input(arrays["T_real_B"], arrays["T_flow_ref"]))
    fake = network(video_input(arrays["T_fake_B"], arrays["T_flow_ref"]))
    return {
        "G_T_GAN": float(losses.lsgan_generator(fake)),
        "G_T_GAN_Feat": float(losses.feature_matching(fake, real)),
        "D_T_real": float(losses.lsgan_real(real)),
        "D_T_fake": float(losses.lsgan_fake(fake)),
    }


def _motion_terms(arrays: Arrays, variant: str) -> dict[str, float]:
    """Flow, warp and weight terms; the variant's name says how many scales, and whether there is a flow branch."""
    scales = re.search(r"scales(\d+)", variant)
    moves = "noflow" not in variant
    flow, teacher, trust = arrays["flow"], arrays["flow_ref"], arrays["conf_ref"]
    followed = losses.flow_loss(flow, teacher, trust, int(scales[1]) if scales else 1)
    warped = losses.flow_warp_loss(arrays["real_B_prev"], arrays["real_B"], flow, trust)
    blended = losses.weight_loss(arrays["weight"], trust)
    return {
        "G_Warp": float(losses.picture_warp_loss(arrays["fake_B_prev"], arrays["fake_B"], teacher, trust)),
        "F_Flow": float(followed) * moves,
        "F_Warp": float(warped) * moves,
        "W": float(blended) * (moves and "nofirst" in variant),
    }


def _compare_terms(worst: Worst, name: str, ours: dict[str, float], recorded: dict[str, float]) -> None:
    for term in ours:
        if term not in recorded:
            raise InputError(f"losses.json has no {term} in {name}.")
    for term, value in recorded.items():
        if term not in ours and term not in _ABSENT:
            raise InputError(f"losses.json has {term} in {name}, which is no known loss.")
        worst.relative(f"{name} {term}", ours.get(term, 0.0), value, LOSS)


def _compare_totals(
    worst: Worst, variant: str, frame: dict[str, float], video: dict[str, float], recorded: dict[str, Any]
) -> None:
    generator = sum(value for term, value in (frame | video).items() if not term.startswith("D_"))
    worst.relative(f"{variant} total_G", generator, recorded["total_G"], LOSS)
    worst.relative(f"{variant} total_D", (frame["D_real"] + frame["D_fake"]) / 2, recorded["total_D"], LOSS)
    for value in recorded["total_D_T"]:
        worst.relative(f"{variant} total_D_T", (video["D_T_real"] + video["D_T_fake"]) / 2, value, LOSS)


def check_windows(path: Path) -> Worst:
    """Windows of the video discriminator while frames arrive in equal chunks: exactly the recorded ones."""
    recorded = read_table(path)
    if not {"dense", "sparse"} >= set(recorded) or "dense" not in recorded:
        raise InputError(f"{path.name} should hold 'dense' and 'sparse', not {', '.join(recorded) or 'nothing'}.")
    steps = recorded["dense"]
    newest = steps[-1][0][0]
    chunk, length = int(newest[-1] + 1) // len(steps), len(newest)
    worst = Worst()
    for kind, arrivals in recorded.items():
        for step, by_scale in enumerate(arrivals):
            for scale, windows in enumerate(by_scale):
                count = (step + 1) * chunk
                if kind == "dense":
                    ours = skipped_frames(count, chunk, scale, scales=len(by_scale), length=length)
                else:
                    ours = skipped_frames_sparse(count, chunk, scale, length=length)
                worst.number(f"{kind} after {count} frames, scale {scale}", float(ours != (windows or [])), 0.0)
    return worst
