"""Reference roll-outs of a generator: each frame from the recorded past, then the whole roll-out from its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core.errors import InputError
from core.interop.vid2vid import infer_config, load_network
from core.interop.weights import read_arrays, read_table
from core.interop.worst import Worst, scaled
from core.models.label_input import encode
from core.models.published.network import History, PublishedConfig, PublishedNetwork
from core.models.published.scales import ScaleOutput

# Largest absolute difference allowed, from the recorded past: pictures and weights; flow in pixels, times 2^scale.
PICTURE, FLOW = 2e-4, 5e-4
# Inputs and features, times the largest magnitude.
TENSOR = 1e-4
# A roll-out of its own may stray this many times as far as another order of the same sums does.
FREE = 10.0
_PARTS = ("meta.json", "inputs.npz", "outputs.npz")
# Options that are inferred from the shapes of the weights.
_INFERRED = ["label_nc", "n_frames_G", "ngf", "n_downsample_G", "n_blocks", "norm", "no_flow", "fg", "output_nc"]
_KEY = re.compile(r"t(\d+)_s(\d+)_(final|raw|flow|weight|warp|in_label|in_prev|in_mask|img_feat|flow_feat|fg_feat)")


def is_generator_case(folder: Path) -> bool:
    """True when any file of such a case is there."""
    return any((folder / name).exists() for name in (*_PARTS, "after.npz")) or any(folder.glob("netG*.state.npz"))


@dataclass(frozen=True)
class ReferenceCase:
    """A recorded roll-out, read and found whole."""

    network: PublishedNetwork
    encoded: Tensor  # (N, C, H, W)
    start: History
    outputs: dict[str, Tensor]
    frames: int
    picture_noise: list[float]  # per frame
    flow_noise: list[float]  # per frame and scale

    @property
    def config(self) -> PublishedConfig:
        return self.network.config

    def window(self, t: int) -> Tensor:
        """(1, tG, C, H, W) for output frame t."""
        return self.encoded[None, t : t + self.config.n_frames_G]

    def recorded(self, t: int, scale: int, name: str) -> Tensor:
        return self.outputs[f"t{t}_s{scale}_{name}"]

    def raw_only(self, t: int) -> bool:
        return t == 0 and self.config.no_first_img


def check_generator(folder: Path) -> Worst:
    """Run one case. Raises `InputError` saying what is missing or unreadable."""
    case = read_case(folder)
    worst = Worst()
    _check_forced(case, worst)
    _check_free(case, worst)
    return worst


def _check_forced(case: ReferenceCase, worst: Worst) -> None:
    """Every frame from the recorded frames before it: all that is recorded is compared."""
    history = case.start
    for t in range(case.frames):
        outputs = case.network(case.window(t), history, case.raw_only(t))
        for scale, output in enumerate(outputs):
            made = _made(case, t, scale, history[scale], output)
            for name in made:
                key = f"t{t}_s{scale}_{name}"
                if key in case.outputs:
                    _compare(worst, key, name, scale, made[name], case.outputs[key])
        finals = [output._replace(final=case.recorded(t, s, "final")[None]) for s, output in enumerate(outputs)]
        history = case.network.fed_back(history, finals)


def _check_free(case: ReferenceCase, worst: Worst) -> None:
    """The roll-out fed with its own frames."""
    history = case.start
    scales = case.config.n_scales_spatial
    for t in range(case.frames):
        outputs = case.network(case.window(t), history, case.raw_only(t))
        history = case.network.fed_back(history, outputs)
        for scale, output in enumerate(outputs):
            limit = max(PICTURE, FREE * _at(case.picture_noise, t))
            key = f"t{t}_s{scale}_final"
            worst.tensor(f"{key} free-running", output.final[0], case.outputs[key], limit)
            key = f"t{t}_s{scale}_flow"
            if key in case.outputs and output.flow is not None:
                limit = max(FLOW * 2**scale, FREE * _at(case.flow_noise, t * scales + scale))
                worst.tensor(f"{key} free-running", output.flow[0], case.outputs[key], limit)


def _made(case: ReferenceCase, t: int, scale: int, previous: Tensor, output: ScaleOutput) -> dict[str, Tensor | None]:
    """Everything that can be recorded of one scale of one frame, without the batch."""
    labels, mask = case.network.inputs(case.window(t))[scale]
    made = {
        "in_label": labels,
        "in_prev": previous,
        "in_mask": mask,
        "final": output.final,
        "raw": output.raw,
        "flow": output.flow,
        "weight": output.weight,
        "warp": output.warped,
        "img_feat": output.features.image,
        "flow_feat": output.features.flow,
        "fg_feat": output.features.foreground,
    }
    return {name: None if value is None else value[0] for name, value in made.items()}


def _compare(worst: Worst, key: str, name: str, scale: int, ours: Tensor | None, recorded: Tensor) -> None:
    if name == "flow":
        limit = FLOW * 2**scale
    elif name.startswith("in_") or name.endswith("_feat"):
        limit = scaled(TENSOR, recorded)
    else:
        limit = PICTURE
    worst.tensor(key, ours, recorded, limit)


def read_case(folder: Path) -> ReferenceCase:
    """Read a case and check that it is whole. Raises `InputError` saying what is missing or unreadable."""
    missing = [name for name in _PARTS if not (folder / name).is_file()]
    if not (folder / "netG0.state.npz").is_file():
        missing.append("netG0.state.npz")
    if missing:
        raise InputError(f"missing: {', '.join(missing)}.")
    meta = _read_meta(folder / "meta.json")
    options = meta["config"]
    files = [folder / f"netG{scale}.state.npz" for scale in range(_scales(options, folder))]
    states = [read_arrays(path) for path in files]
    config = infer_config(
        states,
        use_instance=bool(options.get("use_instance", True)),
        fg_labels=options.get("fg_labels", (26,)),
        no_first_img=bool(options.get("no_first_img", False)),
        pictures_in=options.get("label_nc") == 0,
    )
    _check_options(config, options)
    network = load_network(config, states, [path.name for path in files])
    encoded, real = _read_inputs(folder / "inputs.npz", config)
    outputs = read_arrays(folder / "outputs.npz")
    frames = len(encoded) - (config.n_frames_G - 1)
    _check_outputs(outputs, frames, config)
    noise = meta.get("channels_last_noise") or {}
    start = network.spread(_start(real, config, encoded))
    pictures, flows = list(noise.get("final") or []), list(noise.get("flow") or [])
    return ReferenceCase(network, encoded, start, outputs, frames, pictures, flows)


def _read_meta(path: Path) -> dict[str, Any]:
    meta = read_table(path)
    if not isinstance(meta.get("config"), dict):
        raise InputError(f"{path.name} has no config.")
    return meta


def _scales(options: dict[str, Any], folder: Path) -> int:
    """How many scales; the weights of each must be there, and of no more."""
    found = len(list(folder.glob("netG*.state.npz")))
    scales = options.get("n_scales_spatial", found)
    if type(scales) is not int or not 1 <= scales <= 6 or scales != found:
        raise InputError(f"meta.json says {scales!r} spatial scales; there are weights of {found}.")
    return scales


def _check_options(config: PublishedConfig, options: dict[str, Any]) -> None:
    """What the shapes of the weights tell must be what meta.json says."""
    felt = [*_INFERRED, "n_blocks_local"] if config.n_scales_spatial > 1 else _INFERRED
    for name in felt:
        if name in options and options[name] != getattr(config, name):
            raise InputError(f"meta.json says {name} {options[name]!r}; the weights say {getattr(config, name)!r}.")


def _read_inputs(path: Path, config: PublishedConfig) -> tuple[Tensor, Tensor | None]:
    """Encoded frames (N, C, H, W), and real frames (N, 3, H, W) where there are some."""
    arrays = read_arrays(path)
    absent = [name for name in ("label", *(["inst"] if config.use_instance else [])) if name not in arrays]
    if absent:
        raise InputError(f"{path.name} has no {', '.join(absent)}.")
    labels, objects = arrays["label"], arrays["inst"] if config.use_instance else None
    if labels.ndim == 3 and config.label_nc:
        if objects is not None and objects.shape != labels.shape:
            raise InputError(f"{path.name}: inst is {tuple(objects.shape)}, label is {tuple(labels.shape)}.")
        return encode(labels, objects, config.label_nc), arrays.get("real")
    raise InputError(f"{path.name}: label should be (frames, height, width), not {tuple(labels.shape)}.")


def _start(real: Tensor | None, config: PublishedConfig, encoded: Tensor) -> Tensor:
    """The frames before the first one, (1, 3 (tG - 1), H, W): real ones, or zeros."""
    before = config.n_frames_G - 1
    height, width = encoded.shape[-2:]
    if config.no_first_img:
        return torch.zeros(1, config.previous_channels, height, width)
    if real is None or tuple(real.shape[1:]) != (config.output_nc, height, width) or len(real) < before:
        raise InputError(f"inputs.npz has no {before} real frames of {width}x{height} to start from.")
    return real[:before].float().flatten(0, 1)[None]


def _check_outputs(outputs: dict[str, Tensor], frames: int, config: PublishedConfig) -> None:
    """Every frame of every scale must be recorded, and nothing that is not known."""
    if frames < 1:
        raise InputError(f"inputs.npz has too few label maps for {config.n_frames_G} frames a step.")
    last = config.n_scales_spatial - 1
    wanted = [f"t{t}_s{scale}_final" for t in range(frames) for scale in range(last + 1)]
    absent = [key for key in [*wanted, f"t0_s{last}_raw"] if key not in outputs]
    if absent:
        raise InputError(f"outputs.npz has no {', '.join(absent[:3])}.")
    strange = [key for key, _ in _unknown(outputs, frames, last)]
    if strange:
        raise InputError(f"outputs.npz has {', '.join(strange[:3])}, which this network does not make.")


def _unknown(outputs: dict[str, Tensor], frames: int, last: int) -> Iterator[tuple[str, Tensor]]:
    for key, value in outputs.items():
        match = _KEY.fullmatch(key)
        if not match or int(match[1]) >= frames or int(match[2]) > last:
            yield key, value


def _at(noise: list[float], index: int) -> float:
    return float(noise[index]) if index < len(noise) else 0.0
