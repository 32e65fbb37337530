"""The sound of a film: cut to a part of it, kept beside a clip's pictures, and put into the videos made of them.

It is copied as it is where an mp4 may hold it, and else encoded once as AAC.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import av
import numpy as np

from core.errors import InputError
from core.files import open_file, replacing

MAX_FILE_BYTES = 16 << 30
# Formats that hold their own sound: no playlists, which name other files and addresses.
_FORMATS = "mov,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg,mxf,dv"
# What an mp4 holds and players know there.
_COPIED = {"aac", "mp3", "opus", "flac", "alac", "ac3", "eac3"}
_BIT_RATE = 256_000
_RATES = (48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000)
_STEREO = 2
_FRAME = 1024  # samples of an AAC frame
# What begins later than this is not read from the file's beginning; and so much before it is begun to read (seconds).
_NEAR, _EARLIER = 3, 1
_Packet: TypeAlias = "av.Packet[av.AudioStream]"
_MICROSECONDS = 1_000_000
_FIX = "Render it without sound."


class Sound:
    """`with Sound(path) as sound`: packets of a file's sound for an mp4, at the times of a part of it.

    name    of the codec in the file; "": it has no sound
    copied  whether it stays as it is

    Raises `InputError` for what cannot be read, on entering and while packets are read.
    """

    def __init__(self, path: Path, start: Fraction | float = 0, seconds: Fraction | float | None = None) -> None:
        """The part [start, start + seconds), counted from the file's first picture; seconds None: to its end."""
        self._path, self._start = Path(path), Fraction(start)
        self._seconds = None if seconds is None else Fraction(seconds)
        self._closing = ExitStack()
        self._source: av.AudioStream | None = None
        self.name, self.copied, self.streams = "", False, 0

    def __enter__(self) -> Sound:
        with ExitStack() as stack:
            file = stack.enter_context(open_file(self._path, MAX_FILE_BYTES))
            with self._reading():
                container = stack.enter_context(av.open(file, "r", options={"format_whitelist": _FORMATS}))
            self._container, self.streams = container, len(container.streams.audio)
            if container.streams.audio:
                self._source = container.streams.audio[0]
                context = self._source.codec_context
                if context is None:
                    raise InputError(f"The sound of {self._path} is of a kind that is not known.", _FIX)
                self.name, self.copied = context.name, context.codec.canonical_name in _COPIED
                self._start += _begin(container)
            self._closing = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._closing.close()

    def add_to(self, container: av.container.OutputContainer) -> None:
        """Give an mp4 a stream for it, before anything is written there; nothing where there is no sound."""
        if self._source is None:
            self._coming: Iterator[tuple[Fraction, _Packet]] = iter(())
        elif self.copied:
            self._coming = self._copies(self._source, container.add_stream_from_template(self._source))
        else:
            self._coming = self._encoded(self._source, container)
        self._next: tuple[Fraction, _Packet] | None = None

    def until(self, seconds: Fraction) -> Iterator[_Packet]:
        """What begins before so many seconds of the part and was not given before, in order, to be written there."""
        while True:
            self._next = self._next or next(self._coming, None)
            if self._next is None or self._next[0] >= seconds:
                return
            yield self._next[1]
            self._next = None

    def _copies(self, source: av.AudioStream, stream: av.AudioStream) -> Iterator[tuple[Fraction, _Packet]]:
        """Packets at their time in the part. What begins before it is skipped by players: decoders need a packet before
        what is to be heard.
        """
        base = source.time_base or Fraction(1, 1000)
        first = round(self._start / base)
        for packet in self._packets(source, first):
            begin, length = (packet.pts or 0) - first, packet.duration or 0
            if begin + 2 * length <= 0:
                continue
            if self._seconds is not None:
                last = int(self._seconds / base)
                if begin >= last:
                    return
                packet.duration = min(length, last - begin)
            packet.pts = packet.dts = begin
            packet.time_base, packet.stream = base, stream
            yield begin * base, packet

    def _packets(self, source: av.AudioStream, first: int) -> Iterator[_Packet]:
        """All packets that have a time, from some time before `first` on, in the stream's time base."""
        with self._reading():
            base = source.time_base or Fraction(1, 1000)
            if self._start > _NEAR:
                self._container.seek(max(0, first - int(_EARLIER / base)), stream=source)
            for packet in self._container.demux(source):
                if packet.size and packet.pts is not None:
                    yield packet

    def _encoded(
        self, source: av.AudioStream, container: av.container.OutputContainer
    ) -> Iterator[tuple[Fraction, _Packet]]:
        rate = source.rate if source.rate in _RATES else _RATES[0]
        layout = "mono" if source.channels == 1 else "stereo"
        stream = container.add_stream("aac", rate=rate, layout=layout)
        stream.bit_rate = _BIT_RATE if layout == "stereo" else _BIT_RATE // _STEREO
        return self._encode(source, stream, rate, layout)

    def _encode(
        self, source: av.AudioStream, stream: av.AudioStream, rate: int, layout: str
    ) -> Iterator[tuple[Fraction, _Packet]]:
        position = 0
        for samples in _chunks(self._samples(source, rate, layout)):
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, position, Fraction(1, rate)
            yield from _timed(stream.encode(frame))
            position += samples.shape[1]
        yield from _timed(stream.encode(None))

    def _samples(self, source: av.AudioStream, rate: int, layout: str) -> Iterator[np.ndarray]:
        """The part's samples, (channels, n) float32 each, without gaps."""
        resampler = av.AudioResampler("fltp", layout, rate)
        base = source.time_base or Fraction(1, 1000)
        most = None if self._seconds is None else int(self._seconds * rate)
        done = 0
        for packet in self._packets(source, round(self._start / base)):
            with self._reading():
                decoded = [part for frame in packet.decode() for part in resampler.resample(frame)]
            for frame in decoded:
                begin = round((Fraction(frame.pts or 0) * (frame.time_base or Fraction(1, rate)) - self._start) * rate)
                samples: np.ndarray = frame.to_ndarray()[:, max(0, done - begin) :]
                begin = max(begin, done)
                stop = begin + samples.shape[1] if most is None else min(most, begin + samples.shape[1])
                while done < min(begin, stop):  # silence, in pieces
                    count = min(rate, begin - done)
                    yield np.zeros((samples.shape[0], count), np.float32)
                    done += count
                if stop > done:
                    yield samples[:, : stop - done]
                    done = stop
                if most is not None and done >= most:
                    return

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (av.error.FFmpegError, OSError) as error:
            problem = f"The sound of {self._path} cannot be read: {error.strerror or error}."
            raise InputError(problem, _FIX) from error


