"""A label network of one's own: trained, interrupted, gone on with, carried by a checkpoint, used by an import."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from core.__main__ import app
from core.checkpoint import LabelWeights, load_checkpoint, save_checkpoint
from core.clip.native import read_clip, write_clip
from core.errors import InputError
from core.evaluation.trained import LABELS as KIND
from core.evaluation.trained import kept, load_segmenter, of_checkpoint, save_segmenter
from core.labelling.own import network_of_file
from core.labelling.train import train_labels
from core.models.segmenter import Segmenter
from core.training.command import labels_carried
from core.training.label_training import LabelRecipe, LabelTraining
from core.training.machine import Machine
from tests.core import tiny
from tests.core.training.clips import LABELS, driving_clip

PICTURE = np.random.default_rng(1).integers(0, 256, (32, 48, 3)).astype(np.uint8)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_clip(driving_clip("red"), tmp_path / "data" / "red")
    return tmp_path / "data"


def after(steps: int) -> Callable[[], bool]:
    """Asks to stop after so many steps."""
    left = iter(range(steps))
    return lambda: next(left, None) is None


def train(data: Path, out: Path, steps: int = 4, **how: object) -> Path:
    return train_labels(data, out, machine=Machine(), steps=steps, say=lambda line: None, **how)  # type: ignore[arg-type]


@pytest.mark.training
def test_interrupted_it_goes_on_to_the_same_weights(data: Path, tmp_path: Path) -> None:
    whole = load_segmenter(train(data, tmp_path / "whole.safetensors"), KIND)
    out = tmp_path / "parts.safetensors"
    with pytest.raises(InputError, match="stopped before its end"):
        train(data, out, stop=after(2))
    assert not out.exists()
    with pytest.raises(InputError, match="other clips or another beginning"):
        train(data, out, begin=str(tmp_path / "whole.safetensors"))
    parts = load_segmenter(train(data, out, domain="Films of toy cars."), KIND)
    for one, other in zip(whole.network.parameters(), parts.network.parameters(), strict=True):
        assert torch.equal(one, other)
    assert parts.domain == "Films of toy cars." and "red" in whole.domain and parts.recipe["steps"] == 4
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.training
def test_time_that_was_used_counts(data: Path) -> None:
    from core.training.dataset import ChunkDataset

    dataset = ChunkDataset([read_clip(data / "red")])
    recipe = LabelRecipe(100, 2, (32, 32), 1, 1e-3, seconds=10.0)
    training = LabelTraining(Segmenter(LABELS.size), dataset, Machine(), recipe)
    training.done, training.used = 10, 5.0
    training.judge()
    assert training.steps == 20
    training.done, training.used = 15, 60.0
    training.judge()
    assert training.steps == 15


@pytest.mark.training
def test_an_import_reads_with_it(data: Path, tmp_path: Path) -> None:
    def run(*words: object) -> None:
        done = CliRunner(env={"COLUMNS": "200", "TERM": "dumb"}).invoke(app, [str(word) for word in words])
        assert done.exit_code == 0, done.output

    out = tmp_path / "mine.safetensors"
    run("train-labels", "--data", data, "-o", out, "--steps", 30, "--device", "cpu", "--val", data)
    film = data / "red" / "frames.mp4"
    run("import", film, "-o", tmp_path / "clip", "--size", "48x48", "--labeller", out, "--device", "cpu")
    clip, wanted = read_clip(tmp_path / "clip"), read_clip(data / "red")
    names = [{entry.id: entry.name for entry in each.label_set} for each in (clip, wanted)]
    read = np.vectorize(names[0].get)(clip.labels)
    assert (read == np.vectorize(names[1].get)(wanted.labels)).mean() > 0.8


def test_a_checkpoint_carries_one(tmp_path: Path) -> None:
    begin = load_checkpoint(tiny.tiny_checkpoint(tmp_path / "a.safetensors"))
    assert begin.label_network is None
    torch.manual_seed(0)
    network = Segmenter(begin.label_set.size)
    with torch.no_grad():
        network(torch.randn(4, 3, 32, 32))  # statistics of its own
    carried = LabelWeights(kept(network), "Films of toy cars.", {"steps": 3})
    parts = {
        "kind": "local", "config": begin.config, "generator_state": begin.generator_state,
        "encoder_config": begin.encoder, "encoder_state": begin.encoder_state, "label_set": begin.label_set,
        "mixtures": begin.mixtures, "recipe": {},
    }  # fmt: skip
    made = save_checkpoint(tmp_path / "b.safetensors", **parts, label_network=carried)
    assert made.looks_hash == begin.looks_hash
    trained = of_checkpoint(load_checkpoint(tmp_path / "b.safetensors"))
    save_segmenter(KIND, tmp_path / "c.safetensors", network, begin.label_set, {})
    alone = load_segmenter(tmp_path / "c.safetensors", KIND)
    assert trained is not None and trained.domain == "Films of toy cars." and trained.recipe == {"steps": 3}
    np.testing.assert_array_equal(trained.probabilities(PICTURE), alone.probabilities(PICTURE))
    assert network_of_file(tmp_path / "b.safetensors").facts.domain == "Films of toy cars."

    going_on = labels_carried(None, tmp_path / "b.safetensors", begin.label_set)  # train --from, without --labels
    assert going_on is not None and going_on.domain == "Films of toy cars."
    assert labels_carried(None, tmp_path / "a.safetensors", begin.label_set) is None

    lacking = {key: value for key, value in carried.state.items() if key != "head.bias"}
    for wrong, words in (
        (LabelWeights(lacking, "", {}), "label network has no tensor 'head.bias'"),
        (LabelWeights(carried.state, "x" * 2000, {}), "no sentence"),
    ):
        with pytest.raises(InputError, match=words):
            save_checkpoint(tmp_path / "d.safetensors", **parts, label_network=wrong)


def test_names_and_beginnings_that_are_none(data: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Name it X.safetensors"):
        train(data, tmp_path / "mine.pth")
    with pytest.raises(InputError, match="reads another label set"):
        train(data, tmp_path / "mine.safetensors", begin="shipped")
    with pytest.raises(InputError, match="missing"):
        train(data, tmp_path / "mine.safetensors", begin=str(tmp_path / "none.safetensors"))
