"""Which labeller reads the labels of a clip: a small value, as the command line and the page say it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

import torch

from core.clip.label_set import LabelSet
from core.errors import InputError
from core.labelling.class_list import read_class_list
from core.labelling.foreign import Mapped, Network
from core.labelling.labeller import Labeller
from core.labelling.licence import Agree
from core.labelling.over import Over
from core.labelling.own import network_of_file, shipped_network

Kind = Literal["shipped", "file", "torchvision", "transformers", "onnx"]
_HOW = "Write shipped, torchvision:MODEL, transformers:MODEL or :FOLDER, onnx:FILE, or a file of core train-labels."


@dataclass(frozen=True)
class LabellerChoice:
    """One labeller.

    name     torchvision: a model's; transformers: OWNER/MODEL, or a folder; onnx and file: the file
    weights  torchvision: a state dict in place of the published weights
    classes  a file that names the network's classes, see `core.labelling.class_list`
    """

    kind: Kind = "shipped"
    name: str = ""
    weights: Path | None = None
    classes: Path | None = None

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise InputError(f"There is no labeller of kind {self.kind!r}.", _HOW)
        if (self.kind == "shipped") != (not self.name):
            raise InputError(f"A labeller of kind {self.kind} is not named {self.name!r}.", _HOW)
        if self.weights is not None and self.kind != "torchvision":
            raise InputError("Weights of their own are for a labeller torchvision:MODEL.", _HOW)
        if self.classes is not None and self.kind in ("shipped", "file"):
            raise InputError("The shipped labeller and those of train-labels know their classes.", "Leave them out.")

    @classmethod
    def parse(cls, text: str) -> LabellerChoice:
        """Read shipped, KIND:NAME, or a file's name. Raises `InputError`."""
        if text == "shipped":
            return cls()
        kind, colon, name = text.partition(":")
        for known in get_args(Kind):
            if colon and name and kind == known not in ("shipped", "file"):
                return cls(known, name)
        if text.endswith(".safetensors"):
            return cls("file", text)
        raise InputError(f"{text!r} is no labeller.", _HOW)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        files = {"weights": self.weights, "classes": self.classes}
        return {"kind": self.kind, "name": self.name} | {key: str(path) for key, path in files.items() if path}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LabellerChoice:
        """Read the JSON form. Raises `InputError`."""
        if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
            raise InputError("A labeller is not readable.", 'Write {"kind": "shipped"}, or "kind" and "name".')
        unknown = data.keys() - {"kind", "name", "weights", "classes"}
        if unknown:
            raise InputError(f"A labeller has no {min(unknown)!r}.", "It has kind, name, weights and classes.")
        files = {key: Path(data[key]) for key in ("weights", "classes") if key in data}
        return cls(data.get("kind", "shipped"), data.get("name", ""), **files)


def parse_labellers(
    texts: Sequence[str], weights: Path | None = None, classes: Path | None = None
) -> tuple[LabellerChoice, ...]:
    """Labellers as the command line names them, the uppermost first; weights and classes go to the one that they can
    be of. Raises `InputError`."""
    chosen = [LabellerChoice.parse(text) for text in texts]
    for option, path, kinds in (
        ("weights", weights, ("torchvision",)),
        ("classes", classes, ("torchvision", "transformers", "onnx")),
    ):
        if path is None:
            continue
        takers = [place for place, one in enumerate(chosen) if one.kind in kinds]
        if len(takers) != 1:
            wanted = " or ".join(f"{kind}:NAME" for kind in kinds)
            flag = "--labeller-weights" if option == "weights" else "--classes"
            raise InputError(f"{flag} is for one labeller {wanted}; {len(takers)} are named.", _HOW)
        files: dict[str, Any] = {option: path}
        chosen[takers[0]] = replace(chosen[takers[0]], **files)
    return tuple(chosen)


def open_labellers(
    choices: Sequence[LabellerChoice],
    label_set: LabelSet,
    given: Mapping[str, str],
    agree: Agree,
    device: torch.device,
) -> Labeller:
    """The labellers, the first over the second and so on, ready to read the classes of `label_set`.

    given: their class -> ours, each for those that have such a class; none: as names say. agree: asked before anything
    is fetched. Raises `InputError`, and `NotAgreed`.
    """
    networks = [_network(choice, agree, device) for choice in choices]
    known = [entry for network in networks for entry in network.facts.classes]
    for name in given:
        if not any(name in (entry.name, str(entry.id)) for entry in known):
            names = ", ".join(entry.name for entry in known[:20])
            raise InputError(f"The labeller has no class {name!r} to be mapped.", f"It has: {names}.")
    readers: list[Labeller] = [Mapped(network, label_set, _of(network, given)) for network in networks]
    whole = readers[-1]
    for upper in reversed(readers[:-1]):
        whole = Over(upper, whole)
    return whole


def _of(network: Network, given: Mapping[str, str]) -> dict[str, str]:
    """What of a map is for this network."""
    names = {name for entry in network.facts.classes for name in (entry.name, str(entry.id))}
    return {theirs: ours for theirs, ours in given.items() if theirs in names}


def _network(choice: LabellerChoice, agree: Agree, device: torch.device) -> Network:
    """What one kind needs is imported where it is chosen."""
    if choice.kind == "shipped":
        return shipped_network(device)
    if choice.kind == "file":
        return network_of_file(Path(choice.name), device)
    listed = None if choice.classes is None else read_class_list(choice.classes)
    if choice.kind == "onnx":
        from core.labelling.of_onnx import open_onnx

        return open_onnx(Path(choice.name), listed, device)
    classes = None if listed is None else listed.classes
    if choice.kind == "torchvision":
        from core.labelling.of_torchvision import open_torchvision

        return open_torchvision(choice.name, choice.weights, classes, agree, device)
    from core.labelling.of_transformers import open_transformers

    return open_transformers(choice.name, classes, agree, device)
