"""A clip's folder written anew with corrected labels, and how sure a network was of its frames."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.clip.confidence import read_confidence
from core.clip.native import read_clip, write_clip
from core.clip.relabelled import write_relabelled
from core.errors import InputError
from tests.core.tiny import CAR, CAR_ID, tiny_clip

NEW = 1_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_clip(tiny_clip(), tmp_path / "old")
    (tmp_path / "old" / "import.json").write_text(json.dumps({"confidence": [0.5, 0.25, 1, 0]}))
    return tmp_path / "old"


def test_labels_are_new_and_all_else_is_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    clip = read_clip(folder)
    (folder / "sound.m4a").write_bytes(b"as it is")
    labels, objects = clip.labels.copy(), clip.objects.copy()
    labels[2, :3, :5], objects[2, :3, :5] = CAR, NEW
    done: list[int] = []
    write_relabelled(
        folder, clip.corrected(labels, objects), tmp_path / "new", "Corrected", lambda n, of: done.append(n)
    )
    for place in (folder, tmp_path / "new"):
        assert (place / "sound.m4a").read_bytes() == b"as it is"
        (place / "sound.m4a").unlink()
    again = read_clip(tmp_path / "new")
    np.testing.assert_array_equal(again.labels, labels)
    np.testing.assert_array_equal(again.objects, np.where(objects == NEW, CAR_ID + 1, objects))
    names = ["frames.mp4", "label_set.json", "import.json", *(f"flow/{t:04d}.png" for t in range(4))]
    for name in names:
        assert (tmp_path / "new" / name).read_bytes() == (folder / name).read_bytes(), name
    assert (again.name, again.rate, done) == ("Corrected", clip.rate, [1, 2, 3, 4])
    np.testing.assert_array_equal(read_clip(folder).labels, clip.labels)


def test_labels_alone_are_a_clip_too(tmp_path: Path) -> None:
    write_clip(replace(tiny_clip(filmed=False), flow=None, flow_valid=None), tmp_path / "old")
    write_relabelled(tmp_path / "old", read_clip(tmp_path / "old"), tmp_path / "new")
    again = read_clip(tmp_path / "new")
    assert (again.name, again.pictures, again.flow) == ("new", None, None)


def test_the_old_clip_is_never_written_to(folder: Path, tmp_path: Path) -> None:
    clip = read_clip(folder)
    for out, said in ((folder, "in the folder of the clip"), (folder / "ids" / "new", "in the folder of the clip")):
        with pytest.raises(InputError, match=said):
            write_relabelled(folder, clip, out)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note").write_text("mine")
    with pytest.raises(InputError):
        write_relabelled(folder, clip, tmp_path / "full")
    with pytest.raises(InputError, match="not the clip that was corrected"):
        write_relabelled(folder, tiny_clip(3), tmp_path / "new")
    (folder / "flow" / "0002.png").unlink()
    with pytest.raises(InputError, match="0002.png"):
        write_relabelled(folder, clip, tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full", "old"]


def test_confidence_is_read_where_it_was_kept(folder: Path) -> None:
    assert read_confidence(folder, 4) == (0.5, 0.25, 1.0, 0.0)
    (folder / "import.json").write_text('{"confidence": []}')
    assert read_confidence(folder, 4) == ()
    (folder / "import.json").unlink()
    assert read_confidence(folder, 4) == ()


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"confidence": 3}', '{"confidence": [1, 1, 1]}', '{"confidence": [1, 1, 1, 1.5]}',
     '{"confidence": [1, 1, 1, true]}', '{"confidence": [1, 1, 1, "1"]}', '{"confidence": [1, 1, 1, -1e-9]}'],
)  # fmt: skip
def test_confidence_is_checked(folder: Path, text: str) -> None:
    (folder / "import.json").write_text(text)
    with pytest.raises(InputError, match="import.json"):
        read_confidence(folder, 4)