def keep_sound(film: Path, to: Path, start: float, seconds: Fraction) -> str:
    """Write the sound of [start, start + seconds) of a film into an mp4 without pictures; nothing where it has none.

    Returns a sentence for the person where it does not stay as it is, else "". Raises `InputError`.
    """
    with Sound(film, Fraction(start).limit_denominator(_MICROSECONDS), seconds) as sound:
        if not sound.name:
            return ""
        with replacing(to) as beside, av.open(str(beside), "w", format="mp4") as container:
            sound.add_to(container)
            for packet in sound.until(seconds):
                container.mux(packet)
        notes = [] if sound.copied else [f"Its sound is {sound.name}, which an mp4 does not hold: it is kept as AAC."]
        if sound.streams > 1:
            notes.append(f"It has {sound.streams} streams of sound: the first is kept.")
    return " ".join(notes)


def has_sound(path: Path) -> bool:
    """Whether a file has sound that can be read."""
    try:
        with Sound(path) as sound:
            return bool(sound.name)
    except InputError:
        return False


def _begin(container: av.container.InputContainer) -> Fraction:
    """When the first picture is shown, in seconds of the file; 0 for sound alone."""
    for stream in container.streams.video:
        if stream.start_time is not None and stream.time_base is not None:
            return stream.start_time * stream.time_base
    return Fraction(0)


def _timed(packets: list[_Packet]) -> Iterator[tuple[Fraction, _Packet]]:
    for packet in packets:
        yield (packet.pts or 0) * (packet.time_base or Fraction(0)), packet


def _chunks(parts: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """The same samples, (channels, n) each, in pieces as the encoder takes them."""
    waiting = np.zeros((0, 0), np.float32)
    for part in parts:
        waiting = np.concatenate([waiting, part], 1) if waiting.size else part
        while waiting.shape[1] >= _FRAME:
            yield np.ascontiguousarray(waiting[:, :_FRAME])
            waiting = waiting[:, _FRAME:]
    if waiting.size:
        yield np.ascontiguousarray(waiting)
