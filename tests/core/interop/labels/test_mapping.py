"""Classes of others become ours, objects keep their numbers, and what is lost is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError
from core.interop.labels.mapping import ClassMap, read_map
from core.interop.labels.source import UNLABELLED, SourceClass, SourceFrame
from tests.pictures import STREET

THEIRS = (
    SourceClass(0, "unlabeled", (0, 0, 0), "void"),
    SourceClass(7, "Road", (1, 1, 1), "stuff"),
    SourceClass(24, "pedestrian", (2, 2, 2), "thing"),
    SourceClass(26, "car", (3, 3, 3), "thing"),
    SourceClass(27, "van", (4, 4, 4), "thing"),
    SourceClass(90000, "zebra", (5, 5, 5), "thing"),
)


def frame(labels: list[int], objects: list[int] | None = None) -> SourceFrame:
    numbers = None if objects is None else np.array([objects], np.int32)
    return SourceFrame(np.array([labels], np.int32), numbers)


def test_classes_go_by_name_by_synonym_and_the_rest_to_void() -> None:
    mapping = ClassMap(THEIRS, STREET)
    labels, objects = mapping.apply(frame([UNLABELLED, 0, 7, 24, 26, 27, 90000]))
    assert labels.dtype == np.uint8 and objects.dtype == np.int32
    assert labels.tolist() == [[0, 0, 1, 12, 14, 14, 0]]
    assert objects.tolist() == [[0, 0, 1000, 12000, 14000, 14000, 0]]
    assert [row.why for row in mapping.rows] == ["void", "name", "synonym", "name", "synonym", "unknown"]
    assert mapping.told() == [
        "Taken by another name: pedestrian as person, van as car.",
        "Without a counterpart, now void: zebra (14 %) of the pixels.",
    ]


def test_only_classes_that_were_seen_are_told() -> None:
    mapping = ClassMap(THEIRS, STREET)
    mapping.apply(frame([7, 26]))
    assert mapping.told() == []


def test_an_object_keeps_its_id_and_two_objects_never_share_one() -> None:
    mapping = ClassMap(THEIRS, STREET)
    # Car 3, then a van of the same number, an object with a large number, and stuff with a number.
    _, first = mapping.apply(frame([26, 27, 26, 7], [3, 3, 70000, 0]))
    assert first.tolist() == [[14003, 14002, 14001, 1000]]
    _, second = mapping.apply(frame([27, 26, 26, 24], [3, 70000, 3, 3]))
    assert second.tolist() == [[14002, 14001, 14003, 12003]]


def test_stuff_with_numbers_keeps_them_and_things_that_become_stuff_do_not() -> None:
    mapping = ClassMap(THEIRS, STREET, {"van": "road"})
    _, objects = mapping.apply(frame([7, 7, 27, 90000], [0, 5, 3, 3]))
    assert objects.tolist() == [[1000, 1005, 1000, 0]]


def test_more_objects_than_ids_are_refused() -> None:
    mapping = ClassMap(THEIRS, STREET)
    mapping.apply(frame([26] * 999, list(range(1001, 2000))))
    with pytest.raises(InputError, match="more than 999 objects of class 'car'"):
        mapping.apply(frame([26], [5000]))


def test_a_person_says_what_a_class_is() -> None:
    mapping = ClassMap(THEIRS, STREET, {"zebra": "person", "27": "15", "Car": "void"})
    labels, _ = mapping.apply(frame([90000, 27, 26]))
    assert labels.tolist() == [[12, 15, 0]]
    for given, words in (({"horse": "car"}, "no class 'horse'"), ({"car": "horse"}, "no class 'horse' in label set")):
        with pytest.raises(InputError, match=words):
            ClassMap(THEIRS, STREET, given)


def test_a_map_that_would_lose_everything_is_refused() -> None:
    ClassMap(THEIRS, STREET).check()
    with pytest.raises(InputError, match="None of the labels' classes has a counterpart .* zebra.*--map"):
        ClassMap((THEIRS[0], THEIRS[-1]), STREET).check()


@pytest.mark.parametrize(
    ("name", "text"),
    [("map.json", '{"zebra": "person", "27": 15}'), ("map.csv", "\ufeffzebra, person\n\n27,15\n")],
)
def test_a_map_is_read_from_json_and_csv(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_map(tmp_path / name) == {"zebra": "person", "27": "15"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("map.json", "[]"),
        ("map.json", "{"),
        ("map.json", '{"a": [1]}'),
        ("map.json", "[" * 100_000),
        ("map.csv", "a,b,c\n"),
        ("map.csv", "a,b\na,c\n"),
        ("map.csv", "a" * 200_000 + "\n"),
        ("map.csv", "x" * (2 << 20)),
    ],
)
def test_a_map_that_is_none_is_a_sentence(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=name):
        read_map(tmp_path / name)
