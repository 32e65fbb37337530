"""Classes of others become ours, things are read over what else is there, and objects fit averaged labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.assets import default_label_set
from core.clip.native import read_label_set
from core.errors import InputError
from core.labelling.class_list import read_class_list
from core.labelling.foreign import Facts, Mapped, Seen, as_classes
from core.labelling.instances import whole_instances
from core.labelling.over import Over

OURS = read_label_set(default_label_set())
VOID, ROAD, SKY, CAR, TRUCK = (OURS.by_name(name).id for name in ("unlabelled", "road", "sky", "car", "truck"))
PICTURE = np.zeros((2, 3, 3), np.uint8)


class Fixed:
    """A network that sees the same in every picture, from left to right."""

    def __init__(self, *names: str, columns: list[list[float]], instances: list[int] | None = None) -> None:
        self.facts = Facts(f"network of {len(names)}", "Of a test.", "0" * 16, as_classes(names))
        likely = np.array(columns, np.float32).T[:, None]
        self._seen = Seen(np.repeat(likely, 2, 1), None if instances is None else np.array([instances] * 2, np.int32))

    def read(self, picture: np.ndarray) -> Seen:
        return self._seen


def test_the_probability_of_a_class_is_that_of_all_that_become_it() -> None:
    columns = [[0.3, 0.4, 0.3, 0.0], [0.0, 0.1, 0.2, 0.7], [0.1, 0.2, 0.6, 0.1]]
    labeller = Mapped(Fixed("van", "tram car", "car", "zebra", columns=columns), OURS, {"tram car": "truck"})
    found = labeller.read(PICTURE).probabilities
    np.testing.assert_allclose(found[CAR, 0], [0.6, 0.2, 0.7], atol=1e-6)
    np.testing.assert_allclose(found[TRUCK, 0], [0.4, 0.1, 0.2], atol=1e-6)
    np.testing.assert_allclose(found.sum(0), 1, atol=1e-6)
    told = " ".join(labeller.told())
    assert "tram car as truck" in told and "zebra (33 %)" in told
    assert labeller.hash != Mapped(Fixed("van", "tram car", "car", "zebra", columns=columns), OURS).hash


def test_a_network_without_one_class_of_ours_is_refused() -> None:
    with pytest.raises(InputError, match="None of the labels' classes.*--map"):
        Mapped(Fixed("zebra", "lion", columns=[[1, 0]]), OURS)


def test_of_several_names_the_known_one_is_taken() -> None:
    names = [entry.name for entry in as_classes(["signboard, sign", "minibike, motorbike", "bed", "N/A", "N/A"])]
    assert names == ["signboard", "minibike", "bed", "N/A", "N/A (4)"]


def test_what_one_knows_nothing_of_is_read_by_the_other() -> None:
    things = Fixed("background", "car", columns=[[1, 0], [0.2, 0.8], [0.6, 0.4]], instances=[0, 7, 0])
    whole = Fixed("road", "car", columns=[[0.9, 0.1], [0.9, 0.1], [0.0, 1.0]], instances=[0, 0, 1])
    over = Over(Mapped(things, OURS), Mapped(whole, OURS)).read(PICTURE)
    np.testing.assert_allclose(over.probabilities[ROAD, 0], [0.9, 0.18, 0], atol=1e-6)
    np.testing.assert_allclose(over.probabilities[CAR, 0], [0.1, 0.82, 1], atol=1e-6)
    np.testing.assert_allclose(over.probabilities.sum(0), 1, atol=1e-6)
    assert over.instances is not None
    assert over.instances[0].tolist() == [0, 7, 8]


def test_objects_take_all_pixels_of_their_class() -> None:
    labels = np.full((4, 12), ROAD, np.uint8)
    labels[1:3, 0:8] = CAR
    labels[1:3, 10:12] = CAR
    said = np.zeros((4, 12), np.int32)
    said[1:3, 1:3], said[1:3, 4:7] = 1, 2
    found = whole_instances(labels, [CAR], said)
    assert found[1].tolist()[:3] == [1, 1, 1] and found[1].tolist()[5:8] == [2, 2, 2]
    assert found[1, 3] in (1, 2) and (found[1:3, 10:12] > 2).all()
    assert (found[labels == ROAD] == 0).all()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", "road\nsky\n\n"),
        ("a.json", '["road", "sky"]'),
        ("a.json", '{"1": "sky", "0": "road"}'),
        ("a.json", '{"classes": ["road", "sky"], "mean": [0, 0, 0], "std": [1, 1, 1], "size": [64, 32]}'),
        ("a.json", '{"name": "x", "classes": [{"id": 1, "name": "sky", "colour": "#000000", "kind": "stuff"}, '
         '{"id": 0, "name": "road", "colour": "#000000", "kind": "stuff"}]}'),
    ],
)  # fmt: skip
def test_class_lists(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert [entry.name for entry in read_class_list(tmp_path / name).classes] == ["road", "sky"]


@pytest.mark.parametrize(
    "text",
    ["", "7", "[]", "{}", '["a", 1]', '{"1": "a"}', '{"classes": ["a"], "std": [0, 1, 1]}', "[" * 100_000]
    + ['{"classes": ["a"], "size": [0, 5]}', '{"classes": ["a"], "mean": [1]}', '{"classes": ["a"], "order": "hsv"}'],
)
def test_class_lists_that_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(InputError) as refused:
        read_class_list(tmp_path / "a.json")
    assert refused.value.fix
