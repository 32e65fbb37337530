"""The JSON of COCO, checked: what of it is read, its size bounded before it is parsed, its references after."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.clip.clip import MAX_FRAMES
from core.errors import InputError
from core.files import read_file
from core.interop.labels.source import MOST_CLASSES
from core.project.values import first_problem

_MAX_BYTES = 64 << 20
_MOST_ANNOTATIONS = 500_000
HOW = "Export it again as COCO with masks (polygons or RLE), or a shorter clip."


class _Part(BaseModel):
    # What tools add of their own is left alone.
    model_config = ConfigDict(strict=True, frozen=True, allow_inf_nan=False, extra="ignore")


class Extra(_Part):
    """What Roboflow says of an image on top: its name before it was uploaded."""

    name: str


class Image(_Part):
    """One frame."""

    id: int
    file_name: str
    height: int
    width: int
    extra: Extra | object = Field(default=None, union_mode="left_to_right")


class Category(_Part):
    """One class; `isthing` as in COCO's panoptic files."""

    id: int = Field(ge=0, lt=2**31)
    name: str = Field(min_length=1)
    isthing: bool | int = 1
    color: tuple[int, int, int] | object = Field(default=None, union_mode="left_to_right")


# The first error is enough: a hostile file could have millions.
Numbers = Annotated[list[float], Field(fail_fast=True)]
Polygons = Annotated[list[Numbers], Field(fail_fast=True)]
Runs = Annotated[list[int], Field(fail_fast=True)]


class Rle(_Part):
    """A mask as run lengths, compressed to text or not; `size` is height, width."""

    size: tuple[int, int]
    counts: str | Runs


class Tracked(_Part):
    """The attributes of an annotation of a CVAT track."""

    track_id: int = Field(ge=0, lt=2**31 - 1)


class Annotation(_Part):
    """One mask on one image."""

    image_id: int
    category_id: int
    segmentation: Polygons | Rle | None = None
    iscrowd: bool | int = 0
    attributes: Tracked | object = Field(default=None, union_mode="left_to_right")

    @property
    def track(self) -> int | None:
        """The number that this object has in all its frames, from 0 on; None where it has none."""
        return self.attributes.track_id if isinstance(self.attributes, Tracked) else None


class Document(_Part):
    """The whole file."""

    images: list[Image] = Field(max_length=MAX_FRAMES, fail_fast=True)
    categories: list[Category] = Field(max_length=MOST_CLASSES, fail_fast=True)
    annotations: list[Annotation] = Field(max_length=_MOST_ANNOTATIONS, fail_fast=True)


def read_document(path: Path) -> Document:
    """The document in a file. Raises `InputError` when it is too large, is no COCO, or refers to what it lacks."""
    try:
        document = Document.model_validate_json(read_file(path, _MAX_BYTES, HOW))
    except ValidationError as error:
        raise InputError(f"{path} is no COCO file: {first_problem(error)}.", HOW) from error
    images = _unique(path, "images", [image.id for image in document.images])
    categories = _unique(path, "categories", [category.id for category in document.categories])
    for annotation in document.annotations:
        if annotation.image_id not in images:
            raise InputError(f"{path}: an annotation is of image {annotation.image_id}, which is not there.", HOW)
        if annotation.category_id not in categories:
            problem = f"{path}: an annotation is of category {annotation.category_id}, which is not there."
            raise InputError(problem, HOW)
    if not any(annotation.segmentation for annotation in document.annotations):
        raise InputError(f"{path} has no masks in it, at most boxes.", HOW)
    return document


def _unique(path: Path, what: str, ids: list[int]) -> set[int]:
    if len(set(ids)) < len(ids):
        raise InputError(f"{path}: two {what} have the same id.", HOW)
    return set(ids)
