"""Which build of torch is installed, and by what: with CUDA where an NVIDIA GPU is seen, else the small CPU build.

Only uv can choose a build by itself; where it is not installed and needed, it is put into .venv.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tools.errors import SetupError

ROOT = Path(__file__).resolve().parent.parent
# The driver's list of GPUs, a folder each.
GPUS = Path("/proc/driver/nvidia/gpus")
# Asking whether the CPU build can be had takes a second; a network that swallows packets must not hold up the rest.
PROBE_SECONDS = 30
PROBE_SETTINGS = {"UV_HTTP_TIMEOUT": "10", "UV_HTTP_CONNECT_TIMEOUT": "5", "UV_HTTP_RETRIES": "0"}
NO_CPU_BUILD = (
    "No NVIDIA GPU is seen here, but the index of the small CPU build of torch cannot be reached: "
    "the default build is installed instead."
)

Command = list[str]


@dataclass(frozen=True)
class Build:
    """How torch and everything else is installed: the command, and whether CUDA comes along."""

    command: Command
    cuda: bool


def sees_nvidia_gpu() -> bool:
    """Whether an NVIDIA driver lists a GPU; nvidia-smi alone proves none, images without a GPU have it too."""
    if GPUS.is_dir() and any(GPUS.iterdir()):
        return True
    smi = shutil.which("nvidia-smi")
    if smi is None:
        return False
    try:
        listed = subprocess.run([smi, "-L"], capture_output=True, text=True, timeout=PROBE_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return listed.returncode == 0 and "GPU" in listed.stdout


def default_build(python: Path) -> Build:
    """pip and the package index: on Linux the build with CUDA."""
    return Build([str(python), "-m", "pip", "install", "--progress-bar", "off"], cuda=sys.platform == "linux")


def choose_build(torch: str, python: Path, run: Callable[[Command], None], say: Callable[[str], None]) -> Build:
    """The build for `torch`: auto, cpu (always the small one) or pip (always the default one).

    python: the one in .venv. `run` runs an installer and raises where it fails. Where the CPU build was not asked for
    by name and its index can't be reached, a sentence is said and the default build taken.
    """
    if torch == "pip":
        return default_build(python)
    uv = shutil.which("uv")
    if torch == "cpu":
        return _by_uv(uv, "cpu", python, run)
    # On other systems, and for a GPU, the default build is the right one; uv's own choice knows more kinds of GPUs.
    if sys.platform != "linux" or sees_nvidia_gpu():
        return Build(_with_backend([uv], "auto", python), sys.platform == "linux") if uv else default_build(python)
    try:
        build = _by_uv(uv, "auto" if uv else "cpu", python, run)
    except SetupError:
        build = None
    if build is not None and can_be_had(build.command):
        return build
    say(NO_CPU_BUILD)
    return default_build(python)


def _by_uv(uv: str | None, backend: str, python: Path, run: Callable[[Command], None]) -> Build:
    """A build without CUDA, by this uv, or by one that is put into .venv."""
    if uv is None:
        run([*default_build(python).command, "uv", "-c", str(ROOT / "constraints.txt")])
    return Build(_with_backend([uv] if uv else [str(python), "-m", "uv"], backend, python), cuda=False)


def _with_backend(uv: Command, backend: str, python: Path) -> Command:
    return [*uv, "pip", "install", "--python", str(python), "--torch-backend", backend]


def can_be_had(command: Command) -> bool:
    """Whether `command` finds the pinned torch and torchvision; nothing is downloaded or installed."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line.startswith("torch")]
    try:
        probe = subprocess.run(
            [*command, "--dry-run", "--no-deps", "--reinstall", *pins],
            env=os.environ | PROBE_SETTINGS, capture_output=True, timeout=PROBE_SECONDS,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return False
    return probe.returncode == 0
