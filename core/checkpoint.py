"""One file holds a generator: weights, sizes, encoder, label set, mixtures, and how it was made.

A safetensors file (numbers and JSON, never pickle) with the tensors

    generator.<key>   encoder.<key>   mixtures.<class id>.{weights,means,covariances}
    exemplars.{facades,outlines,openings,about}

and one metadata entry, "scenebrush": JSON of `format, kind, name, config, encoder, label_set, recipe`.
A checkpoint comes from outside: everything in it is checked before anything is built from it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

import torch
from safetensors.torch import save
from torch import Tensor, nn

from core.clip.clip import Clip
from core.clip.label_set import LabelSet
from core.errors import InputError
from core.files import MissingFile, open_file, read_file, write_atomically
from core.models.cache import FeatureCache
from core.models.encoder import Encoder
from core.models.generator import Generator
from core.models.local.exemplars import NO_EXEMPLARS, Exemplars
from core.models.precision import resolve_precision
from core.styles.mixtures import Mixture
from core.weights_file import MAX_HEADER, StateDict, check_fit, float_tensors, metadata, stored

if TYPE_CHECKING:
    from core.models.local.network import LocalGenerator
    from core.models.published.network import PublishedGenerator
    from core.models.segmenter import Segmenter

FORMAT = 1
Kind = Literal["local", "published"]
# Refused before anything is read: no checkpoint of ours comes near these.
MAX_BYTES = 4 * 2**30
_META = "scenebrush"
MOST_DOMAIN = 1000  # characters
_FIELDS = {"format": int, "kind": str, "name": str, "config": dict, "label_set": dict, "recipe": dict}
_MIXTURE_KEY = re.compile(r"(\d{1,3})\.(weights|means|covariances)")
_GET_ANOTHER = "Use a checkpoint that `python -m core train` wrote, or fetch this one again."

_LIMITS: Mapping[Kind, str] = {
    "local": "",
    "published": "This checkpoint is imported: an edit changes the whole picture, not only what was painted, and every "
    "frame after it is rendered in full; looks change nothing.",
}

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True, eq=False)
class LabelWeights:
    """A label network (`Segmenter`) that a checkpoint carries; it reads the checkpoint's label set.

    domain  a sentence: which pictures it was made for
    recipe  how it was trained; for people
    """

    state: StateDict
    domain: str
    recipe: Mapping[str, Any]


@dataclass(frozen=True, eq=False, repr=False)
class Checkpoint:
    """A checked file; networks are built from it on demand.

    hash      first 16 hex digits of the file's sha256
    config    sizes of the generator, `encoder` those of the encoder (None: the file has none)
    mixtures  per class id
    recipe    how it was trained; for people
    label_network  reads labels from films that have none; None: it carries none
    exemplars      where walls and vehicles get their openings from
    """

    name: str
    hash: str
    kind: Kind
    config: dict[str, Any]
    encoder: dict[str, Any] | None
    label_set: LabelSet
    mixtures: Mapping[int, Mixture]
    recipe: dict[str, Any]
    generator_state: StateDict = field(default_factory=dict)
    encoder_state: StateDict = field(default_factory=dict)
    label_network: LabelWeights | None = None
    exemplars: Exemplars = NO_EXEMPLARS

    @property
    def limits(self) -> str:
        """What this checkpoint cannot do, for the person who works with it; "" for those that are trained here."""
        return _LIMITS[self.kind]

    @property
    def looks_hash(self) -> str:
        """Identity of encoder and mixtures, 16 hex digits: where it is the same, style codes mean the same."""
        digest = hashlib.sha256(json.dumps(self.encoder, sort_keys=True).encode())
        for key in sorted(self.encoder_state):
            digest.update(f"{key} ".encode() + self.encoder_state[key].double().numpy().tobytes())
        for class_id in sorted(self.mixtures):
            digest.update(f"{class_id} {self.mixtures[class_id].hash} ".encode())
        return digest.hexdigest()[:16]

    def build_generator(
        self, device: str = "cpu", precision: str = "auto", cache: FeatureCache | None = None
    ) -> Generator:
        """A generator ready to render.

        precision: auto, float32 or bfloat16. cache: where it keeps features that depend on labels alone.
        """
        dtype = torch.bfloat16 if resolve_precision(precision, device) == "bfloat16" else torch.float32
        with _own_random_numbers():
            if self.kind == "published":
                from core.models.published.fast import FastGenerator

                return FastGenerator(_filled(_published(self.config), self.generator_state).to(device), dtype, cache)
            from core.models.local.runner import LocalRunner

            network = _filled(_local(self.config), self.generator_state)
            return LocalRunner(network, dtype=dtype, device=device, cache=cache, exemplars=self.exemplars)

    def build_encoder(self, device: str = "cpu") -> Encoder | None:
        """The encoder of looks, in float32; None where the checkpoint has none."""
        if self.encoder is None:
            return None
        with _own_random_numbers():
            return _filled(Encoder(**self.encoder), self.encoder_state).to(device)

    def __repr__(self) -> str:
        return (
            f"Checkpoint({self.name!r}, {self.kind}, {self.label_set.name}, {len(self.mixtures)} mixtures, {self.hash})"
        )


def save_checkpoint(
    path: Path,
    *,
    kind: Kind,
    config: Mapping[str, Any],
    generator_state: StateDict,
    encoder_config: Mapping[str, Any] | None,
    encoder_state: StateDict,
    label_set: LabelSet,
    mixtures: Mapping[int, Mixture],
    recipe: Mapping[str, Any],
    label_network: LabelWeights | None = None,
    exemplars: Exemplars = NO_EXEMPLARS,
    half: bool = True,
    name: str = "",
) -> Checkpoint:
    """Write a checkpoint, whole or not at all, and return it as it will be loaded. half: weights as float16.

    What could not be loaded again is refused with `InputError`, and the file that was there stays.
    """
    meta = {
        "format": FORMAT, "kind": kind, "name": name or Path(path).stem, "config": dict(config),
        "encoder": None if encoder_config is None else dict(encoder_config),
        "label_set": label_set.to_dict(), "recipe": dict(recipe),
    }  # fmt: skip
    if label_network is not None:
        meta["label_network"] = {"domain": label_network.domain, "recipe": dict(label_network.recipe)}
    tensors = {f"generator.{key}": stored(value, half) for key, value in generator_state.items()}
    tensors |= {f"encoder.{key}": stored(value, half) for key, value in encoder_state.items()}
    if label_network is not None:
        # Gains, biases and statistics are few, and statistics may be smaller than half precision can say.
        tensors |= {
            f"label_network.{key}": stored(value, half and value.dim() > 1)
            for key, value in label_network.state.items()
        }
    tensors |= {f"exemplars.{part}": value.cpu().clone() for part, value in exemplars.tensors().items()}
    for class_id, mixture in mixtures.items():
        for part in ("weights", "means", "covariances"):
            tensors[f"mixtures.{class_id}.{part}"] = torch.from_numpy(getattr(mixture, part).copy())
    data = save(tensors, {_META: json.dumps(meta)})
    del tensors  # weights may be large: not a copy more than is needed
    made = parse_checkpoint(data, str(path))
    write_atomically(Path(path), data)
    return made


def save_changed(path: Path, checkpoint: Checkpoint, **changed: Any) -> Checkpoint:
    """Write a checkpoint again with some of its fields changed; see `save_checkpoint`."""
    it = replace(checkpoint, **changed)
    return save_checkpoint(
        path,
        kind=it.kind,
        config=it.config,
        generator_state=it.generator_state,
        encoder_config=it.encoder,
        encoder_state=it.encoder_state,
        label_set=it.label_set,
        mixtures=it.mixtures,
        label_network=it.label_network,
        exemplars=it.exemplars,
        recipe=it.recipe,
        name=it.name,
    )


def load_checkpoint(path: Path) -> Checkpoint:
    """Read and check a whole file. Raises `InputError` that names the file, what is wrong and what to do."""
    path = Path(path)
    try:
        data = read_file(path, MAX_BYTES, _GET_ANOTHER)
    except MissingFile as error:
        problem = f"There is no checkpoint {path}."
        raise InputError(problem, "Name a .safetensors file, for example from checkpoints/.") from error
    except InputError as error:
        raise InputError(f"Checkpoint {error.problem}", error.fix) from error
    return parse_checkpoint(data, str(path))


def file_hash(path: Path) -> str:
    """The hash that the checkpoint in this file has, of its bytes alone."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def is_checkpoint(path: Path) -> bool:
    """Whether a file's header is a checkpoint's. Raises `InputError` where there is no such file."""
    with open_file(path, MAX_BYTES, _GET_ANOTHER) as file:
        head = file.read(8)
        head += file.read(min(int.from_bytes(head, "little"), MAX_HEADER))
    try:
        metadata(head, _META)
    except InputError:
        return False
    return True


