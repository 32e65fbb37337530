"""Films with sound for tests: bursts of a tone at known times."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

RATE = 48_000
EVERY = 0.25  # seconds from burst to burst
_BURST = 0.05


def write_sounding_film(path: Path, codec: str, *, seconds: float = 3.0, rate: Fraction = Fraction(25)) -> Path:
    """A grey film; its sound is a burst at every multiple of `EVERY`."""
    count = int(seconds * RATE)
    times = np.arange(count) / RATE
    samples = np.where(times % EVERY < _BURST, 0.6 * np.sin(2 * np.pi * 1000 * times), 0).astype(np.float32)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=rate)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sound = container.add_stream(codec, rate=RATE, layout="mono")
        for t in range(int(seconds * rate)):
            picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 2 * t, np.uint8), format="rgb24")
            picture.pts, picture.time_base = t, 1 / rate
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
        resampler = av.AudioResampler(sound.codec_context.format, "mono", RATE)
        step = sound.codec_context.frame_size or 1024
        for start in range(0, count, step):
            part = av.AudioFrame.from_ndarray(samples[None, start : start + step], format="fltp", layout="mono")
            part.sample_rate, part.pts, part.time_base = RATE, start, Fraction(1, RATE)
            for frame in resampler.resample(part):
                container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    return path


def bursts(path: Path) -> tuple[str, list[float]]:
    """The codec of a file's sound, and the seconds at which bursts begin."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        frames = list(container.decode(stream))
        begin = float(frames[0].time or 0)
        samples = np.concatenate([frame.to_ndarray().reshape(-1).astype(np.float32) for frame in frames])
        name, rate = stream.codec_context.name, stream.rate
    loud = np.flatnonzero(np.convolve(np.abs(samples) / np.abs(samples).max(), np.ones(48) / 48, "same") > 0.25)
    starts = loud[np.flatnonzero(np.diff(loud, prepend=-rate) > rate // 20)]
    return name, [begin + start / rate for start in starts.tolist()]


def seconds_of_sound(path: Path) -> float:
    """How long a file says that its sound is."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        assert stream.duration is not None and stream.time_base is not None
        return float(stream.duration * stream.time_base)
