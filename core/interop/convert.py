"""`python -m core convert`: published weights become a checkpoint that the editor and `core render` take.

Which network the weights belong to is recognised; a further kind of them is a further entry of `IMPORTERS`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from core.checkpoint import Checkpoint, save_checkpoint
from core.conditioning import STYLE_SIZE
from core.errors import InputError
from core.interop.importer import Hints, Importer, Weights
from core.interop.single import load_encoder
from core.interop.vid2vid import Vid2VidImporter
from core.interop.weights import StateDict, read_state

IMPORTERS: tuple[Importer, ...] = (Vid2VidImporter(),)
PICTURE_CHANNELS = 3


def convert(files: Sequence[Path], out: Path, *, hints: Hints, encoder: Path | None = None) -> Checkpoint:
    """Write the checkpoint of a generator's weight files, in the order in which their network names them.

    Tensors are kept bit for bit; running statistics, which no network here uses, are left out. Raises `InputError`,
    and writes nothing, when a file is not usable or does not fit the label set.
    """
    if out.suffix != ".safetensors":
        raise InputError(f"{out} is not a .safetensors file.", "Name the checkpoint X.safetensors.")
    weights = [Weights(str(path), read_state(path)) for path in files]
    importer = _importer_of(weights)
    imported = importer.read(weights, hints)
    looks = None if encoder is None else _encoder(encoder)
    return save_checkpoint(
        out,
        kind=imported.kind,
        config=imported.config,
        generator_state=imported.state,
        encoder_config=None if looks is None else looks.config,
        encoder_state={} if looks is None else looks.state,
        label_set=hints.label_set,
        mixtures={},
        recipe={"imported": importer.title, "files": [path.name for path in files]},
        half=False,
    )


class _Encoder(NamedTuple):
    config: dict[str, Any]
    state: StateDict


def _encoder(path: Path) -> _Encoder:
    """A published feature encoder, from pictures to the numbers of a look."""
    state = read_state(path)
    network = load_encoder(state, str(path))
    sizes = (network.config["in_channels"], network.config["out_channels"])
    if sizes != (PICTURE_CHANNELS, STYLE_SIZE):
        raise InputError(
            f"{path} is an encoder from {sizes[0]} channels to {sizes[1]} numbers; looks are {STYLE_SIZE} numbers, "
            f"read from pictures of {PICTURE_CHANNELS} channels.",
            "Leave --encoder away: objects then have no looks of their own.",
        )
    return _Encoder(network.config, {key: state[key] for key in network.state_dict()})


def _importer_of(weights: Sequence[Weights]) -> Importer:
    if not weights:
        raise InputError("There are no weights to convert.", "Name the files of a generator, coarsest scale first.")
    for importer in IMPORTERS:
        if importer.recognises(weights[0].state):
            return importer
    known = " or ".join(importer.title for importer in IMPORTERS)
    raise InputError(f"{weights[0].source} is not the first file of {known}.", "Name the coarsest scale (netG0) first.")
