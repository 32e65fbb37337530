"""Compare our networks with recorded outputs of the published ones: generators and parts, a result a case.

A folder with recorded roll-outs of a generator holds meta.json, inputs.npz, outputs.npz and netG*.state.npz; every
other .npz is a part, recognised by what is in it; skipped_frames.json and losses.json are parts as well. A case that
is not whole is a failed case and says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import inf, isfinite
from pathlib import Path

import torch

from core.errors import InputError
from core.interop.reference_generator import check_generator, is_generator_case
from core.interop.reference_losses import check_losses, check_windows
from core.interop.reference_parts import check_part
from core.interop.worst import Worst


@dataclass(frozen=True)
class CaseResult:
    """One case: the difference that is nearest to its limit or furthest beyond it, and where it was found."""

    name: str
    difference: float
    limit: float
    ok: bool
    note: str = ""


def check_reference(folder: Path) -> Iterator[CaseResult]:
    """Check every case in `folder` and below, one result a case as it is made; nothing where there is none."""
    for name, check in _cases(folder):
        with _exact():
            yield _result(name, check)


def format_line(result: CaseResult) -> str:
    """One line for a terminal."""
    verdict = "ok  " if result.ok else "FAIL"
    found = (
        f"{result.difference:.2e} of {result.limit:.1e}"
        if result.limit or isfinite(result.difference)
        else "not compared"
    )
    return f"{verdict}  {result.name:<28} {found:>19}  {result.note}".rstrip()


def run_check(folder: Path, write: Callable[[str], None] = print) -> int:
    """Check, writing a line a case as it is done. Returns the exit code: 1 on any FAIL or when there is no case."""
    results = []
    for result in check_reference(folder):
        write(format_line(result))
        results.append(result)
    failed = sum(not result.ok for result in results)
    if not results:
        write(f"FAIL  {folder} has no case: no netG0.state.npz with inputs and outputs, no part.")
        return 1
    write(f"{len(results)} cases, {failed} failed" if failed else f"{len(results)} cases, all ok")
    return int(failed > 0)


def _cases(folder: Path) -> Iterator[tuple[str, Callable[[], Worst]]]:
    """Name and check of every case, in the order of their paths."""
    below = sorted(path for path in folder.rglob("*") if path.is_dir()) if folder.is_dir() else []
    for place in [folder, *below] if folder.is_dir() else []:
        name = place.relative_to(folder).as_posix()
        if is_generator_case(place):
            yield (place.name if place == folder else name), partial(check_generator, place)
            continue
        for path in sorted(place.iterdir()):
            check = _part(path)
            if check is not None:
                yield path.relative_to(folder).with_suffix("").as_posix(), check


def _part(path: Path) -> Callable[[], Worst] | None:
    if path.name == "losses_inputs.npz" or path.name == "losses.json":
        # The two files are one case; it is met at the first of them that is there.
        first = path.name == "losses.json" or not path.with_name("losses.json").exists()
        return (lambda: check_losses(path.parent)) if first else None
    if path.name.startswith("skipped_frames") and path.suffix == ".json":
        return lambda: check_windows(path)
    return (lambda: check_part(path)) if path.suffix == ".npz" else None


def _result(name: str, check: Callable[[], Worst]) -> CaseResult:
    try:
        worst = check()
    except InputError as error:
        return CaseResult(name, inf, 0.0, False, str(error))
    # What a damaged file can set off on its way through numpy and torch: the case failed, the others go on.
    except (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError) as error:
        detail = (str(error) or "no message").splitlines()[0][:160]
        return CaseResult(name, inf, 0.0, False, f"cannot be run: {type(error).__name__}: {detail}")
    return CaseResult(name, worst.difference, worst.limit, worst.ok, worst.note)


@contextmanager
def _exact() -> Iterator[None]:
    """Float32 throughout: no gradient, no autocast, no reduced precision inside a multiplication."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with torch.no_grad(), torch.autocast("cpu", enabled=False):
            yield
    finally:
        torch.set_float32_matmul_precision(before)
