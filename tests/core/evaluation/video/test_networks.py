"""Video networks: their structure, and weights from files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.errors import InputError
from core.evaluation.video import networks
from core.evaluation.video.i3d import I3D, _padded
from core.evaluation.video.networks import _Known, load_video_network, parse_video_network
from core.evaluation.video.resnext import ResNeXt101
from core.evaluation.video.windows import Seen

WINDOW = Seen(np.random.default_rng(0).integers(0, 256, (4, 8, 16, 3), np.uint8), [])


class Tiny(nn.Module):
    """The mean of a convolution of the frames."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv3d(3, 2, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv1(x).mean((2, 3, 4))


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    form = _Known(Tiny, "a test", 8, (2, 2, 2), (-1, -1, -1))
    monkeypatch.setattr(networks, "known", lambda: {"tiny": form})


def weights() -> dict[str, Tensor]:
    return {"conv1.weight": torch.tensor([[1.0, 0, 0], [0, 2, 0]]).view(2, 3, 1, 1, 1)}


def test_public_names_of_weights_are_those_of_the_networks():
    with torch.device("meta"):
        i3d, resnext = I3D().state_dict(), ResNeXt101().state_dict()
    assert i3d["Conv3d_1a_7x7.conv3d.weight"].shape == (64, 3, 7, 7, 7)
    assert i3d["Mixed_4f.b1b.conv3d.weight"].shape == (320, 160, 3, 3, 3)
    assert i3d["Mixed_5c.b3b.bn.running_var"].shape == (128,)
    assert sum(key.endswith("conv3d.weight") for key in i3d) == 3 + 9 * 6
    assert resnext["layer3.22.conv2.weight"].shape == (512, 16, 3, 3, 3)
    assert resnext["layer4.0.downsample.1.running_mean"].shape == (2048,)
    assert sum("conv" in key for key in resnext) == 1 + 3 * 33


def test_i3d_sees_windows_of_any_length():
    torch.manual_seed(0)
    network = I3D().eval()
    with torch.inference_mode():
        for frames in (4, 9):
            assert network(torch.rand(1, 3, frames, 32, 32)).shape == (1, 1024)


def test_padding_gives_size_over_stride_rounded_up():
    x = torch.rand(1, 1, 5, 7, 8)
    assert _padded(x, (3, 3, 3), (2, 2, 2)).unfold(2, 3, 2).shape[2] == 3
    # An odd kernel with stride 1: the usual padding of one on each side.
    assert torch.equal(_padded(x, (3, 3, 3), (1, 1, 1)), F.pad(x, (1,) * 6))


def test_a_person_s_file_is_loaded_and_frames_are_scaled(tiny, tmp_path):
    path = tmp_path / "tiny.pth"
    # As those of 3D ResNets are: a table, names with a word before, a classifier, counters.
    state = {f"module.{key}": value for key, value in weights().items()}
    state |= {"module.fc.weight": torch.zeros(5, 2), "module.bn.num_batches_tracked": torch.tensor(3)}
    torch.save({"epoch": 3, "state_dict": state}, path)
    network = load_video_network("tiny", path)
    mean = WINDOW.pictures.mean((0, 1, 2)) / 127.5 - 1
    assert network.features(WINDOW) == pytest.approx([mean[0], 2 * mean[1]], abs=0.02)
    assert network.name == "tiny"


@pytest.mark.parametrize(
    ("name", "state", "words"),
    [
        ("nothing", None, "no video network 'nothing'"),
        ("tiny", None, "--video-network tiny=FILE"),
        ("tiny", {"other.weight": torch.zeros(1)}, "has no tensor 'conv1.weight'"),
        ("tiny", {"conv1.weight": torch.zeros(1)}, "misshapen"),
    ],
)
def test_what_cannot_be_used_ends_in_a_sentence(tiny, tmp_path, name, state, words):
    path: Path | None = None
    if state is not None:
        path = tmp_path / "weights.pth"
        torch.save(state, path)
    with pytest.raises(InputError, match=words):
        load_video_network(name, path)


def test_without_the_internet_a_download_is_refused_in_a_sentence(monkeypatch):
    def unreachable() -> dict[str, Tensor]:
        raise OSError("Name or service not known")

    monkeypatch.setattr(networks, "known", lambda: {"tiny": _Known(Tiny, "", 8, (1, 1, 1), (0, 0, 0), unreachable)})
    with pytest.raises(InputError, match="can't be downloaded here .*tiny=FILE"):
        load_video_network("tiny", None)


def test_names_and_files_are_told_apart():
    assert parse_video_network("r3d_18") == ("r3d_18", None)
    assert parse_video_network("i3d=a=b.pt") == ("i3d", Path("a=b.pt"))
    assert {"i3d", "resnext101", "r3d_18", "mc3_18", "r2plus1d_18"} == networks.known().keys()
