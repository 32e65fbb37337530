"""One contract for all forms: recognised, read frame by frame, mapped to our classes; what is broken is a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.clip.clip import Clip
from core.errors import InputError
from core.interop.labels.find import find_labels, open_labels
from core.interop.labels.mapping import ClassMap
from core.interop.labels.source import LabelSource
from tests.core.interop.labels.forms import WRITERS, Writer, Written, street
from tests.pictures import STREET

forms = pytest.mark.parametrize(("form", "writer"), WRITERS, ids=[writer.__name__ for _, writer in WRITERS])
in_files = pytest.mark.parametrize(
    ("form", "writer"),
    [pair for pair in WRITERS if not pair[1].__name__.startswith(("coco", "mots_text"))],
    ids=lambda value: getattr(value, "__name__", ""),
)


def expected(clip: Clip, written: Written) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for labels, objects in zip(clip.labels, clip.objects, strict=True):
        kept = np.where(np.isin(labels, written.lacks), 0, labels).astype(np.uint8)
        yield kept, np.where(kept == labels, objects if written.objects else labels.astype(np.int32) * 1000, 0)


def read_all(source: LabelSource) -> None:
    for t in range(len(source)):
        source.frame(t)


@forms
def test_what_was_written_is_read(tmp_path: Path, form: str, writer: Writer) -> None:
    clip = street()
    written = writer(tmp_path, clip)
    found = find_labels(written.path)
    assert found.form.name == form and found.sentence.endswith(".")
    source = found.open()
    assert (len(source), source.size) == (len(clip), (clip.height, clip.width))
    assert list(source.names) == written.names
    mapping = ClassMap(source.classes, STREET, written.given)
    mapping.check()
    for t, (labels, objects) in enumerate(expected(clip, written)):
        frame = source.frame(t)
        assert frame.labels.dtype == np.int32 and (frame.objects is None or frame.objects.dtype == np.int32)
        assert (frame.objects is not None) == written.objects
        mapped = mapping.apply(frame)
        np.testing.assert_array_equal(mapped[0], labels)
        same_objects(mapped[1], objects, form)
    # Any frame again, in any order.
    again = source.frame(0)
    first = next(expected(clip, written))[0]
    np.testing.assert_array_equal(ClassMap(source.classes, STREET, written.given).apply(again)[0], first)


def same_objects(found: np.ndarray, wanted: np.ndarray, form: str) -> None:
    """DAVIS counts objects of all classes in one row, so their numbers differ; which pixels are one object must not."""
    if form != "davis":
        np.testing.assert_array_equal(found, wanted)
        return
    pairs = set(zip(found.ravel().tolist(), wanted.ravel().tolist(), strict=True))
    assert len(pairs) == len({one for one, _ in pairs}) == len({other for _, other in pairs})


@forms
def test_the_form_can_be_named(tmp_path: Path, form: str, writer: Writer) -> None:
    written = writer(tmp_path, street())
    assert len(open_labels(written.path, form)) == len(written.names)


@in_files
def test_a_map_of_another_size_is_told(tmp_path: Path, form: str, writer: Writer) -> None:
    written = writer(tmp_path, street())
    values = cv2.imread(str(written.files[1]), cv2.IMREAD_UNCHANGED)
    cv2.imwrite(str(written.files[1]), values[:16])
    with pytest.raises(InputError, match=f"{written.files[1].name} is 64x16"):
        read_all(open_labels(written.path, form))


@in_files
def test_a_damaged_map_is_told(tmp_path: Path, form: str, writer: Writer) -> None:
    written = writer(tmp_path, street())
    data = written.files[1].read_bytes()
    for broken in (data[:60], data[: len(data) // 2] + bytes([255]) * 8 + data[len(data) // 2 :], b"", b"GIF89a" * 20):
        written.files[1].write_bytes(broken)
        with pytest.raises(InputError, match=written.files[1].name):
            read_all(open_labels(written.path, form))


@in_files
def test_a_map_of_huge_size_is_not_decoded(tmp_path: Path, form: str, writer: Writer) -> None:
    written = writer(tmp_path, street())
    data = bytearray(written.files[0].read_bytes())
    data[16:24] = (60_000).to_bytes(4, "big") * 2
    written.files[0].write_bytes(data)
    with pytest.raises(InputError, match="60000x60000"):
        read_all(open_labels(written.path, form))


@pytest.mark.parametrize(
    ("form", "writer"),
    [pair for pair in WRITERS if pair[0] in ("native", "cityscapes", "vid2vid")],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_missing_map_is_told(tmp_path: Path, form: str, writer: Writer) -> None:
    written = writer(tmp_path, street())
    written.files[1].unlink()
    with pytest.raises(InputError, match="lacks 0001.png|000001 has a label map or|has 3 maps"):
        open_labels(written.path, form)


@forms
def test_what_is_another_form_is_a_sentence(tmp_path: Path, form: str, writer: Writer) -> None:
    """Read as each of the others: labels that mean something else, or a sentence, never another error."""
    written = writer(tmp_path, street())
    for other in {name for name, _ in WRITERS} - {form}:
        try:
            read_all(open_labels(written.path, other))
        except InputError as error:
            assert str(error)


@forms
def test_an_empty_folder_is_a_sentence(tmp_path: Path, form: str, writer: Writer) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty.json").touch()
    for path in (tmp_path / "empty", tmp_path / "empty.json"):
        with pytest.raises(InputError, match="empty"):
            open_labels(path, form)
