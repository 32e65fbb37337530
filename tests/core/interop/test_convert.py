"""Published weights become a checkpoint: every tensor kept, whatever does not fit refused, nothing half written."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner, Result

from core.__main__ import app
from core.checkpoint import load_checkpoint
from core.clip.clip import Clip
from core.clip.native import write_clip
from core.errors import InputError
from core.headless.render import render_clip
from core.interop.vid2vid import load_network
from core.interop.weights import read_state
from core.models.encoder import Encoder
from core.models.generator import LabelMaps
from core.models.published.fast import FastGenerator
from core.models.published.network import PublishedConfig, PublishedGenerator
from tests.core.interop.cases import REFERENCE, published_checkpoint, with_buffers, write_weights
from tests.core.tiny import CAR, LABELS, tiny_clip

CONFIG = PublishedConfig(label_nc=3, ngf=4, n_downsample_G=2, n_blocks=2, n_blocks_local=1)


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    (tmp_path / "label_set.json").write_text(json.dumps(LABELS.to_dict()))
    return tmp_path / "label_set.json"


def convert(labels: Path, *words: object) -> Result:
    """`python -m core convert` into X.safetensors beside the label set."""
    command = ["convert", *words, "--labels", labels, "-o", labels.with_name("X.safetensors")]
    return CliRunner(env={"COLUMNS": "200", "TERM": "dumb"}).invoke(app, [str(word) for word in command])


def refused(result: Result, labels: Path, *words: str) -> None:
    """Ended with 2 and one sentence; no checkpoint, and nothing half written beside it."""
    assert result.exit_code == 2, result.output
    assert result.stdout == "" and len(result.stderr.strip().splitlines()) == 1
    for word in words:
        assert word in result.stderr
    assert not [path.name for path in labels.parent.iterdir() if "safetensors" in path.name]


CONFIGS = {
    "one scale": (CONFIG, []),
    "three scales and a foreground": (
        replace(CONFIG, ngf=8, n_scales_spatial=3, fg=True, fg_labels=(CAR,)),
        ["--foreground", "car"],
    ),
    "no boundary maps": (replace(CONFIG, use_instance=False), ["--no-boundaries"]),
    "starts empty": (replace(CONFIG, no_first_img=True, n_frames_G=2), ["--starts-empty"]),
    "instance norm, no flow": (replace(CONFIG, norm="instance", no_flow=True), []),
}


@pytest.mark.parametrize("legacy", [True, False])
@pytest.mark.parametrize("name", CONFIGS)
def test_every_tensor_is_kept_bit_for_bit(labels: Path, name: str, legacy: bool) -> None:
    config, options = CONFIGS[name]
    files = write_weights(labels.parent / "weights", config, legacy=legacy)
    result = convert(labels, *files, *options)
    assert result.exit_code == 0, result.output
    assert "the whole picture" in " ".join(result.stdout.split())
    made = load_checkpoint(labels.with_name("X.safetensors"))
    assert made.kind == "published" and made.label_set == LABELS
    wanted = config if config.n_scales_spatial > 1 else replace(config, n_blocks_local=3)
    assert PublishedConfig(**made.config) == (wanted if config.fg else replace(wanted, fg_labels=()))
    for scale, file in enumerate(files):
        given = {key: value for key, value in read_state(file).items() if not _is_buffer(key)}
        kept = {key: made.generator_state[f"network.netG{scale}.{key}"] for key in given}
        assert all(torch.equal(kept[key], given[key]) and kept[key].dtype == given[key].dtype for key in given)
    assert len(made.generator_state) == sum(not _is_buffer(key) for file in files for key in read_state(file))


def _is_buffer(key: str) -> bool:
    return key.rpartition(".")[2] in ("running_mean", "running_var", "num_batches_tracked")


def test_it_renders_as_the_weights_do(tmp_path: Path) -> None:
    checkpoint = load_checkpoint(published_checkpoint(tmp_path, LABELS))
    clip = tiny_clip()
    direct = PublishedGenerator(PublishedConfig(**checkpoint.config))
    files = sorted(tmp_path.glob("*.pth"))
    direct.network = load_network(direct.config, [read_state(file) for file in files], [file.name for file in files])
    assert checkpoint.build_encoder() is None and checkpoint.mixtures == {}
    pictures = np.stack(list(render_clip(clip, (), checkpoint)))
    assert pictures.shape == clip.pictures.shape and pictures.std() > 1
    twin = FastGenerator(direct.eval(), torch.float32)
    ours = checkpoint.build_generator("cpu", "float32")
    state, twins = ours.start(), twin.start()
    for labels, objects in zip(clip.labels, clip.objects, strict=True):
        maps = LabelMaps(torch.tensor(labels)[None], torch.tensor(objects)[None])
        picture, state = ours.step(maps, torch.zeros(1, 3, *labels.shape), state)
        wanted, twins = twin.step(maps, torch.zeros(1, 3, *labels.shape), twins)
        assert torch.equal(picture, wanted)


def test_the_command_line_says_what_it_cannot_do(tmp_path: Path) -> None:
    write_clip(tiny_clip(), tmp_path / "clip")
    checkpoint = published_checkpoint(tmp_path, LABELS)
    words = ["render", tmp_path / "clip", "--frames", tmp_path / "frames", "--checkpoint", checkpoint]
    result = CliRunner(env={"COLUMNS": "200", "TERM": "dumb"}).invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    assert "changes the whole picture" in result.stderr and "looks change nothing" in result.stderr
    assert len(list((tmp_path / "frames").iterdir())) == 4


def test_an_encoder_is_kept_beside_it(labels: Path) -> None:
    files = write_weights(labels.parent / "weights", CONFIG)
    encoder = Encoder(ngf=4, n_down=1)
    torch.save(with_buffers(encoder), labels.with_name("encoder.pth"))
    assert convert(labels, *files, "--encoder", labels.with_name("encoder.pth")).exit_code == 0
    kept = load_checkpoint(labels.with_name("X.safetensors"))
    assert kept.encoder == encoder.config
    assert all(torch.equal(kept.encoder_state[key], value) for key, value in encoder.state_dict().items())


def test_an_encoder_of_another_size_is_refused(labels: Path) -> None:
    files = write_weights(labels.parent / "weights", CONFIG)
    torch.save(Encoder(out_channels=16, ngf=4, n_down=1).state_dict(), labels.with_name("encoder.pth"))
    refused(convert(labels, *files, "--encoder", labels.with_name("encoder.pth")), labels, "to 16 numbers", "3 numbers")


@pytest.mark.parametrize(
    ("config", "options", "words"),
    [
        (replace(CONFIG, label_nc=4), [], ["4 classes and a boundary map", "'tiny' has 3"]),
        (replace(CONFIG, use_instance=False), [], ["2 classes and a boundary map", "--no-boundaries"]),
        (replace(CONFIG, fg=True, fg_labels=(CAR,)), [], ["--foreground"]),
        (CONFIG, ["--foreground", "car"], ["no branch for foreground classes"]),
        (replace(CONFIG, fg=True, fg_labels=(CAR,)), ["--foreground", "bus"], ["no class 'bus'"]),
        (replace(CONFIG, fg=True, fg_labels=(CAR,)), ["--foreground", "7"], ["Class id 7"]),
    ],
)
def test_hints_that_do_not_fit_are_refused(
    labels: Path, config: PublishedConfig, options: list[str], words: list[str]
) -> None:
    refused(convert(labels, *write_weights(labels.parent / "weights", config), *options), labels, *words)


def test_scales_in_the_wrong_order_and_missing_keys_are_refused(labels: Path) -> None:
    first, second = write_weights(labels.parent / "weights", replace(CONFIG, n_scales_spatial=2))
    refused(convert(labels, second, first), labels, "latest_net_G1.pth is not the first file")
    refused(convert(labels, first, first), labels, "latest_net_G0.pth does not fit")
    state = read_state(first)
    del state["model_final_img.1.bias"]
    torch.save(state, first)
    refused(convert(labels, first, second), labels, "missing: model_final_img.1.bias")
    torch.save({"conv.weight": torch.ones(1, 1, 3, 3)}, first)
    refused(convert(labels, first), labels, "not the first file of a published vid2vid generator")


class Trap:
    """Unpickled, it writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (os.mkdir, (str(self.path),))