def parse_checkpoint(data: bytes, source: str) -> Checkpoint:
    """The checkpoint in `data`. Raises `InputError`, naming `source`."""
    try:
        meta = _checked(metadata(data, _META))
        groups = _groups(data)
        config, generator = _brought_up(meta, groups["generator"])
        checkpoint = Checkpoint(
            name=meta["name"],
            hash=hashlib.sha256(data).hexdigest()[:16],
            kind=meta["kind"],
            config={key: tuple(value) if isinstance(value, list) else value for key, value in config.items()},
            encoder=meta["encoder"],
            label_set=LabelSet.from_dict(meta["label_set"]),
            mixtures=_mixtures(groups["mixtures"]),
            recipe=meta["recipe"],
            generator_state=generator,
            encoder_state=groups["encoder"],
            label_network=_label_network(meta, groups["label_network"]),
            exemplars=Exemplars.of(groups["exemplars"]),
        )
        _check_networks(checkpoint)
    except InputError as error:
        raise InputError(f"Checkpoint {source} is not usable: {error.problem}", error.fix or _GET_ANOTHER) from error
    return checkpoint


def check_label_set(checkpoint: Checkpoint, clip: Clip) -> None:
    """Raises `InputError` when the clip's classes are not those that the checkpoint was trained on (colours apart)."""
    trained = {entry.id: (entry.name, entry.kind) for entry in checkpoint.label_set}
    given = {entry.id: (entry.name, entry.kind) for entry in clip.label_set}
    differing = [
        f"{class_id} is {_named(given.get(class_id))} in the clip and {_named(trained.get(class_id))} in the checkpoint"
        for class_id in sorted(trained.keys() | given.keys())
        if trained.get(class_id) != given.get(class_id)
    ]
    if differing:
        more = f" (and {len(differing) - 3} more)" if len(differing) > 3 else ""
        raise InputError(
            f"Clip {clip.name!r} and checkpoint {checkpoint.name!r} have different label sets: "
            f"class {'; class '.join(differing[:3])}{more}.",
            "Choose a checkpoint that was trained on the clip's label set, or convert the clip's labels.",
        )


