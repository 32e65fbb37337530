"""What every generator offers: one step, with its state in the open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

from torch import Tensor

from core.models.local.window import Window

# What a generator carries from frame to frame: a tuple of tensors, never changed in place,
# so that a roll-out can be resumed from any frame whose state was kept.
State = Any


class LabelMaps(NamedTuple):
    """What a generator is told about one frame (B pictures side by side)."""

    labels: Tensor  # (B, H, W) uint8 class ids
    objects: Tensor  # (B, H, W) int32 object ids
    flow: Tensor | None = None  # (B, 2, H, W) float32: to the frame before, pixels, x then y
    flow_valid: Tensor | None = None  # (B, 1, H, W) bool: where that flow may be believed


class Past(NamedTuple):
    """One frame that was rendered before: what it was rendered under, and the picture."""

    labels: LabelMaps
    styles: Tensor  # (B, 3, H, W) float32
    picture: Tensor  # (B, 3, H, W) uint8 RGB


class Generator(Protocol):
    """`state = start(); picture, state = step(labels, styles, state)`, frame after frame."""

    def start(self) -> State:
        """The state before the first frame: no history."""
        ...

    def step(self, labels: LabelMaps, styles: Tensor, state: State) -> tuple[Tensor, State]:
        """Render one frame.

        styles: (B, 3, H, W) float32, each pixel's style code. Returns the picture, (B, 3, H, W) uint8 RGB,
        and the state for the next frame; the old state stays valid.
        """
        ...

    def state_from(self, history: Sequence[Past]) -> State:
        """The state as if these consecutive frames had just been rendered, newest last.

        For previews: `history` may be shorter than what a generator looks back on (then the frames before it are
        unknown, as at a clip's start), empty (the same as `start()`) or longer (the older frames are ignored).
        Its pictures may stem from other edits than the frame that comes next; each is given with the maps
        and styles that it was rendered under, so that a generator can tell where to believe it.

        A generator whose state is wholly given by its last n frames has an attribute `looks_back = n`: then this
        is the very state that its steps gave, and states need not be kept to go on from a kept picture.
        """
        ...


class Reach(NamedTuple):
    """How far a window looks around itself, in pixels. What lies beyond is taken for empty; the more, the truer."""

    labels: int  # how far from a changed label the picture can change
    border: int  # what is rendered around a window, for its own sake
    deep: int  # the same for the deepest part of what sees far


@runtime_checkable
class WindowedGenerator(Generator, Protocol):
    """A generator that is local in everything, so that a window of a frame can be rendered alone.

    What sees far, `far`, depends on a frame's labels and objects only, and can be kept as long as they stay.
    """

    strict: Reach  # with it a window's picture is that of the whole frame

    def step(self, labels: LabelMaps, styles: Tensor, state: State, far: Any = None) -> tuple[Tensor, State]:
        """As `Generator.step`; quicker, with the same pixels, when `far` is at hand."""
        ...

    def far_step(self, labels: LabelMaps, styles: Tensor, state: State, far: Any = None) -> tuple[Tensor, State, Any]:
        """The same, and `far` of the frame, which is made on the way where it is not at hand."""
        ...

    def far(self, labels: LabelMaps) -> Any:
        """What the labels of a frame say far and wide: a named tuple of tensors."""
        ...

    def after(self, state: State, past: Past) -> State:
        """The state after one more frame that was rendered elsewhere; `state_from` is this, from `start()` on."""
        ...

    def moved(self, labels: LabelMaps, far: Any, before: LabelMaps, far_before: Any) -> LabelMaps:
        """The maps with their motion known everywhere: estimated where the clip does not know it."""
        ...

    def window(self, window: Window, labels: LabelMaps, styles: Tensor, state: State, far: Any, reach: Reach) -> Tensor:
        """`step` for a window: its picture (B, 3, h, w) uint8. The state is of whole frames, the motion known."""
        ...

    def changed_window(
        self,
        window: Window,
        changed: Window,
        labels: LabelMaps,
        styles: Tensor,
        state: State,
        far: Any,
        reach: Reach,
    ) -> tuple[Tensor, Any]:
        """The same where labels in the window are others than those of `far`; and `far` as true as `reach` is.

        changed: the part of the window that the changed labels can act on.
        """
        ...
