"""Published weights: read without running anything, fitted strictly, config inferred from shapes."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from core.errors import InputError
from core.interop.vid2vid import infer_config, load_network
from core.interop.weights import load_strict, read_state
from core.models.published.network import PublishedConfig
from tests.core.interop.cases import BASE, network_with_life, save, with_buffers

CONFIGS = {
    "plain": BASE,
    "fg": replace(BASE, fg=True),
    "three scales": replace(BASE, ngf=8, n_scales_spatial=3, fg=True, n_blocks_local=2),
    "nd 3, odd blocks": replace(BASE, n_downsample_G=3, n_blocks=5, fg=True),
    "no flow": replace(BASE, no_flow=True),
    "no boundaries": replace(BASE, use_instance=False),
    "instance norm": replace(BASE, norm="instance"),
    "two frames": replace(BASE, n_frames_G=2, no_first_img=True),
    "pictures in": replace(BASE, label_nc=0, input_nc=5, use_instance=False),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_the_config_is_inferred_from_the_shapes(name: str) -> None:
    config = CONFIGS[name]
    states = [with_buffers(scale) for scale in network_with_life(config).scales]
    # Of one scale alone nothing shows how many blocks a finer one would have.
    wanted = config if config.n_scales_spatial > 1 else replace(config, n_blocks_local=3)
    assert inferred(states, config) == wanted


def inferred(states: list[dict[str, torch.Tensor]], config: PublishedConfig) -> PublishedConfig:
    return infer_config(
        states,
        use_instance=config.use_instance,
        fg_labels=config.fg_labels,
        no_first_img=config.no_first_img,
        pictures_in=config.label_nc == 0,
    )


@pytest.mark.parametrize("suffix", [".pth", ".npz", ".safetensors"])
def test_every_kind_of_file_gives_the_same_network(suffix: str, tmp_path: Path) -> None:
    network = network_with_life(replace(BASE, n_scales_spatial=2, fg=True))
    paths = [tmp_path / f"latest_net_G{scale}{suffix}" for scale in range(2)]
    for path, scale in zip(paths, network.scales, strict=True):
        state = with_buffers(scale)
        if suffix == ".pth":
            torch.save(state, path, _use_new_zipfile_serialization=False)
        else:
            save(path, state) if suffix == ".npz" else save_file(state, path)
    states = [read_state(path) for path in paths]
    config = infer_config(states, fg_labels=(2,))
    assert config.label_nc == 4
    loaded = load_network(config, states, [path.name for path in paths]).state_dict()
    for key, value in network.state_dict().items():
        assert torch.equal(loaded[key], value), key


def test_unknown_missing_and_misshapen_keys_are_named() -> None:
    network = network_with_life(BASE).netG0
    state = with_buffers(network)
    state["model_extra.1.weight"] = torch.ones(1)
    state["model_final_img.1.running_mean"] = torch.ones(3)  # there is no normalisation
    del state["model_up_img.1.bias"]
    state["model_final_img.1.bias"] = torch.ones(5)
    with pytest.raises(InputError) as caught:
        load_strict(network, state, "netG0.pth")
    said = caught.value.problem
    assert "unknown: model_extra.1.weight, model_final_img.1.running_mean" in said
    assert "missing: model_up_img.1.bias" in said
    assert "misshapen: model_final_img.1.bias (5,) instead of (3,)" in said


def test_weights_that_are_no_numbers_are_refused() -> None:
    network = network_with_life(BASE).netG0
    state = with_buffers(network)
    state["model_final_img.1.bias"] = torch.tensor([1.0, float("nan"), 0.0])
    with pytest.raises(InputError, match=r"not finite numbers: model_final_img\.1\.bias"):
        load_strict(network, state, "netG0.pth")


class Trap:
    def __reduce__(self) -> tuple[object, ...]:
        return (exec, ("raise SystemExit('run')",))


def test_files_that_would_run_something_are_refused(tmp_path: Path) -> None:
    (tmp_path / "trap.pth").write_bytes(pickle.dumps({"a": Trap()}, protocol=2))
    torch.save([1, 2], tmp_path / "list.pth")
    (tmp_path / "cut.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{")
    for name in ("trap.pth", "list.pth", "cut.safetensors", "absent.pth"):
        with pytest.raises(InputError, match=name):
            read_state(tmp_path / name)


def test_another_network_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="model_final_img"):
        infer_config([{"conv.weight": torch.ones(1, 1, 3, 3)}])
    with pytest.raises(InputError, match="netG0"):
        infer_config([])
