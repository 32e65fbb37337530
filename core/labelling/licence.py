"""Weights that are fetched: their licence is shown first, and a person agrees to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from core.errors import InputError, reason


@dataclass(frozen=True)
class Terms:
    """What is about to be fetched.

    what: the weights' name; place: where they are; size: in bytes, 0 where that is not known; licence: as their
    publisher says it; link: where it is to be read.
    """

    what: str
    place: str
    size: int
    licence: str
    link: str

    @property
    def sentence(self) -> str:
        """All of it."""
        size = f" ({self.size / 1e6:.0f} MB)" if self.size else ""
        return f"{self.what} would be fetched from {self.place}{size}. Licence: {self.licence} ({self.link})."


# Shows terms and says whether the person agrees.
Agree = Callable[[Terms], bool]


class NotAgreed(InputError):
    """Nobody agreed to the terms of some weights; nothing was fetched."""

    def __init__(self, terms: Terms) -> None:
        super().__init__(terms.sentence, "Agree with --agree, or name a file or folder that is here already.")
        self.terms = terms


def check_agreed(terms: Terms, agree: Agree) -> None:
    """Raises `NotAgreed` where the person does not agree."""
    if not agree(terms):
        raise NotAgreed(terms)


def fetched(url: str, terms: Terms, agree: Agree) -> Path:
    """The file of torchvision's weights at `url`: where torch keeps them, fetched first where it is not there.

    Raises `NotAgreed`, and `InputError` where it can't be fetched or is not what it should be.
    """
    path = Path(torch.hub.get_dir()) / "checkpoints" / url.rsplit("/", 1)[-1]
    if path.is_file():
        return path
    check_agreed(terms, agree)
    # The file's name ends in the first digits of its hash.
    digest = path.stem.rsplit("-", 1)[-1] if "-" in path.stem else None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(path), digest, progress=False)
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(
            f"{terms.what} cannot be fetched from {terms.place}: {reason(error)}.",
            f"Connect to the internet, or fetch {url} elsewhere and name the file with --labeller-weights.",
        ) from error
    return path