def _named(entry: tuple[str, str] | None) -> str:
    return "missing" if entry is None else f"{entry[0]!r} ({entry[1]})"


def _checked(meta: Any) -> dict[str, Any]:
    if not isinstance(meta, dict) or type(meta.get("format")) is not int:
        raise InputError("its metadata says no format.")
    if meta["format"] != FORMAT:
        raise InputError(f"it is of format {meta['format']}, this program reads {FORMAT}.", "Update the program.")
    for name, wanted in _FIELDS.items():
        if not isinstance(meta.get(name), wanted):
            raise InputError(f"{name!r} is missing in its metadata, or of the wrong type.")
    if meta["kind"] not in get_args(Kind):
        raise InputError(f"it is of the unknown kind {meta['kind'][:40]!r}; known are {', '.join(get_args(Kind))}.")
    if "encoder" not in meta or not isinstance(meta["encoder"], dict | None):
        raise InputError("'encoder' is missing in its metadata, or of the wrong type.")
    return meta


def _groups(data: bytes) -> dict[str, dict[str, Tensor]]:
    """Tensors by their first word, the rest as key."""
    names = ("generator", "encoder", "label_network", "mixtures", "exemplars")
    groups: dict[str, dict[str, Tensor]] = {name: {} for name in names}
    for key, tensor in float_tensors(data, doubles="mixtures.", whole="exemplars.").items():
        group, _, rest = key.partition(".")
        if group not in groups or not rest:
            raise InputError(f"it has a tensor {key[:80]!r} that belongs nowhere.")
        groups[group][rest] = tensor
    return groups


