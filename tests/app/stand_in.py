"""The editor with a generator that needs no training: label colours shaded by look, about 0.15 s a frame.

python -m tests.app.stand_in --port 7861 [--clip ... --projects ...] [--seconds 0.15]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from app.engine import Engine
from app.server import serve
from app.settings import Settings, read_settings
from app.workspace import Workspace, clips_with
from core.assets import clip_folders
from core.checkpoint import file_hash
from core.clip.clip import Clip
from core.clip.label_set import LabelSet
from core.clip.native import read_clip
from core.conditioning import STYLE_SIZE, Code
from core.errors import InputError
from core.models.generator import KnownPixels, LabelMaps, Past
from core.project.fold import Scene
from core.project.folds import Folds
from core.project.storage import ProjectStore
from core.rendering.renderer import Renderer
from core.rendering.store import FrameStore
from core.styles.looks import Looks
from core.styles.mixtures import Mixture, as_code
from tests.app.stand_in_importer import command_with
from tests.app.stand_in_learner import command


class StandInState(NamedTuple):
    """The frame before, if there is one."""

    past: tuple[Past, ...] = ()

    def tensors(self) -> Iterator[Tensor]:
        for labels, styles, picture, _ in self.past:
            yield from (labels.labels, labels.objects, styles, picture)


class StandInGenerator:
    """A class's colour, brightened by the look; a quarter of the picture before stays where the class is the same."""

    looks_back = 1
    follow = None
    reads_film = False

    def __init__(self, label_set: LabelSet, seconds: float = 0.15, brighter: int = 0) -> None:
        self._palette = torch.from_numpy(label_set.palette().astype(np.float32)) + brighter
        self._seconds = seconds

    def start(self) -> StandInState:
        return StandInState()

    def step(
        self, labels: LabelMaps, styles: Tensor, state: StandInState, known: KnownPixels | None = None
    ) -> tuple[Tensor, StandInState]:
        time.sleep(self._seconds)
        colours = self._palette[labels.labels.long()].permute(0, 3, 1, 2)
        picture = (colours * 0.6 + 40 + 100 * styles).clamp(0, 255)
        for before in state.past:
            same = (before.labels.labels == labels.labels)[:, None]
            picture = torch.where(same, 0.75 * picture + 0.25 * before.picture, picture)
        picture = picture.round().to(torch.uint8)
        if known is not None:
            picture = torch.where(known.kept, known.picture, picture)
        return picture, StandInState((Past(labels, styles, picture),))

    def state_from(self, history: Sequence[Past]) -> StandInState:
        return StandInState(tuple(history[-1:]))


def stand_in_engine(
    label_set: LabelSet, seconds: float = 0.15, file: Path | None = None, store: FrameStore | None = None
) -> Engine:
    """An engine whose mixtures have two components for every class.

    file: one that was learnt; it renders brighter. store: of the engine before, as the program's engines share one.
    """
    means = np.array([[0.4, 0.0, -0.4], [-0.4, 0.4, 0.0]])
    mixture = Mixture(np.array([0.6, 0.4]), means, np.stack([np.eye(STYLE_SIZE) * 0.09] * 2))
    mixtures = {class_id: mixture for class_id in label_set.ids}

    def open_scene(folds: Folds, seed: int) -> Scene:
        return Scene(folds.clip, Looks({}, mixtures, seed), folds, _mean_colour)

    name = "0123456789abcdef" if file is None else file_hash(file)
    generator = StandInGenerator(label_set, seconds, 0 if file is None else 40)
    return Engine(
        "stand-in" if file is None else "learnt",
        name,
        mixtures,
        Renderer(generator, name, FrameStore(1 << 28) if store is None else store),
        open_scene,
        _mean_colour,
        looks_hash="0f" * 8,
        file=Path("stand-in.safetensors"),
    )


def _mean_colour(clip: Clip, thing: int, t: int) -> Code:
    """In place of an encoder."""
    assert clip.pictures is not None
    return as_code(clip.pictures[t][clip.objects[t] == thing].mean(0) / 127.5 - 1)


def open_stand_in(settings: Settings, seconds: float = 0.15) -> Workspace:
    """A workspace over the shipped clips, or the one that the settings name."""
    clips = clips_with(settings.clip, clip_folders())
    label_set = read_clip(next(iter(clips.values()))).label_set
    engine = stand_in_engine(label_set, seconds)
    return Workspace(
        engine,
        ProjectStore(Path(settings.projects)),
        clips,
        open_engine=lambda file: stand_in_engine(label_set, seconds, file, engine.renderer.store),
        learn=command,
        bring=command_with(next(iter(clips.values()))),
    )


def main(arguments: list[str]) -> int:
    seconds = 0.15
    if "--seconds" in arguments:
        at = arguments.index("--seconds")
        seconds = float(arguments[at + 1])
        arguments = arguments[:at] + arguments[at + 2 :]
    try:
        serve(read_settings(arguments), lambda settings: open_stand_in(settings, seconds))
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
