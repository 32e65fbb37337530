"""Films made by PyAV: with sound, on their side, of varying rate, damaged."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

_MILLISECOND = Fraction(1, 1000)
_SOUND_RATE = 16_000


def moving(count: int, height: int, width: int) -> np.ndarray:
    """(N, H, W, 3) uint8: colours in which a bright bar goes from left to right; each frame is nearest to itself."""
    rows, columns = np.mgrid[:height, :width]
    base = np.stack([rows * 160 // height, columns * 160 // width, np.full_like(rows, 60)], -1).astype(np.uint8)
    pictures = np.repeat(base[None], count, 0)
    for index in range(count):
        left = width * index // (count + 4)
        pictures[index, height // 4 : height // 2, left : left + max(4, width // 10)] = 250
    return pictures


def write_film(
    path: Path,
    pictures: np.ndarray,
    *,
    rate: int = 30,
    times: Sequence[int] | None = None,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    rotation: int = 0,
    sound: bool = False,
    interlaced: bool = False,
    options: dict[str, str] | None = None,
) -> Path:
    """Write pictures (N, H, W, 3) as a video; the name's ending says its container. times: milliseconds of each.

    rotation: by how many degrees, against the clock, it is to be turned when it is seen. sound: with a tone.
    """
    with av.open(str(path), "w") as container:
        more = {"x264-params": "tff=1"} if interlaced else {}
        stream = container.add_stream(codec, rate=rate, options=(options or {}) | more)
        stream.width, stream.height, stream.pix_fmt = pictures.shape[2], pictures.shape[1], pixels
        if times is not None:
            stream.time_base = stream.codec_context.time_base = _MILLISECOND
        if rotation:
            stream.set_display_rotation(rotation)
        audio = container.add_stream("aac", rate=_SOUND_RATE, layout="mono") if sound else None
        for index, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24").reformat(format=pixels)
            frame.pts = index if times is None else times[index]
            frame.time_base = Fraction(1, rate) if times is None else _MILLISECOND
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if audio is not None:
            count = int(len(pictures) / rate * _SOUND_RATE)
            tone = (9000 * np.sin(np.arange(count) * 0.2)).astype(np.int16)
            for start in range(0, count, 1024):
                part = av.AudioFrame.from_ndarray(tone[None, start : start + 1024], format="s16", layout="mono")
                part.sample_rate, part.pts, part.time_base = _SOUND_RATE, start, Fraction(1, _SOUND_RATE)
                container.mux(audio.encode(part))
            container.mux(audio.encode(None))
    return path
