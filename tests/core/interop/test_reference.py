"""The check against recorded cases: it passes what is right, and fails what is wrong or not whole, in a sentence."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.interop.reference import CaseResult, check_reference, format_line, run_check
from core.interop.worst import Worst
from core.models.discriminators import MultiscaleDiscriminator
from core.models.published.single import GlobalWithZ, LocalEnhancer, LocalWithZ
from tests.core.interop.cases import BASE, REFERENCE, change, save, with_buffers, write_case

VARIANTS = {
    "s1": {},
    "s1_fg2": {"fg": True, "fg_labels": (1, 2)},
    "s2": {"n_scales_spatial": 2},
    "s3_fg": {"n_scales_spatial": 3, "fg": True},
    "s2_nd3_fg": {"n_scales_spatial": 2, "n_downsample_G": 3, "fg": True},
    "s2_noflow_fg": {"n_scales_spatial": 2, "no_flow": True, "fg": True},
    "s1_nofirst": {"no_first_img": True},
    "s2_nofirst_fg": {"n_scales_spatial": 2, "no_first_img": True, "fg": True},
    "s1_noinst": {"use_instance": False},
    "s1_instnorm": {"norm": "instance"},
    "s1_tG2": {"n_frames_G": 2},
    "s1_nblocks3": {"n_blocks": 3},
    "s2_nblocks1": {"n_blocks": 1, "n_scales_spatial": 2, "n_blocks_local": 2},
}


def only(folder: Path) -> CaseResult:
    results = list(check_reference(folder))
    assert len(results) == 1, results
    return results[0]


def test_the_recorded_case_in_the_repository_is_reproduced() -> None:
    result = only(Path(__file__).parent / "recorded")
    assert result.ok, result
    assert result.name == "s2_fg"


@pytest.mark.reference
@pytest.mark.slow
def test_every_recorded_case_is_reproduced() -> None:
    if not REFERENCE.is_dir():
        pytest.skip(f"no recorded cases at {REFERENCE}; set SCENEBRUSH_REFERENCE")
    results = list(check_reference(REFERENCE))
    assert results
    assert [format_line(result) for result in results if not result.ok] == []


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_is_recognised_by_its_files(name: str, tmp_path: Path) -> None:
    write_case(tmp_path / "mini" / name, replace(BASE, ngf=8, **VARIANTS[name]), size=(32, 64))
    result = only(tmp_path)
    assert result.ok, result
    assert result.name == f"mini/{name}"


@pytest.fixture
def case(tmp_path: Path) -> Path:
    return write_case(tmp_path / "case", replace(BASE, fg=True))


@pytest.mark.parametrize(
    "key", ["t0_s0_final", "t1_s0_raw", "t1_s0_flow", "t0_s0_weight", "t0_s0_warp", "t0_s0_img_feat"]
)
def test_a_small_deviation_anywhere_fails(case: Path, key: str) -> None:
    with np.load(case / "outputs.npz") as outputs:
        value = outputs[key].copy()
    value[0, 3, 5] += 0.01
    change(case / "outputs.npz", **{key: value})
    result = only(case.parent)
    assert not result.ok
    assert result.difference > result.limit


def test_inputs_stored_in_half_precision_are_given_its_rounding(tmp_path: Path) -> None:
    folder = write_case(tmp_path / "case", replace(BASE, n_scales_spatial=2))
    with np.load(folder / "outputs.npz") as outputs:
        exact = outputs["t0_s0_in_label"]
    assert np.abs(exact.astype(np.float16) - exact).max() > 1e-4
    change(folder / "outputs.npz", t0_s0_in_label=exact.astype(np.float16))
    assert only(tmp_path).ok
    change(folder / "outputs.npz", t0_s0_in_label=(exact + 0.002).astype(np.float16))
    assert not only(tmp_path).ok


def test_a_factor_of_the_flow_is_noticed(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import core.models.published.scales as scales

    monkeypatch.setattr(scales, "FLOW_UNIT", 20.1)
    assert not only(case.parent).ok


def test_a_number_that_is_none_fails(case: Path) -> None:
    change(case / "outputs.npz", t1_s0_final=np.full((3, 16, 32), np.nan, np.float32))
    assert not only(case.parent).ok


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


DAMAGE = {
    "meta.json is missing": (lambda f: (f / "meta.json").unlink(), "meta.json"),
    "meta.json is no JSON": (lambda f: (f / "meta.json").write_text("{"), "meta.json"),
    "meta.json has no config": (lambda f: (f / "meta.json").write_text("{}"), "config"),
    "inputs are missing": (lambda f: (f / "inputs.npz").unlink(), "inputs.npz"),
    "outputs are missing": (lambda f: (f / "outputs.npz").unlink(), "outputs.npz"),
    "outputs are cut off": (lambda f: _truncate(f / "outputs.npz"), "outputs.npz"),
    "weights are missing": (lambda f: (f / "netG0.state.npz").unlink(), "netG0"),
    "weights are empty": (lambda f: (f / "netG0.state.npz").write_bytes(b""), "netG0"),
    "a key is missing": (lambda f: change(f / "netG0.state.npz", model_up_img__1__bias=None), "model_up_img.1.bias"),
    "a key is unknown": (lambda f: change(f / "netG0.state.npz", model_extra=np.ones(3)), "model_extra"),
    "a frame is missing": (lambda f: change(f / "outputs.npz", t1_s0_final=None), "t1_s0_final"),
    "an output is unknown": (lambda f: change(f / "outputs.npz", t1_s0_other=np.ones(3)), "t1_s0_other"),
    "a shape differs": (lambda f: change(f / "outputs.npz", t1_s0_raw=np.ones((3, 8, 8), np.float32)), "t1_s0_raw"),
    "labels are missing": (lambda f: change(f / "inputs.npz", label=None), "label"),
    "a label is unknown": (lambda f: change(f / "inputs.npz", label=np.full((4, 16, 32), 9, np.uint8)), "9"),
    "too few labels": (lambda f: change(f / "inputs.npz", label=np.ones((2, 16, 32), np.uint8)), "inst"),
    "no start": (lambda f: change(f / "inputs.npz", real=None), "real"),
    "another object": (lambda f: change(f / "inputs.npz", label=np.array([object()], dtype=object)), "inputs.npz"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_case_that_is_not_whole_fails_and_says_why(case: Path, damage: str) -> None:
    do, named = DAMAGE[damage]
    do(case)
    write_case(case.parent / "next", BASE)
    first, second = check_reference(case.parent)
    assert not first.ok
    assert named in first.note
    assert "FAIL" in format_line(first) and "\n" not in format_line(first)
    assert second.ok


def test_meta_and_weights_must_agree(case: Path) -> None:
    meta = json.loads((case / "meta.json").read_text())
    meta["config"]["n_blocks"] = 4
    (case / "meta.json").write_text(json.dumps(meta))
    assert "n_blocks 4" in only(case.parent).note


def test_exit_code(case: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    assert run_check(case, lines.append) == 0
    assert "all ok" in lines[-1]
    (case / "meta.json").unlink()
    assert run_check(case.parent, lines.append) == 1
    (tmp_path / "empty").mkdir()
    assert run_check(tmp_path / "empty", lines.append) == 1
    assert run_check(tmp_path / "nowhere", lines.append) == 1
    assert "no case" in lines[-1]


def _write_part(path: Path, network: torch.nn.Module, **arrays: torch.Tensor) -> None:
    save(path, arrays | {f"sd.{key}": value for key, value in with_buffers(network).items()})


def test_first_frame_networks_with_z_are_recognised_by_their_weights(tmp_path: Path) -> None:
    x, z = torch.rand(1, 4, 32, 64), torch.rand(1, 3, 32, 64)
    common = {"source": 4, "ngf": 4, "n_down": 2, "n_blocks": 2}
    networks = {
        "single_global_with_z": GlobalWithZ(**common, nz=3),
        "single_local_with_z": LocalWithZ(**common, nz=3),
        "single_local_with_less_z": LocalWithZ(**common, nz=3, z_entry=False, z_blocks=False, picture="last"),
    }
    for name, network in networks.items():
        with torch.no_grad():
            _write_part(tmp_path / f"{name}.npz", network, x=x, z=z, out=network(x, z))
    two = LocalEnhancer(4, ngf=2, n_down=2, n_blocks=1, n_local=2, n_blocks_local=1)
    with torch.no_grad():
        _write_part(tmp_path / "two.npz", two, x=x, out=two(x))
    results = list(check_reference(tmp_path))
    assert len(results) == 4
    assert all(result.ok for result in results), results


def test_a_discriminator_of_three_scales(tmp_path: Path) -> None:
    network, x = MultiscaleDiscriminator(5, ndf=32, n_layers=2, num_D=3), torch.rand(2, 5, 32, 48)
    with torch.no_grad():
        features = {f"f{i}_{j}": f for i, scale in enumerate(network(x)) for j, f in enumerate(scale)}
    _write_part(tmp_path / "disc.npz", network, x=x, **features)
    assert only(tmp_path).ok
    change(tmp_path / "disc.npz", f2_1=None)
    assert "f2_1" in only(tmp_path).note


def test_parts_that_are_not_whole_fail(tmp_path: Path) -> None:
    save(tmp_path / "a.npz", {"what": torch.ones(2)})
    (tmp_path / "b.npz").write_bytes(b"PK not really")
    (tmp_path / "losses.json").write_text('{"default": {}}')
    (tmp_path / "skipped_frames.json").write_text('{"dense": []}')
    results = {result.name: result for result in check_reference(tmp_path)}
    assert set(results) == {"a", "b", "losses", "skipped_frames"}
    assert not any(result.ok for result in results.values())
    assert "losses_inputs.npz" in results["losses"].note


@pytest.mark.skipif(sys.platform == "win32", reason="no such files there")
@pytest.mark.parametrize("name", ["skipped_frames.json", "losses.json"])
def test_a_pipe_in_the_place_of_a_table_fails(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    assert "not a regular file" in only(tmp_path).note


@pytest.mark.parametrize("name", ["skipped_frames.json", "losses.json", "case/meta.json"])
def test_a_table_is_read_up_to_a_size(tmp_path: Path, name: str) -> None:
    write_case(tmp_path / "case", BASE)
    with (tmp_path / name).open("wb") as file:
        file.truncate(1 << 30)
    results = {result.name: result for result in check_reference(tmp_path)}
    assert "larger than" in results[Path(name).with_suffix("").as_posix().removesuffix("/meta")].note


def test_windows_in_time_are_compared_exactly(tmp_path: Path) -> None:
    path = tmp_path / "skipped_frames.json"
    path.write_text(
        '{"dense": [[null], [[[1, 2, 3]]], [[[3, 4, 5]]]], "sparse": [[null], [[[1, 2, 3]]], [[[3, 4, 5]]]]}'
    )
    assert only(tmp_path).ok
    path.write_text(path.read_text().replace("[1, 2, 3]", "[0, 1, 2]", 1))
    assert "after 4 frames" in format_line(only(tmp_path))
    assert not only(tmp_path).ok


def test_a_failure_is_not_covered_by_what_comes_after() -> None:
    worst = Worst()
    assert not worst.ok
    worst.number("exact", 1.0, 0.0)
    worst.number("later", 0.0, 0.0)
    worst.number("nearly", 0.9, 1.0)
    assert not worst.ok and worst.note == "exact"
