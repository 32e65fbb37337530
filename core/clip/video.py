"""Video files, by PyAV: frames in, H.264 out. Pictures are (H, W, 3) uint8 RGB."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import av
import numpy as np

from core.clip.clip import check_size
from core.clip.colours import Colours
from core.clip.sound import Sound
from core.errors import InputError
from core.files import open_file, replacing

# Constant rate factor of H.264, 1 to 51: the default is visually lossless.
DEFAULT_CRF, MOST_CRF = 12, 51
_MAX_RATE = 1000
# The encoder holds frames of so many pixels before it says what they take, from and up to so many frames: seven bytes a
# pixel. More than the preset's 40 are never held.
_HELD_PIXELS, _LEAST_HELD, _MOST_HELD = 24_000_000, 10, 40
MAX_FILE_BYTES = 4 << 30
# Decoders round sides up to whole blocks, of 128 pixels at most.
_ROUNDED = 127
_FORMATS = "mov,matroska,avi,mpegts"


class Packet(NamedTuple):
    """One packet of a video: when its frame is shown, in the stream's units, and whether decoding can begin there."""

    pts: int | None
    is_keyframe: bool


class VideoReader:
    """`with VideoReader(path) as video: for picture in video: ...`, frame after frame, (H, W, 3) uint8 RGB.

    rate     frames a second
    height   as the file's header says, before it is turned as the file asks for; known before anything is decoded
    width
    colours  how its pixels are coded, as its first frame says; known from then on

    Raises `InputError` on entering when the file is no video or its sizes are out of bounds, and while it is iterated
    for a frame that cannot be decoded or is of another size than the first. H.264 has no checksums: damage inside one
    picture that happens to decode is not noticed.
    """

    def __init__(self, path: Path) -> None:
        self._path = Path(path)
        self._closing = ExitStack()
        self._decoded = 0
        self.colours = Colours()

    def __enter__(self) -> VideoReader:
        path = self._path
        with ExitStack() as stack:
            file = stack.enter_context(open_file(path, MAX_FILE_BYTES))
            with self._decoding():
                # By its content alone: no other file or address that a playlist may name is opened.
                container = stack.enter_context(av.open(file, "r", options={"format_whitelist": _FORMATS}))
            if not container.streams.video:
                raise InputError(f"{path} has no pictures in it.", "Choose a video file.")
            self._container, self._stream = container, container.streams.video[0]
            self.height, self.width = _size(path, self._stream)
            self.rate = _rate(path, self._stream)
            self._closing = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._closing.close()

    def __iter__(self) -> Iterator[np.ndarray]:
        shape: tuple[int, ...] | None = None
        with self._decoding():
            for frame in self._frames():
                # A damaged frame is patched up from its neighbours and would pass for a good one.
                if frame.is_corrupt:
                    raise InputError(
                        f"{self._path}: frame {self._decoded} is damaged.", "Copy or export the file again."
                    )
                if shape is None:
                    self.colours = Colours.of(frame)
                picture = _picture(frame)
                if picture.shape != (shape or picture.shape):
                    problem = f"{self._path} changes its size at frame {self._decoded}."
                    raise InputError(problem, "Export it at one size.")
                shape = picture.shape
                self._decoded += 1
                yield picture

    def index(self) -> list[Packet]:
        """All packets, in the order of the file. Decodes nothing; to be called before anything is decoded."""
        with self._decoding():
            packets = (packet for packet in self._container.demux(self._stream) if packet.size > 0)
            return [Packet(packet.pts, packet.is_keyframe) for packet in packets if not packet.is_discard]

    def pictures_from(self, pts: int | None) -> Iterator[tuple[int | None, Callable[[], np.ndarray]]]:
        """Frames from a keyframe shown at `pts` on, None: from the first on: each with its time, and its picture made
        when that is called. Ends what was iterated before.
        """
        with self._decoding():
            self._container.seek(0 if pts is None else pts, stream=self._stream)
            self._be_careful(threads="AUTO")
            for frame in self._container.decode(self._stream):
                if frame.is_corrupt:
                    raise InputError(f"{self._path}: a frame is damaged.", "Copy or export the file again.")
                yield frame.pts, partial(_picture, frame)

    def _be_careful(self, threads: str) -> None:
        # Coded sizes are rounded up, and must not grow on the way.
        most = (self.height + _ROUNDED) * (self.width + _ROUNDED)
        if not self._stream.codec_context.is_open:
            self._stream.codec_context.options = {"err_detect": "explode", "max_pixels": str(most)}
            self._stream.thread_type = threads

    def _frames(self) -> Iterator[av.VideoFrame]:
        """Decoded frames. Raises `InputError` at the end when a packet gave none."""
        # Of several threads, one reads whether a frame is damaged while another still decodes it.
        self._be_careful(threads="NONE")
        packets = frames = 0
        for packet in self._container.demux(self._stream):
            # The last packet is empty and fetches what the decoder still holds; it swallows errors of that.
            packets += packet.size > 0 and not packet.is_discard
            for frame in packet.decode():
                frames += 1
                yield frame
        if frames < packets:
            problem = f"{self._path}: {packets - frames} of {packets} frames are damaged."
            raise InputError(problem, "Copy or export the file again.")

    @contextmanager
    def _decoding(self) -> Iterator[None]:
        try:
            yield
        except (av.error.FFmpegError, OSError) as error:
            where = f" after frame {self._decoded - 1}" if self._decoded else ""
            problem = f"{self._path} cannot be decoded{where}: {error.strerror or error}."
            raise InputError(problem, "Copy or export the file again.") from error


