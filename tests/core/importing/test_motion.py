"""Motion both ways with validity: by DIS, by RAFT with the weights of a file, and by anything else that estimates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.models import get_model

from core.errors import InputError
from core.footage.estimated_flow import dis_flow, flow_to_before
from core.importing.motion import MotionChoice, find_motion, read_motion
from core.importing.raft import Raft

CPU = torch.device("cpu")


def textured(shift: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    wide = np.kron(rng.integers(0, 256, (12, 40, 3)), np.ones((4, 4, 1))).astype(np.uint8)
    return np.ascontiguousarray(wide[:, 20 + shift : 116 + shift])


def test_dis_finds_where_pixels_were() -> None:
    flow, valid = flow_to_before(textured(0), textured(-3))
    inner = np.s_[8:-8, 12:-12]
    np.testing.assert_allclose(np.median(flow[inner], (0, 1)), (3, 0), atol=0.3)
    assert valid[inner].mean() > 0.8


def test_what_does_not_come_home_is_not_valid() -> None:
    def right(picture: np.ndarray, other: np.ndarray) -> np.ndarray:
        return np.full((*picture.shape[:2], 2), (5.0, 0.0), np.float32)

    _, valid = flow_to_before(textured(0), textured(0), right)
    assert not valid.any()  # five to the right, and five more on the way back

    def there_and_back(picture: np.ndarray, other: np.ndarray) -> np.ndarray:
        return right(picture, other) * (1 if picture is first else -1)

    first = textured(0)
    _, valid = flow_to_before(first, textured(0), there_and_back)
    assert valid[:, :-5].all() and not valid[:, -5:].any()  # what left the picture


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("raft") / "raft_small.pth"
    torch.save(get_model("raft_small", weights=None).state_dict(), path)
    return path


def test_raft_reads_as_it_does_by_itself(weights: Path, tmp_path: Path) -> None:
    raft = Raft(weights, CPU)
    found = raft(textured(0), textured(-3))
    assert found.shape == (48, 96, 2) and found.dtype == np.float32
    network = get_model("raft_small", weights=None)
    network.load_state_dict(torch.load(weights, weights_only=True))
    padded = [np.pad(textured(shift), ((0, 80), (0, 32), (0, 0)), "edge") for shift in (0, -3)]
    pair = [torch.from_numpy(picture.transpose(2, 0, 1))[None] / 127.5 - 1 for picture in padded]
    with torch.inference_mode():
        wanted = network.eval()(*pair)[-1][0, :, :48, :96]
    np.testing.assert_allclose(found, wanted.permute(1, 2, 0).numpy(), atol=1e-3)


def test_raft_is_a_choice(weights: Path, tmp_path: Path) -> None:
    estimate, identity = MotionChoice.parse(f"raft:{weights}").open(CPU)
    assert isinstance(estimate, Raft) and identity != MotionChoice.parse("dis").open(CPU)[1]
    frames = np.stack([textured(0), textured(-3)])
    find_motion(frames, tmp_path, lambda done, count: None, lambda a, b: np.zeros((*a.shape[:2], 2), np.float32))
    motion = read_motion(tmp_path)
    assert motion.valid[1].all() and not motion.valid[0].any() and not motion.flow.any()
    assert MotionChoice.parse("dis").open(CPU)[0] is dis_flow


def test_weights_of_something_else_are_refused(weights: Path, tmp_path: Path) -> None:
    state = torch.load(weights, weights_only=True)
    torch.save({"a": torch.zeros(3)}, tmp_path / "a.pth")
    with pytest.raises(InputError, match="neither of raft_large nor of raft_small"):
        Raft(tmp_path / "a.pth", CPU)
    torch.save(dict(list(state.items())[:20]), tmp_path / "b.pth")
    with pytest.raises(InputError, match="has no tensor"):
        Raft(tmp_path / "b.pth", CPU)
    for text in ("raft", "raft:", "dis:3", "flow"):
        with pytest.raises(InputError, match="no way to estimate motion"):
            MotionChoice.parse(text)
