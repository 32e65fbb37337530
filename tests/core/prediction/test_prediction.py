"""Frames to come: motion goes on, the nearest is in front, objects keep their ids."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from core.clip.native import read_clip, write_clip
from core.conditioning import Maps
from core.errors import InputError
from core.prediction.command import predict_files
from core.prediction.draw import Draw
from core.prediction.forward_warp import forward_warp
from core.prediction.future import check_count, check_maps, predict, predicted_clip
from core.prediction.motion import extrapolate
from core.prediction.network import FutureNetwork, spread
from core.prediction.network_file import load_future, save_future
from core.prediction.objects import NEW, FreeIds, assign
from core.prediction.predictor import Predictor
from core.project.continued import joined
from core.project.edits import ObjectTarget, SetClass
from core.project.mode import first_mode
from core.project.storage import ProjectStore
from tests.core.prediction.tiny import plain_network
from tests.core.tiny import tiny_checkpoint
from tests.pictures import STREET, tiny_clip

CAR, BUILDING = 14001, 3001


@pytest.fixture(scope="module")
def network() -> FutureNetwork:
    return plain_network(STREET)


def last(clip, t: int) -> list[Maps]:
    frames = [clip[index] for index in range(t - 2, t + 1)]
    return [Maps(one.labels, one.objects, one.flow, one.flow_valid) for one in frames]


def ahead(network, clip, t: int, count: int, seed: int = 0) -> list[Maps]:
    return list(predict(Predictor(network, clip.label_set), last(clip, t), FreeIds.of(clip.objects), count, seed))


def test_a_plane_that_comes_nearer_goes_on_as_it_would_be_seen():
    # A wall straight ahead: 10 m, then 9, then 8; 50 px of focal length.
    height, width, middle = 32, 64, np.array([31.5, 15.5])
    places = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1) - middle
    labels, objects = np.full((height, width), 3, np.uint8), np.full((height, width), BUILDING, np.int32)
    flow = (places * (9 / 10 - 1)).astype(np.float32)
    motion = extrapolate(labels, objects, flow, np.ones(labels.shape, bool), STREET)
    assert np.abs(motion.forward - places * (9 / 8 - 1)).max() < 0.1
    assert np.abs(motion.forward + flow).max() > 0.3  # and not as fast as it was


def test_the_nearest_lands_in_front_and_what_is_left_is_not_covered():
    forward = torch.zeros(1, 2, 1, 4)
    forward[0, 0, 0, 0] = 1  # onto its neighbour
    near = torch.tensor([[[[0.9, 0.2, 0.2, 0.2]]]])
    landing = forward_warp(forward, near)
    kinds = torch.tensor([[0, 1, 2, 3]])
    assert landing.coverage().tolist() == [[0, 2, 1, 1]]
    assert landing.sums(kinds, 4)[0, :, 1].argmax() == 0
    assert landing.most(kinds, torch.ones(1, 4, 4, dtype=torch.bool)).tolist() == [[-1, 0, 2, 3]]


def test_what_is_not_known_is_taken_from_around_it():
    values, weights = torch.zeros(1, 2, 8, 8), torch.ones(1, 1, 8, 8)
    values[0, 0, :, :4] = 1
    values[0, 1, :, 4:] = 1
    weights[..., 6:] = 0
    assert (spread(values, weights)[0, 1, :, 6:] == 1).all()


def test_a_car_drives_on_under_its_own_id(network):
    clip = tiny_clip(frames=9)
    for step, maps in enumerate(ahead(network, clip, 4, 4), 1):
        true = clip.objects[4 + step] == CAR
        found = maps.objects == CAR
        assert (true & found).sum() / (true | found).sum() > 0.8
        assert maps.flow is not None and maps.flow_valid is not None
        assert np.abs(maps.flow[true & found & maps.flow_valid] - (-2, 0)).max() < 0.5
    assert set(np.unique(maps.objects)) <= set(np.unique(clip.objects))


def test_what_left_is_gone(network):
    clip = tiny_clip(frames=6, car=8)
    assert CAR not in ahead(network, clip, 4, 6)[-1].objects


def test_what_comes_into_sight_is_a_new_object_and_stuff_joins_its_class():
    labels = np.array([[14] * 8 + [1] * 8] * 8, np.uint8)
    source = np.full(labels.shape, NEW)
    source[:, 10:] = 0  # road
    made, objects, free = assign(
        labels, source, [(1000, 1), (14007, 14)], np.array([48, 0]), STREET, FreeIds.of(np.array([14007]))
    )
    assert (objects[:, :8] == 14008).all() and (objects[:, 8:] == 1000).all()
    assert (made == labels).all()
    assert free.take(14)[0] == 14009


def test_a_new_part_joins_the_object_of_its_class_that_it_touches():
    labels = np.array([[14] * 6 + [1] * 6] * 6, np.uint8)
    source = np.where(labels == 14, 1, 0)
    source[:, :2] = NEW
    _, objects, _ = assign(
        labels, source, [(1000, 1), (14007, 14)], np.array([36, 36]), STREET, FreeIds.of(np.array([14007]))
    )
    assert (objects[:, :6] == 14007).all()


def test_a_seed_draws_a_future_and_the_same_one_again(network):
    clip = tiny_clip(frames=6)
    plain, one, again, other = (ahead(network, clip, 4, 3, seed)[-1] for seed in (0, 5, 5, 6))
    assert (one.objects == again.objects).all()
    assert (one.objects != plain.objects).any() and (one.objects != other.objects).any()
    assert not Draw(0).classes(3, 8, 8).any()


def test_a_continued_clip_has_its_own_frames_and_more(network):
    clip = tiny_clip(frames=5)
    made = joined(clip, predicted_clip(clip, ahead(network, clip, 4, 2)))
    assert len(made) == 7
    assert (made.labels[:5] == clip.labels).all() and (made.flow_valid[:5] == clip.flow_valid).all()


@pytest.mark.parametrize("count", [0, 101])
def test_frames_ahead_are_bounded(count):
    with pytest.raises(InputError, match=r"1 to 100"):
        check_count(count, tiny_clip())


def test_what_no_future_can_be_told_from_is_refused():
    short, still = tiny_clip(frames=2), tiny_clip(flow=False)
    with pytest.raises(InputError, match="2 frames; a future is told from the last 3"):
        check_maps([Maps(short.labels[t], short.objects[t]) for t in range(2)], 3, STREET, "short")
    with pytest.raises(InputError, match="no motion"):
        check_maps([Maps(still.labels[t], still.objects[t]) for t in range(3)], 3, STREET, "still")
    clip = tiny_clip()
    nobody = replace(clip, objects=clip.labels.astype(np.int32) * 1000)
    with pytest.raises(InputError, match="no objects"):
        check_maps(last(nobody, 4), 3, STREET, "nobody")


def test_the_file_comes_back_and_another_label_set_is_refused(network, tmp_path):
    path = tmp_path / "future.safetensors"
    made = save_future(path, network, STREET, {"steps": 3})
    read = load_future(path)
    assert read.hash == made.hash and read.recipe == {"steps": 3}
    other = replace(STREET, classes=STREET.classes[:-1])
    with pytest.raises(InputError, match="another label set"):
        read.check(replace(tiny_clip(), label_set=other))


def test_a_file_of_something_else_is_refused(tmp_path):
    path = tmp_path / "future.safetensors"
    with pytest.raises(InputError, match="There is no network"):
        load_future(path)
    save_file({"a": torch.zeros(1)}, str(path))
    with pytest.raises(InputError, match="not usable: it is a safetensors file of something else"):
        load_future(path)


@pytest.fixture
def files(network, tmp_path):
    """A clip's folder, a network and a checkpoint, all tiny."""
    clip = tiny_clip(frames=5)
    write_clip(clip, tmp_path / "clip")
    save_future(tmp_path / "future.safetensors", network, STREET, {})
    tiny_checkpoint(tmp_path / "paint.safetensors", label_set=STREET)
    return tmp_path