def _size(path: Path, stream: av.VideoStream) -> tuple[int, int]:
    width, height = stream.codec_context.width, stream.codec_context.height
    if width <= 0 or height <= 0:
        raise InputError(f"{path} does not say how large its pictures are.", "Copy or export the file again.")
    check_size(f"{path}", width, height)
    return height, width


def _rate(path: Path, stream: av.VideoStream) -> Fraction:
    rate = stream.average_rate or stream.guessed_rate
    if not rate or not 0 < rate <= _MAX_RATE:
        raise InputError(f"{path} does not say how many frames a second it has.", "Export it at a constant rate.")
    return Fraction(rate)


def _picture(frame: av.VideoFrame) -> np.ndarray:
    picture = Colours.of(frame).picture(frame)
    # Telephones film on their side and say so.
    return np.rot90(picture, frame.rotation // 90) if frame.rotation else picture


def read_colours(path: Path) -> Colours:
    """How the pixels of a video are coded. Raises `InputError` as `VideoReader` does."""
    with VideoReader(path) as video:
        next(iter(video), None)
        return video.colours


class VideoWriter:
    """`with VideoWriter(path, rate, width, height) as video: video.write(picture)`, frame after frame.

    H.264 in mp4 that browsers play while it loads: yuv420p. An odd side is padded by repeating its last row or column.
    The file appears when the block ends well; after an error `path` is as it was.
    """

    def __init__(
        self,
        path: Path,
        rate: Fraction,
        width: int,
        height: int,
        *,
        crf: int = DEFAULT_CRF,
        colours: Colours | None = None,
        sound: Path | None = None,
        keyframes: int | None = None,
    ) -> None:
        """crf: 1 (large) to 51 (poor); colours: how pixels are coded, None: BT.709; sound: a file whose sound it gets,
        from its beginning for as long as there are frames; keyframes: how far apart frames are from which decoding can
        begin, at most, None: as the encoder likes. Raises `InputError` for a rate or crf that cannot be.
        """
        if not 0 < rate <= _MAX_RATE:
            raise InputError(f"A video cannot have {rate} frames a second.", f"Choose a rate up to {_MAX_RATE}.")
        if not 1 <= crf <= MOST_CRF:
            raise InputError(f"A CRF of {crf} is not possible.", f"Choose 1 (large files) to {MOST_CRF} (poor).")
        self._path, self._rate, self._size = Path(path), Fraction(rate), (height, width)
        self._colours, self._sound_file = colours or Colours(), sound
        held = min(max(_HELD_PIXELS // (width * height), _LEAST_HELD), _MOST_HELD)
        self._options = {"crf": str(crf), "preset": "medium", "rc-lookahead": str(held)}
        if keyframes is not None:
            self._options["g"] = str(keyframes)
        self._sound: Sound | None = None
        self._closing = ExitStack()
        self.frames = 0

    def __enter__(self) -> VideoWriter:
        height, width = self._size
        with ExitStack() as stack:
            beside = stack.enter_context(replacing(self._path))
            self._container = stack.enter_context(
                av.open(str(beside), "w", format="mp4", options={"movflags": "+faststart"})
            )
            stream = self._container.add_stream("libx264", rate=self._rate, options=self._options)
            stream.width, stream.height, stream.pix_fmt = width + width % 2, height + height % 2, "yuv420p"
            self._colours.tag(stream.codec_context)
            self._stream = stream
            if self._sound_file is not None:
                self._sound = stack.enter_context(Sound(self._sound_file))
                self._sound.add_to(self._container)
            self._closing = stack.pop_all()
        return self

    def write(self, picture: np.ndarray) -> None:
        """Add one frame, (H, W, 3) uint8 RGB."""
        height, width = self._size
        if picture.shape != (height, width, 3) or picture.dtype != np.uint8:
            raise ValueError(f"a frame of {(height, width, 3)} uint8 was promised, not {picture.shape} {picture.dtype}")
        even = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), "edge")
        frame = self._colours.frame(even)
        frame.pts, frame.time_base = self.frames, 1 / self._rate
        self._container.mux(self._stream.encode(frame))
        self.frames += 1
        if self._sound is not None:
            self._container.mux(list(self._sound.until(self.frames / self._rate)))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The stack closes the container, then `replacing` moves the file or removes it and names a full disk.
        if error is not None:
            self._closing.__exit__(kind, error, trace)
            return
        with self._closing:
            if not self.frames:
                raise InputError(f"{self._path}: a video needs at least one frame.")
            self._container.mux(self._stream.encode(None))


def write_video(
    path: Path,
    pictures: Iterable[np.ndarray],
    rate: Fraction,
    *,
    crf: int = DEFAULT_CRF,
    colours: Colours | None = None,
    sound: Path | None = None,
    keyframes: int | None = None,
) -> None:
    """Write pictures, (H, W, 3) uint8 RGB of one size, as they come; the rest as for `VideoWriter`. Raises `InputError`
    when there are none.
    """
    coming = iter(pictures)
    first = next(coming, None)
    if first is None:
        raise InputError(f"{path}: a video needs at least one frame.")
    height, width = first.shape[:2]
    with VideoWriter(path, rate, width, height, crf=crf, colours=colours, sound=sound, keyframes=keyframes) as video:
        video.write(first)
        for picture in coming:
            video.write(picture)
