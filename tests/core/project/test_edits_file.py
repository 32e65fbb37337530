"""edits.json, and edits that do not fit a clip."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.clip.clip import Clip
from core.errors import InputError
from core.project.edits import ClassTarget, Edit, Mask, Paint, Ride, SetClass, SetStyle
from core.project.edits_file import check_edits, read_edits, write_edits
from tests.pictures import tiny_clip

MASK = Mask(box=(0, 0, 2, 3), runs=(1, 4, 1))
EDITS: tuple[Edit, ...] = (
    Paint(
        id="p",
        keyframes=({"frame": 2, "mask": MASK},),
        to=14,
        object=1_000_000,
        motion=Ride(object=3001),
        frames=(0, 5),
        over=frozenset({1, 11}),
    ),
    SetClass(id="c", target=ClassTarget(label=14), to="surroundings", frames=(1, 3)),
    SetStyle(id="s", target=ClassTarget(label=14), label=14, code=(0.5, -1, 2), frames=(0, 6)),
)


@pytest.fixture(scope="module")
def clip() -> Clip:
    return tiny_clip()


def test_what_is_written_is_read(tmp_path: Path, clip: Clip) -> None:
    write_edits(tmp_path / "edits.json", EDITS, seed=5, mode="footage")
    assert read_edits(tmp_path / "edits.json") == (EDITS, 5, "footage")
    check_edits(EDITS, clip)


def test_the_seed_may_be_missing(tmp_path: Path) -> None:
    (tmp_path / "edits.json").write_text('{"format": 1, "edits": []}')
    assert read_edits(tmp_path / "edits.json") == ((), None, None)


def written(edit: Edit, **change: object) -> dict[str, object]:
    return edit.model_dump(mode="json") | change


@pytest.mark.parametrize(
    "edit",
    [
        {"kind": "melt"},
        written(EDITS[1], frames=[3, 3]),
        written(EDITS[1], frames=[-1, 3]),
        written(EDITS[1], colour="red"),
        written(EDITS[0], keyframes=[]),
        written(EDITS[0], keyframes=[{"frame": 0, "mask": {"box": [0, 0, 2, 3], "runs": [1, 4]}}]),
        written(EDITS[0], keyframes=[{"frame": 0, "mask": {"box": [0, 0, 9**9, 9**9], "runs": [9**18]}}]),
        *(written(edit, margin=margin) for edit in EDITS[:2] for margin in (-1, 41, 10**30, 2.5, "3", True, None)),
        written(EDITS[2], margin=3),
        *(written(EDITS[1], shadow=shadow) for shadow in (1, "yes", None)),
        written(EDITS[0], shadow=True),
        written(EDITS[2], code=[1, 2, "NaN"]),
        written(EDITS[2], code=[1, 2]),
        7,
    ],
)
def test_an_edit_of_the_wrong_form_is_named(tmp_path: Path, edit: object) -> None:
    file = tmp_path / "edits.json"
    file.write_text(json.dumps({"format": 1, "seed": 0, "edits": [written(EDITS[1]), edit]}))
    with pytest.raises(InputError, match="edit 2: "):
        read_edits(file)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"format": 2, "edits": []}', '{"format": 1, "edits": {}}', "\x00"]
)
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "edits.json").write_text(text)
    with pytest.raises(InputError):
        read_edits(tmp_path / "edits.json")


@pytest.mark.parametrize("seed", ["-1", "true", "1.0", str(2**31), "9" * 200])
def test_a_seed_that_no_generator_takes_is_refused(tmp_path: Path, seed: str) -> None:
    (tmp_path / "edits.json").write_text(f'{{"format": 1, "edits": [], "seed": {seed}}}')
    with pytest.raises(InputError, match="seed is"):
        read_edits(tmp_path / "edits.json")


def test_two_edits_of_one_id_are_named(tmp_path: Path) -> None:
    write_edits(tmp_path / "edits.json", (EDITS[0], EDITS[1], EDITS[0]))
    with pytest.raises(InputError, match="edits 1 and 3 have the same id 'p'"):
        read_edits(tmp_path / "edits.json")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        read_edits(tmp_path / "edits.json")


@pytest.mark.parametrize(
    ("edit", "complaint"),
    [
        (EDITS[1].model_copy(update={"frames": (0, 7)}), "frame 7"),
        (EDITS[1].model_copy(update={"to": 99}), "class 99"),
        (EDITS[1].model_copy(update={"target": ClassTarget(label=98)}), "class 98"),
        (EDITS[0].model_copy(update={"over": frozenset({97})}), "class 97"),
        (EDITS[2].model_copy(update={"label": 96}), "class 96"),
        (
            EDITS[0].model_copy(update={"keyframes": (EDITS[0].keyframes[0].model_copy(update={"frame": 6}),)}),
            "frame 6",
        ),
        (
            Paint(
                id="p", keyframes=({"frame": 0, "mask": {"box": (0, 60, 1, 65), "runs": (0, 5)}},), to=1, frames=(0, 1)
            ),
            "leaves the picture",
        ),
        (
            Paint(
                id="p",
                keyframes=(EDITS[0].keyframes[0], {"frame": 1, "mask": {"box": (0, 0, 2, 3), "runs": (6,)}}),
                to=1,
                frames=(0, 2),
            ),
            r"paints nothing: its mask on frame 1 is empty\. Paint at least one pixel",
        ),
    ],
)
def test_an_edit_that_does_not_fit_the_clip_is_named(clip: Clip, edit: Edit, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint) as refusal:
        check_edits((EDITS[1], edit), clip)
    assert str(refusal.value).startswith("Edit 2")


@pytest.mark.parametrize("mode", ['"film"', "7", "[]", "true"])
def test_a_mode_that_there_is_not_is_refused(tmp_path: Path, mode: str) -> None:
    (tmp_path / "edits.json").write_text(f'{{"format": 1, "edits": [], "mode": {mode}}}')
    with pytest.raises(InputError, match="mode is .*It is footage or rendered"):
        read_edits(tmp_path / "edits.json")
