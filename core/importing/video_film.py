"""A video file as a film, by PyAV. Runs in the decoder's own process: files are hostile until they are decoded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorTrc

from core.clip.colours import BT601, BT709, Colours
from core.errors import InputError
from core.files import open_file
from core.importing.facts import FilmFacts
from core.importing.shape import is_steady
from core.words import counted

MAX_FILE_BYTES = 16 << 30
MAX_SIDE, MAX_PIXELS = 8192, 8192 * 4352
MAX_SECONDS = 12 * 3600
_MAX_PACKETS = 2_000_000
_MAX_RATE = 1000
# Decoders round sides up to whole blocks, of 128 pixels at most.
_ROUNDED = 127
# Formats that hold their own pictures: no playlists, which name other files and addresses.
_FORMATS = "mov,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg,mxf,dv,ivf,yuv4mpegpipe,gif"
_AGAIN = "Copy or export the file again."
# Pictures from this height on that do not say how their colours are coded are ITU-709, smaller ones ITU-601.
_HIGH_DEFINITION = 720
_THREADS = 4
_BUFFER = 1 << 18
# What begins later than this is not decoded from the file's beginning.
_NEAR_SECONDS = 3.0

_NEARLY_ALL = 0.9


@dataclass(frozen=True)
class _About:
    """What the file's header says."""

    streams: int
    stated: int  # frames; 0: it does not say
    aspect: float
    sound: bool


