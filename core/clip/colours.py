"""How a video codes its colours, so that what is made of it is coded, and shown, in the same way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

# A decoder is needed where there is a video, not to train from prepared clips.
if TYPE_CHECKING:
    import av

# Numbers of ITU-T H.273; 2 says nothing.
BT709, BT601 = 1, 6
_UNSPECIFIED = 2
# Matrices that can be computed, by their names in PyAV's `Colorspace`; 5 and 6 are the same one.
_MATRICES = {1: "ITU709", 4: "FCC", 5: "ITU601", 6: "ITU601", 7: "SMPTE240M", 9: "BT2020"}
# Ranges of luma by FFmpeg's numbers.
_LIMITED, _FULL = 1, 2
_RANGES = {False: "MPEG", True: "JPEG"}
_LARGEST = 255


@dataclass(frozen=True)
class Colours:
    """How pixels are coded; matrix, primaries and transfer are numbers of ITU-T H.273. By default BT.709.

    matrix     from RGB to luma and chroma; one that is not known is taken for BT.709
    full       whether luma takes all of 0 to 255, else 16 to 235
    primaries  which red, green and blue are meant: handed on, nothing is converted
    transfer   which light a value means: handed on
    """

    matrix: int = BT709
    full: bool = False
    primaries: int = BT709
    transfer: int = BT709

    def __post_init__(self) -> None:
        if self.matrix not in _MATRICES:
            object.__setattr__(self, "matrix", BT709)
        for name in ("primaries", "transfer"):
            if not 0 < getattr(self, name) <= _LARGEST:
                object.__setattr__(self, name, _UNSPECIFIED)

    @classmethod
    def of(cls, frame: av.VideoFrame, untagged: int = BT601) -> Colours:
        """What a decoded frame says. untagged: the matrix where it says none; FFmpeg writes ITU-601 then."""
        matrix = int(frame.colorspace) if int(frame.colorspace) in _MATRICES else untagged
        full = int(frame.color_range) == _FULL or frame.format.name.startswith("yuvj")
        return cls(matrix, full, int(frame.color_primaries), int(frame.color_trc))

    def picture(self, frame: av.VideoFrame, layers: str = "rgb24") -> np.ndarray:
        """A decoded frame, (H, W, 3) uint8 RGB, not turned. layers: rgba for (H, W, 4)."""
        said = frame.color_primaries, frame.color_trc
        # Light that is named would be converted to that of a screen.
        frame.color_primaries, frame.color_trc = _UNSPECIFIED, _UNSPECIFIED
        picture: np.ndarray = frame.to_ndarray(
            format=layers,
            src_colorspace=_MATRICES[self.matrix],
            src_color_range=_RANGES[self.full],
            interpolation=_careful(),
        )
        frame.color_primaries, frame.color_trc = said
        return picture

    def frame(self, picture: np.ndarray, pixels: str = "yuv420p") -> av.VideoFrame:
        """A picture (H, W, 3) uint8 RGB as a frame to encode."""
        import av

        frame: av.VideoFrame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24").reformat(
            format=pixels,
            dst_colorspace=_MATRICES[self.matrix],
            dst_color_range=_RANGES[self.full],
            interpolation=_careful(),
        )
        frame.color_primaries, frame.color_trc = self.primaries, self.transfer
        return frame

    def tag(self, context: av.VideoCodecContext) -> None:
        """Say so in the file that is written."""
        context.colorspace, context.color_range = self.matrix, _FULL if self.full else _LIMITED
        context.color_primaries, context.color_trc = self.primaries, self.transfer

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "matrix": self.matrix,
            "full": self.full,
            "primaries": self.primaries,
            "transfer": self.transfer,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Colours:
        """Read what `to_dict` made."""
        return cls(**data)


def _careful() -> int:
    """Rounds instead of truncating and interpolates chroma: 2 to 5 dB nearer to the picture than the default."""
    from av.video.reformatter import Interpolation

    return int(Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT)
