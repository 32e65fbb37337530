"""What every generator offers: one step, with its state in the open, and what it can do beside that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from torch import Tensor

from core.conditioning import Conditioning, Street

Conditionings = Callable[[int], Conditioning]


class LabelMaps(NamedTuple):
    """The maps of one frame (B pictures side by side)."""

    labels: Tensor  # (B, H, W) uint8 class ids
    objects: Tensor  # (B, H, W) int32 object ids
    flow: Tensor | None = None  # (B, 2, H, W) float32: to the frame before, pixels, x then y
    flow_valid: Tensor | None = None  # (B, 1, H, W) bool: where that flow is valid
    # Identity of labels and objects by content, for caches; "" where nobody knows it. Other labels, another key.
    key: str = ""
    # (B, C, H/2, W/2): where each pixel lies in its object (core.models.local.places); None: these are whole frames
    places: Tensor | None = None
    street: Street | None = None  # how the street lies in the whole frame; None: nobody knows

    def each(self, change: Callable[[Tensor], Tensor], key: str = "") -> LabelMaps:
        """Every map changed alike, places left out; `key` is that of the changed labels and objects."""
        flow = None if self.flow is None else change(self.flow)
        valid = None if self.flow_valid is None else change(self.flow_valid)
        return LabelMaps(change(self.labels), change(self.objects), flow, valid, key, street=self.street)


class Past(NamedTuple):
    """One frame that was rendered before: what it was rendered from, and the picture."""

    labels: LabelMaps
    styles: Tensor  # (B, 3, H, W) float32
    picture: Tensor  # (B, 3, H, W) uint8 RGB
    filmed: bool = False  # whether it is film, all of it


class KnownPixels(NamedTuple):
    """What is known of the very frame that is asked for, and shown as it is: its film, in the looks of the step."""

    picture: Tensor  # (B, 3, H, W) uint8 RGB
    kept: Tensor  # (B, 1, H, W) bool: where it is known
    renewed: bool = True  # whether the rest is made anew; else it may be what the frame before shows of it


class State(Protocol):
    """What a generator carries from frame to frame: opaque to all but the generator that made it, and never changed,
    so that a roll-out can go on from any frame whose state was kept.
    """

    def tensors(self) -> Iterable[Tensor]:
        """Every tensor in it, for whoever counts memory."""
        ...


class Shown(NamedTuple):
    """A picture that is at hand, and what it was rendered from."""

    conditioning: Conditioning
    picture: np.ndarray  # (H, W, 3) uint8 RGB


class Followed(NamedTuple):
    """A frame that was made from a reference, where only some of it had to be rendered."""

    t: int
    picture: np.ndarray  # (H, W, 3) uint8 RGB
    work: float  # share of a whole frame's work that it took, as predicted: at most 1


class Follow(Protocol):
    """Renders frames that differ from a reference in some places only, at most at the cost of as many steps."""

    def __call__(
        self, conditionings: Conditionings, reference: Callable[[int], Shown | None], frames: range
    ) -> Iterator[Followed]:
        """Frames in order, from a `reference` whose earlier frames are those of `conditionings` too.

        Nothing comes where it is clear at once that steps are about as quick. Ends where the reference has no frame.
        """
        ...


class Generator(Protocol):
    """`state = start(); picture, state = step(labels, styles, state)`, frame after frame."""

    @property
    def looks_back(self) -> int | None:
        """n where the state is wholly given by the last n frames: `state_from` them is the very state that the steps
        gave, and states need not be kept to go on from a kept picture. None where it holds more than that.
        """
        ...

    @property
    def follow(self) -> Follow | None:
        """How it renders only what changed; None where it can't."""
        ...

    @property
    def reads_film(self) -> bool:
        """Whether a step looks at what is known of its frame. Where not, that is only put over what it makes, which
        then does not join it.
        """
        ...

    def start(self) -> State:
        """The state before the first frame: no history."""
        ...

    def step(
        self, labels: LabelMaps, styles: Tensor, state: State, known: KnownPixels | None = None
    ) -> tuple[Tensor, State]:
        """Render one frame.

        styles: (B, 3, H, W) float32, each pixel's style code. known: what of the frame is not asked for; where it is
        `kept` the picture and the history of the next frame have it bit for bit. Returns the picture, (B, 3, H, W)
        uint8 RGB, and the state for the next frame; the old state stays valid.
        """
        ...

    def state_from(self, history: Sequence[Past]) -> State:
        """The state as if these consecutive frames had just been rendered, newest last.

        For previews: `history` may be shorter than what a generator looks back on (then the frames before it are
        unknown, as at a clip's start), empty (the same as `start()`) or longer (the older frames are ignored).
        Its pictures may stem from other edits than the frame that comes next; each comes with the maps
        and styles that it was rendered from, so that a generator can tell where it is valid.
        """
        ...
