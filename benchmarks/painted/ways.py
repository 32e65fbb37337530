"""Ways to make the next frames of a clip; what they are is said in `benchmarks.painted_futures`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.direct.network import DirectNetwork, continued
from benchmarks.future import AHEAD, moved
from core.checkpoint import Checkpoint
from core.clip.clip import Clip
from core.clip.frames import whole
from core.conditioning import Maps
from core.evaluation.comparison import filmed
from core.footage.estimated_flow import with_flow
from core.footage.resample import bilinear
from core.headless.render import open_scene
from core.headless.source import Source
from core.prediction.command import Past
from core.prediction.predictor import Predictor
from core.project.mode import first_mode
from core.rendering.store import FrameStore

COUNT = max(AHEAD)
DIRECT = "direct"
# The frames before a start are rendered once for all ways.
_KEPT_BYTES = 600 << 20


@dataclass(frozen=True, eq=False)
class Start:
    """Frame t of a clip, from which it is continued. past: the clip up to there, as `core predict` continues it."""

    clip: Clip
    t: int
    past: Past
    seed: int
    store: FrameStore = field(default_factory=lambda: FrameStore(_KEPT_BYTES))

    @classmethod
    def of(cls, clip: Clip, t: int, predictor: Predictor, checkpoint: Checkpoint, seed: int) -> Start:
        """Looks are read from the frames up to t alone. Raises `InputError` where label sets differ."""
        known = until(clip, t)
        scene = open_scene(checkpoint, known)
        return cls(clip, t, Past(Source(known, Path()), scene, first_mode(known), predictor, checkpoint), seed)

    @property
    def film(self) -> np.ndarray:
        """(t + 1, H, W, 3): what was filmed so far."""
        return whole(filmed(self.past.scene.clip))

    def painted(self, maps: Sequence[Maps]) -> Iterator[np.ndarray]:
        """Pictures of these frames."""
        assert self.past.checkpoint is not None
        return islice(self.past.painted(self.past.checkpoint, maps, self.store), self.t + 1, None)


# (H, W, 3) uint8 pictures of the next `COUNT` frames.
Way = Callable[[Start], Iterator[np.ndarray]]


def predicted(start: Start) -> Iterator[np.ndarray]:
    """The maps are those of the network of futures."""
    return start.painted(start.past.maps(COUNT, start.seed))


def rendered(start: Start) -> Iterator[np.ndarray]:
    """The same, every pixel by the generator."""
    alone = replace(start, past=replace(start.past, mode="rendered"))
    return alone.painted(start.past.maps(COUNT, start.seed))


def known(start: Start) -> Iterator[np.ndarray]:
    """The maps are those of the frames that came."""
    ahead = map(start.clip.__getitem__, range(start.t + 1, start.t + 1 + COUNT))
    return start.painted([Maps(one.labels, one.objects, one.flow, one.flow_valid) for one in ahead])


def moved_maps(start: Start) -> Iterator[np.ndarray]:
    """The maps are the last ones, warped; the flow stays, for each is the one before it warped by it."""
    last = start.clip[start.t]
    maps = moved(start.clip, start.t)
    return start.painted([Maps(labels, objects, last.flow, last.flow_valid) for labels, objects in maps])


def moved_pixels(start: Start) -> Iterator[np.ndarray]:
    """No map: the last picture along its flow, bilinear, clamped at the border."""
    flow, picture = start.clip[start.t].flow, start.film[-1]
    assert flow is not None
    x, y = columns, rows = np.indices(picture.shape[:2]).astype(np.float32)[::-1]
    from_x, from_y = columns + flow[..., 0], rows + flow[..., 1]
    for _ in range(COUNT):
        # Where this frame's pixels are in the last picture: there, where those that they come from are.
        x, y = (bilinear(each, from_x, from_y) for each in (x, y))
        yield bilinear(picture, x, y)


def copied(start: Start) -> Iterator[np.ndarray]:
    """The last picture stays."""
    return iter([start.film[-1]] * COUNT)


def ways(direct: DirectNetwork) -> dict[str, Way]:
    """All that are compared, by name."""
    return {
        "predicted, painted": predicted,
        "predicted, rendered": rendered,
        "true maps, painted": known,
        "constant motion, painted": moved_maps,
        "constant motion of pixels": moved_pixels,
        "copy": copied,
        DIRECT: lambda start: iter(continued(direct, list(start.film), COUNT)),
    }


def until(clip: Clip, t: int) -> Clip:
    """The frames of a clip up to t, t among them."""
    assert clip.pictures is not None and clip.flow is not None and clip.flow_valid is not None
    end = t + 1
    return replace(
        clip,
        labels=clip.labels[:end],
        objects=clip.objects[:end],
        pictures=clip.pictures[:end],
        flow=clip.flow[:end],
        flow_valid=clip.flow_valid[:end],
        sound=None,
    )


def in_memory(clip: Clip) -> Clip:
    """A clip with pictures as large as its maps, and with motion. Raises `InputError` where it was never filmed."""
    moving = with_flow(
        replace(clip, labels=whole(clip.labels), objects=whole(clip.objects), pictures=whole(filmed(clip)))
    )
    assert moving.flow is not None and moving.flow_valid is not None
    return replace(moving, flow=whole(moving.flow), flow_valid=whole(moving.flow_valid))
