"""A rectangle of a picture, aligned so that a network can be run on it alone."""

from __future__ import annotations

from typing import NamedTuple

import torch


class Window(NamedTuple):
    """Rows [top, bottom) and columns [left, right), in pixels."""

    top: int
    left: int
    bottom: int
    right: int

    @classmethod
    def around(cls, mask: torch.Tensor) -> Window | None:
        """The smallest window that holds every pixel of a mask (..., H, W) bool; None when there is none."""
        rows, columns = (mask.reshape(-1, *mask.shape[-2:]).any(0).any(dim).nonzero().flatten() for dim in (1, 0))
        if not len(rows):
            return None
        return cls(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def area(self) -> int:
        """In pixels."""
        return self.height * self.width

    @property
    def rows(self) -> slice:
        return slice(self.top, self.bottom)

    @property
    def columns(self) -> slice:
        return slice(self.left, self.right)

    def grown(self, margin: int, size: tuple[int, int], multiple: int = 1) -> Window:
        """With `margin` pixels more on each side, out to whole multiples, within a picture of `size` (H, W)."""
        height, width = size
        return Window(
            max(self.top - margin, 0) // multiple * multiple,
            max(self.left - margin, 0) // multiple * multiple,
            min(-(-(self.bottom + margin) // multiple) * multiple, height),
            min(-(-(self.right + margin) // multiple) * multiple, width),
        )

    def scaled(self, factor: int) -> Window:
        """The same rectangle in a picture `factor` times smaller; its borders must be multiples of that."""
        return Window(*(border // factor for border in self))

    def moved(self, down: int, right: int) -> Window:
        """The same, so many pixels away."""
        return Window(self.top + down, self.left + right, self.bottom + down, self.right + right)

    def inside(self, outer: Window) -> Window:
        """The same rectangle, seen from a crop of the picture by `outer`."""
        return self.moved(-outer.top, -outer.left)

    def common(self, other: Window) -> Window:
        """The part that lies in both."""
        return Window(
            max(self.top, other.top),
            max(self.left, other.left),
            min(self.bottom, other.bottom),
            min(self.right, other.right),
        )

    def joined(self, other: Window) -> Window:
        """The smallest window that holds both."""
        return Window(
            min(self.top, other.top),
            min(self.left, other.left),
            max(self.bottom, other.bottom),
            max(self.right, other.right),
        )

    def crop(self, x: torch.Tensor) -> torch.Tensor:
        """The rectangle of (..., H, W): a view."""
        return x[..., self.rows, self.columns]