def _cut(path: Path, keep: int) -> None:
    path.write_bytes(path.read_bytes()[:keep])


def _inflated(path: Path) -> None:
    """A small zip that says of a member that it unpacks to 5 GB."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as members:
        members.writestr("archive/data.pkl", b"x")
        members.filelist[0].file_size = 5 * 2**30


def _endless(path: Path) -> None:
    """One number that is said to be a tensor of 2**40."""
    torch.save({"a": torch.zeros(1).as_strided((2**20, 2**20), (0, 0))}, path)


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "text": (lambda path: path.write_text("weights, they say"), "not a file of weights"),
    "empty": (lambda path: path.write_bytes(b""), "not a file of weights"),
    "another zip": (lambda path: zipfile.ZipFile(path, "w").writestr("a/b.txt", "c"), "cut off or damaged"),
    "cut zip": (lambda path: _cut(path, 900), "cut off or damaged"),
    "inflated zip": (_inflated, "unpacks to more than 4 GB"),
    "endless tensor": (_endless, "larger than 4 GB"),
    "module": (lambda path: torch.save(torch.nn.Linear(1, 1), path), "never loaded"),
    "list": (lambda path: torch.save([torch.ones(1)], path), "not a plain list of tensors"),
    "numbers": (lambda path: torch.save({1: torch.ones(1)}, path), "not a plain list of tensors"),
    "sparse": (lambda path: torch.save({"a": torch.eye(2).to_sparse()}, path), "not a plain list of tensors"),
    "folder": (lambda path: (path.unlink(), path.mkdir()), "is a folder"),
    "pipe": (lambda path: (path.unlink(), os.mkfifo(path)), "not a regular file"),
    "missing": (lambda path: path.unlink(), "is missing"),
}


@pytest.mark.parametrize("what", BAD)
def test_wrong_files_are_refused(labels: Path, what: str) -> None:
    (file,) = write_weights(labels.parent / "weights", CONFIG)
    spoil, words = BAD[what]
    spoil(file)
    refused(convert(labels, file), labels, file.name, words)


@pytest.mark.parametrize("legacy", [True, False])
def test_code_in_a_file_is_never_run(labels: Path, legacy: bool) -> None:
    (file,) = write_weights(labels.parent / "weights", CONFIG)
    trap = {"model": Trap(labels.with_name("ran"))}
    torch.save(trap, file, _use_new_zipfile_serialization=not legacy)
    refused(convert(labels, file), labels, file.name, "never loaded")
    assert not labels.with_name("ran").exists()


@pytest.mark.parametrize("legacy", [True, False])
def test_damaged_files_end_in_a_sentence(tmp_path: Path, legacy: bool) -> None:
    (file,) = write_weights(tmp_path, CONFIG, legacy=legacy)
    whole, random = file.read_bytes(), np.random.default_rng(0)
    for _ in range(60):
        data = bytearray(whole[: random.integers(2, len(whole))] if random.random() < 0.3 else whole)
        for place in random.integers(0, min(len(data), 4000), 8):
            data[place] = random.integers(256)
        file.write_bytes(data)
        try:
            read_state(file)
        except InputError as error:
            assert "\n" not in str(error)


def test_a_checkpoint_is_named_and_not_overwritten_by_a_failure(labels: Path) -> None:
    (file,) = write_weights(labels.parent / "weights", CONFIG)
    target = labels.with_name("X.safetensors")
    target.write_bytes(b"mine")
    assert convert(labels.with_name("nowhere.json"), file).exit_code == 2
    file.write_bytes(b"")
    assert convert(labels, file).exit_code == 2
    assert target.read_bytes() == b"mine"
    result = CliRunner().invoke(app, ["convert", str(file), "--labels", str(labels), "-o", "X.pth"])
    assert result.exit_code == 2 and "X.safetensors" in result.stderr


@pytest.mark.reference
@pytest.mark.parametrize(("case", "foreground"), [("s1", []), ("s2_fg", ["--foreground", "6"])])
def test_recorded_weights_become_a_checkpoint_that_renders(tmp_path: Path, case: str, foreground: list[str]) -> None:
    folder = REFERENCE / "mini" / case
    if not folder.is_dir():
        pytest.skip("no recorded outputs here")
    inputs = np.load(folder / "inputs.npz")
    classes = [{"id": i, "name": f"class {i}", "colour": "#000000", "kind": "thing"} for i in range(8)]
    (tmp_path / "label_set.json").write_text(json.dumps({"name": "eight", "classes": classes}))
    files = sorted(folder.glob("netG*.state.npz"))
    assert convert(tmp_path / "label_set.json", *files, *foreground).exit_code == 0
    checkpoint = load_checkpoint(tmp_path / "X.safetensors")
    for scale, file in enumerate(files):
        for key, value in read_state(file).items():
            assert _is_buffer(key) or torch.equal(checkpoint.generator_state[f"network.netG{scale}.{key}"], value)
    clip = Clip("eight", checkpoint.label_set, inputs["label"], inputs["inst"], tiny_clip().rate)
    pictures = list(render_clip(clip, (), checkpoint))
    assert len(pictures) == len(clip) and all(picture.std() > 5 for picture in pictures)
