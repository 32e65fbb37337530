"""Sample pictures while training: labels, ground truth and render side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from core.clip.clip import Clip
from core.files import replacing
from core.footage.street import Streets
from core.models.encoder import Encoder, instance_pool
from core.models.generator import Generator, LabelMaps
from core.models.inputs import from_uint8


def write_sheet(
    path: Path, generator: Generator, encoder: Encoder, clips: Sequence[Clip], frames: int = 6, most: int = 6
) -> None:
    """Roll out the first frames of some clips and write the first and last of each as rows of labels, ground truth and
    render. Clips of another width than the first are left out.
    """
    shown = [clip for clip in clips if clip.width == clips[0].width and clip.pictures is not None][:most]
    rows = [row for clip in shown for row in _rows(generator, encoder, clip, min(frames, len(clip)))]
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as beside:
        Image.fromarray(np.concatenate(rows)).save(beside, "PNG")


def _rows(generator: Generator, encoder: Encoder, clip: Clip, count: int) -> list[np.ndarray]:
    assert clip.small_pictures is not None
    state, rows, streets = generator.start(), [], Streets(clip)
    for t in range(count):
        maps, styles = clip_inputs(clip, t, encoder)
        picture, state = generator.step(maps._replace(street=streets.at(t)), styles, state)
        if t in (0, count - 1):
            render = picture[0].permute(1, 2, 0).cpu().numpy()
            rows.append(np.concatenate([clip.label_set.palette()[clip.labels[t]], clip.small_pictures[t], render], 1))
    return rows


def clip_inputs(clip: Clip, t: int, encoder: Encoder) -> tuple[LabelMaps, torch.Tensor]:
    """A clip's frame as the generator sees it, with looks encoded from that very frame."""
    frame, device = clip[t], next(encoder.parameters()).device
    objects = torch.from_numpy(frame.objects.copy())[None].to(device)
    flow = valid = None
    if frame.flow is not None and frame.flow_valid is not None:
        flow = torch.from_numpy(frame.flow).permute(2, 0, 1)[None].to(device)
        valid = torch.from_numpy(frame.flow_valid.copy())[None, None].to(device)
    assert clip.small_pictures is not None
    picture = from_uint8(torch.from_numpy(clip.small_pictures[t].copy()).to(device).permute(2, 0, 1)[None])
    with torch.inference_mode():
        styles = instance_pool(encoder(picture), objects)
    return LabelMaps(torch.from_numpy(frame.labels.copy())[None].to(device), objects, flow, valid), styles
