"""Sample pictures while training: labels, ground truth and render side by side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from core.clip.clip import Clip
from core.files import replacing
from core.models.encoder import Encoder, instance_pool
from core.models.generator import Generator, LabelMaps


def write_sample(path: Path, generator: Generator, encoder: Encoder, clip: Clip, frames: int = 6) -> None:
    """Roll out the first frames of a clip and write the first and last as rows of labels, ground truth, render."""
    state = generator.start()
    rows = []
    count = min(frames, len(clip))
    for t in range(count):
        maps, styles = clip_inputs(clip, t, encoder)
        picture, state = generator.step(maps, styles, state)
        if t in (0, count - 1):
            render = picture[0].permute(1, 2, 0).cpu().numpy()
            rows.append(np.concatenate([clip.label_set.palette()[clip.labels[t]], clip.pictures[t], render], 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as beside:
        Image.fromarray(np.concatenate(rows)).save(beside, "PNG")


def clip_inputs(clip: Clip, t: int, encoder: Encoder) -> tuple[LabelMaps, torch.Tensor]:
    """A clip's frame as the generator sees it, with looks encoded from that very frame."""
    frame, device = clip[t], next(encoder.parameters()).device
    objects = torch.from_numpy(frame.objects.copy())[None].to(device)
    flow = valid = None
    if frame.flow is not None and frame.flow_valid is not None:
        flow = torch.from_numpy(frame.flow).permute(2, 0, 1)[None].to(device)
        valid = torch.from_numpy(frame.flow_valid.copy())[None, None].to(device)
    assert frame.picture is not None
    picture = torch.from_numpy(frame.picture.copy()).to(device).permute(2, 0, 1)[None].float() / 127.5 - 1
    with torch.inference_mode():
        styles = instance_pool(encoder(picture), objects)
    return LabelMaps(torch.from_numpy(frame.labels.copy())[None].to(device), objects, flow, valid), styles