class VideoFilm:
    """`core.importing.facts.Film` of a video file; `with VideoFilm(path) as film`. Raises `InputError`."""

    facts: FilmFacts
    times: np.ndarray

    def __init__(self, path: Path) -> None:
        self._path = Path(path)
        self._closing = ExitStack()

    def __enter__(self) -> VideoFilm:
        with ExitStack() as stack:
            self._file = stack.enter_context(open_file(self._path, MAX_FILE_BYTES))
            with self._opened() as (container, stream):
                self._check_size(stream.codec_context)
                self._read_times(container, stream)
                self._about = _About(
                    streams=len(container.streams.video),
                    stated=stream.frames,
                    aspect=float(stream.sample_aspect_ratio or 1) or 1.0,
                    sound=bool(container.streams.audio),
                )
            self.facts = self._read_facts()
            self._closing = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._closing.close()

    def pictures(self, wanted: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """As `Film` says. Raises `InputError` when not one of them can be decoded."""
        coming, done = iter(wanted.tolist()), 0
        index = next(coming, None)
        try:
            for found, frame in self._frames(int(wanted[0])):
                picture: np.ndarray | None = None
                # What is wanted but was not decoded is replaced by the next that was.
                while index is not None and index <= found:
                    picture = self._picture(frame) if picture is None else picture
                    if picture.shape[:2] != (self.facts.height, self.facts.width):
                        raise av.error.InvalidDataError(0, "the size of its pictures changes")
                    yield found, picture
                    done += 1
                    index = next(coming, None)
                if index is None:
                    return
        except (av.error.FFmpegError, OSError) as error:
            why = error.strerror or str(error)
        else:
            why = "it ends there"
        if not done:
            raise InputError(f"{self._path}: none of its frames can be decoded: {why}.", _AGAIN)
        at = float(self.times[wanted[done - 1]])
        self.facts = self.facts.noting(
            f"The film is damaged after second {at:.2f} ({why}): the {counted(done, 'frame')} before that are taken, "
            f"{len(wanted) - done} are lost."
        )

    @contextmanager
    def _opened(self) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
        """The file from its beginning, by its content alone; some formats find no way back."""
        self._file.seek(0)
        with ExitStack() as stack:
            with self._decoding("is no video that can be read"):
                container = stack.enter_context(
                    av.open(self._file, "r", options={"format_whitelist": _FORMATS}, buffer_size=_BUFFER)
                )
            if not container.streams.video:
                raise InputError(f"{self._path} has no pictures in it.", "Choose a video file.")
            best = container.streams.best("video")
            yield container, best if isinstance(best, av.VideoStream) else container.streams.video[0]

    def _check_size(self, context: av.VideoCodecContext) -> None:
        width, height = context.width, context.height
        if width <= 0 or height <= 0:
            raise InputError(f"{self._path} does not say how large its pictures are.", _AGAIN)
        if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS or min(width, height) < 8:
            raise InputError(
                f"{self._path} is {width}x{height}; sides of 8 to {MAX_SIDE} px and {MAX_PIXELS / 1e6:.0f} million "
                "pixels are possible.",
                "Scale it.",
            )

    def _read_times(self, container: av.container.InputContainer, stream: av.VideoStream) -> None:
        """When each frame is shown, from the packets alone: nothing is decoded."""
        stamps: list[int | None] = []
        try:
            for packet in container.demux(stream):
                if packet.size and not packet.is_discard:
                    stamps.append(packet.pts)
                if len(stamps) > _MAX_PACKETS:
                    raise InputError(f"{self._path} has more than {_MAX_PACKETS} frames.", "Cut it first.")
        except (av.error.FFmpegError, OSError):
            pass  # a broken tail: what was read before it counts
        if not stamps:
            raise InputError(f"{self._path} has no frames.", "Choose another file.")
        known = [stamp for stamp in stamps if stamp is not None]
        # Some files only say in which order frames are decoded. Then they are counted.
        self._stamps = np.unique(np.array(known)) if len(set(known)) == len(stamps) else None
        rate = stream.average_rate or stream.guessed_rate
        if self._stamps is not None and stream.time_base:
            self.times = (self._stamps - self._stamps[0]) * float(stream.time_base)
            spacing = float(np.median(np.diff(self.times))) if len(self.times) > 1 else 0.0
            if not rate or not 0 < rate <= _MAX_RATE:
                rate = Fraction(1 / spacing).limit_denominator(1001) if spacing else Fraction(25)
        else:
            rate = rate or Fraction(25)
            self.times = np.arange(len(stamps)) / float(rate)
        if not 0 < rate <= _MAX_RATE or not (is_steady(self.times) or self._gaps(rate)):
            span = float(self.times[-1]) if len(self.times) > 1 else 0.0
            rate = Fraction((len(self.times) - 1) / span).limit_denominator(100) if span else Fraction(25)
        if not 0 < rate <= _MAX_RATE or self.times[-1] > MAX_SECONDS:
            raise InputError(
                f"{self._path} has {counted(len(self.times), 'frame')} in {self.times[-1]:.0f} seconds.",
                f"Films of up to {MAX_SECONDS // 3600} hours and {_MAX_RATE} frames a second are possible.",
            )
        self._rate = Fraction(rate)

    def _read_facts(self) -> FilmFacts:
        with self._decoding("cannot be decoded"):
            first = next((frame for _, frame in self._frames(0)), None)
        if first is None:
            raise InputError(f"{self._path} has no frame that can be decoded.", _AGAIN)
        height, width = self._picture(first).shape[:2]
        aspect = 1 / self._about.aspect if first.rotation % 180 else self._about.aspect
        return FilmFacts(
            width=width,
            height=height,
            frames=len(self.times),
            seconds=float(self.times[-1]) + float(1 / self._rate),
            rate=self._rate,
            aspect=aspect if 0.1 < aspect < 10 else 1.0,
            notes=tuple(self._notes(first, aspect)),
            colours=_colours(first),
            sound=self._about.sound,
        )

    def _gaps(self, rate: Fraction) -> bool:
        """Whether nearly all frames follow each other at this rate, and others are missing."""
        steps = np.diff(self.times) * float(rate)
        return bool((np.abs(steps - 1) < 0.25).mean() >= _NEARLY_ALL) if steps.size else True

    def _notes(self, first: av.VideoFrame, aspect: float) -> Iterator[str]:
        if first.rotation:
            yield f"It was filmed on its side and is turned by {first.rotation % 360} degrees."
        if not is_steady(self.times) and self._gaps(self._rate):
            yield "Frames are missing in it: the frames beside them stand for them."
        elif not is_steady(self.times):
            yield (
                f"Its frame rate varies: it is resampled to a steady one, {float(self._rate):.4g} frames a second "
                "on average."
            )
        if abs(aspect - 1) > 0.01:
            yield f"Its pixels are not square ({aspect:.3f} wide): it is stretched to what is meant to be seen."
        if _has_alpha(first):
            yield "It is partly transparent: that becomes black."
        bits = max((part.bits for part in first.format.components), default=8)
        if bits > 8:
            yield f"It has {bits} bits a colour: they are rounded to 8."
        if first.color_trc in (ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67):
            yield "It is in high dynamic range: its colours come out pale. Convert it to BT.709 first."
        if first.interlaced_frame:
            yield (
                "It is interlaced: every frame mixes the lines of two moments. Deinterlace it first where that is seen."
            )
        if self._about.streams > 1:
            yield f"It has {self._about.streams} streams of pictures: the best is taken."
        stated = self._about.stated
        if stated and len(self.times) < stated - 1:
            yield f"The file is cut off: {len(self.times)} of the {stated} frames that it speaks of are there."

    def _frames(self, first: int) -> Iterator[tuple[int, av.VideoFrame]]:
        """Number and frame, from number `first` on or from some time before it."""
        far = self._stamps is not None and float(self.times[first]) > _NEAR_SECONDS
        for seeking in (True, False) if far else (False,):
            late = False
            for index, frame in self._frames_of_a_pass(first if seeking else None):
                late = seeking and index > first
                if late:  # the way back led too far
                    break
                seeking = False
                yield index, frame
            if not late:
                return

    def _frames_of_a_pass(self, seek: int | None) -> Iterator[tuple[int, av.VideoFrame]]:
        with self._opened() as (container, stream):
            _prepare(stream.codec_context)
            if seek is not None and self._stamps is not None:
                container.seek(int(self._stamps[seek]), stream=stream)
            index = -1
            for packet in container.demux(stream):
                for frame in packet.decode():
                    if frame.is_corrupt:
                        raise av.error.InvalidDataError(0, "a frame is damaged")
                    if self._stamps is None or frame.pts is None:
                        index += 1
                    else:
                        index = min(int(np.searchsorted(self._stamps, frame.pts)), len(self._stamps) - 1)
                    yield index, frame

    def _picture(self, frame: av.VideoFrame) -> np.ndarray:
        """(H, W, 3) uint8 RGB, upright."""
        colours = _colours(frame)
        if _has_alpha(frame):
            layers = colours.picture(frame, "rgba")
            picture: np.ndarray = (layers[..., :3].astype(np.uint16) * layers[..., 3:] // 255).astype(np.uint8)
        else:
            picture = colours.picture(frame)
        return np.rot90(picture, frame.rotation // 90) if frame.rotation else picture

    @contextmanager
    def _decoding(self, what: str) -> Iterator[None]:
        try:
            yield
        except (av.error.FFmpegError, OSError) as error:
            raise InputError(f"{self._path} {what}: {error.strerror or error}.", _AGAIN) from error


def _prepare(context: av.VideoCodecContext) -> None:
    # Coded sizes are rounded up, and must not grow on the way. A damaged picture is an error, not patched up.
    # Some decoders ask for more room at small sizes.
    most = max(2 * (context.height + _ROUNDED) * (context.width + _ROUNDED), 1 << 18)
    context.options = {"err_detect": "explode", "max_pixels": str(most)}
    context.thread_type, context.thread_count = "AUTO", _THREADS


def _colours(frame: av.VideoFrame) -> Colours:
    return Colours.of(frame, BT709 if frame.height >= _HIGH_DEFINITION else BT601)


def _has_alpha(frame: av.VideoFrame) -> bool:
    return any(part.is_alpha for part in frame.format.components)