def test_the_command_writes_clips_that_are_painted(files):
    said: list[str] = []
    made = predict_files(
        str(files / "clip"),
        files / "more",
        count=2,
        futures=2,
        network=files / "future.safetensors",
        checkpoint=files / "paint.safetensors",
        say=said.append,
    )
    assert [folder.name for folder in made] == ["more-1", "more-2"] and len(said) == 2
    one = read_clip(made[0])
    assert len(one) == 7 and one.pictures is not None and first_mode(one) == "footage"
    assert one.pictures[6].std() > 0
    assert CAR in one.objects[6]


def test_edits_are_carried_into_the_future(files):
    clip = read_clip(files / "clip")
    store = ProjectStore(files / "projects")
    swap = SetClass(id="swap", frames=(0, 5), target=ObjectTarget(object=CAR), to=15)
    project = store.create(str(files / "clip"), clip.hash, "0" * 16)
    store.save(project.applied(swap))
    store.close()
    made = predict_files(
        str(files / "projects" / project.id),
        files / "more",
        count=2,
        network=files / "future.safetensors",
        checkpoint=files / "paint.safetensors",
    )
    one = read_clip(made[0])
    assert 15 in one.labels[0] and 15 in one.labels[6] and 14 not in one.labels[6]
    # The truck is one object through the clip.
    assert len(np.unique(one.objects[one.labels == 15])) == 1


def test_nothing_is_left_of_a_prediction_that_was_stopped(files, monkeypatch):
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("core.prediction.predictor.Predictor.decide", stop)
    with pytest.raises(KeyboardInterrupt):
        predict_files(
            str(files / "clip"),
            files / "more",
            count=2,
            network=files / "future.safetensors",
            checkpoint=files / "paint.safetensors",
        )
    assert not (files / "more").exists() and not list(files.glob(".more*"))