def _label_network(meta: Mapping[str, Any], state: StateDict) -> LabelWeights | None:
    said = meta.get("label_network")
    if said is None and not state:
        return None
    if not isinstance(said, dict) or not isinstance(said.get("recipe"), dict):
        raise InputError("what it says of its label network is missing, or of the wrong type.")
    domain = said.get("domain")
    if not isinstance(domain, str) or len(domain) > MOST_DOMAIN:
        raise InputError(f"the domain of its label network is no sentence of at most {MOST_DOMAIN} characters.")
    return LabelWeights(state, domain, said["recipe"])


def _mixtures(tensors: StateDict) -> dict[int, Mixture]:
    parts: dict[int, dict[str, Any]] = {}
    for key, tensor in tensors.items():
        match = _MIXTURE_KEY.fullmatch(key)
        if match is None or int(match[1]) > 254:
            raise InputError(f"it has a tensor 'mixtures.{key[:60]}' that belongs nowhere.")
        parts.setdefault(int(match[1]), {})[match[2]] = tensor.double().numpy()
    mixtures = {}
    for class_id in sorted(parts):
        if len(parts[class_id]) != 3:
            raise InputError(f"the mixture of class {class_id} has only {', '.join(sorted(parts[class_id]))}.")
        try:
            mixtures[class_id] = Mixture(**parts[class_id])
        except InputError as error:
            raise InputError(f"class {class_id}: {error.problem}", error.fix) from error
    return mixtures


def _check_networks(checkpoint: Checkpoint) -> None:
    """Whether the weights fit what the sizes say; nothing is allocated for it."""
    with torch.device("meta"):
        check_fit("generator", lambda: _network(checkpoint.kind, checkpoint.config), checkpoint.generator_state)
        if checkpoint.encoder is not None:
            config = checkpoint.encoder
            check_fit("encoder", lambda: Encoder(**config), checkpoint.encoder_state)
        elif checkpoint.encoder_state:
            raise InputError("it has weights of an encoder whose sizes it does not say.")
        if checkpoint.label_network is not None:
            check_fit("label network", lambda: _segmenter(checkpoint.label_set), checkpoint.label_network.state)
    name = "label_nc" if checkpoint.kind == "published" else "classes"
    classes = checkpoint.config.get(name, 0)
    if classes < checkpoint.label_set.size:
        raise InputError(f"its label set needs {checkpoint.label_set.size} classes, its generator has {classes}.")
    foreign = sorted(set(checkpoint.mixtures) - set(checkpoint.label_set.ids))
    if foreign:
        raise InputError(f"it has a mixture of class {foreign[0]}, which its label set does not have.")


def _network(kind: Kind, config: dict[str, Any]) -> nn.Module:
    return _published(config) if kind == "published" else _local(config)


def _brought_up(meta: Mapping[str, Any], state: StateDict) -> tuple[dict[str, Any], StateDict]:
    if meta["kind"] == "published":
        return meta["config"], state
    from core.models.local.network import brought_up

    return brought_up(meta["config"], state)


# Only the network that is asked for is imported.
def _segmenter(label_set: LabelSet) -> Segmenter:
    from core.models.segmenter import Segmenter

    return Segmenter(label_set.size)


def _local(config: dict[str, Any]) -> LocalGenerator:
    from core.models.local.network import LocalConfig, LocalGenerator

    return LocalGenerator(LocalConfig.from_dict(config))


def _published(config: dict[str, Any]) -> PublishedGenerator:
    from core.models.published.network import PublishedConfig, PublishedGenerator

    return PublishedGenerator(PublishedConfig(**config))


def _own_random_numbers() -> AbstractContextManager[None]:
    """Start values are drawn and overwritten when a network is built; the caller's random numbers stay as they are."""
    return torch.random.fork_rng(devices=[])


def _filled(network: Network, state: StateDict) -> Network:
    network.load_state_dict({key: value.float() for key, value in state.items()}, strict=True)
    network.eval().requires_grad_(False)
    return network
