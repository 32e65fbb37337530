"""Set-up: which Python and which build of torch are taken, what is said, and that no browser test passes unrun."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import browser, prepare, torch_build
from tools.errors import SetupError

ROOT = Path(__file__).resolve().parent.parent


def script(folder: Path, name: str, text: str) -> None:
    """Write an executable shell script."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def find_python(path: Path, named: str = "") -> subprocess.CompletedProcess[str]:
    """Run tools/find_python.sh where only `path` is searched for commands."""
    command = ["/bin/sh", str(ROOT / "tools/find_python.sh")]
    return subprocess.run(command, env={"PATH": str(path), "PYTHON": named}, capture_output=True, text=True)


def test_shims_with_nothing_behind_are_passed_over(tmp_path: Path) -> None:
    for name in ("python3", "python3.12", "python3.13", "python"):
        script(tmp_path, name, "echo 'command not found' >&2; exit 127")
    script(tmp_path, "python3.11", f'exec "{sys.executable}" "$@"')
    found = find_python(tmp_path)
    assert (found.returncode, found.stdout.strip()) == (0, "python3.11")


def test_no_python_is_a_sentence(tmp_path: Path) -> None:
    found = find_python(tmp_path)
    assert found.returncode == 1
    assert found.stderr.startswith("Scenebrush needs Python 3.11, 3.12 or 3.13") and found.stderr.count("\n") == 1


def test_python_without_venv_is_a_sentence(tmp_path: Path) -> None:
    script(tmp_path, "python3", 'case "$2" in *ensurepip*) exit 1;; esac\nexit 0')
    found = find_python(tmp_path)
    assert found.returncode == 1
    assert "cannot make virtual environments" in found.stderr


def test_the_named_python_comes_first(tmp_path: Path) -> None:
    for name in ("python3", "mine"):
        script(tmp_path, name, f'exec "{sys.executable}" "$@"')
    assert find_python(tmp_path, str(tmp_path / "mine")).stdout.strip() == str(tmp_path / "mine")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("WARNING: NameResolutionError(...)\nERROR: No matching distribution found for torch", prepare.UNREACHABLE),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", prepare.FULL),
        ("ERROR: No matching distribution found for torch==2.12.1", prepare.NO_BUILD),
        ("all is well", ""),
    ],
)
def test_known_causes(words: str, sentence: str) -> None:
    assert prepare.cause(words) == sentence


def test_large_downloads_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    prepare.show_progress("  Downloading torch-2.12.1-cp311-cp311-manylinux_2_28_x86_64.whl (530.7 MB)\n")
    prepare.show_progress("Downloading gradio (31.2MiB)\n")
    prepare.show_progress("  Downloading idna-3.20-py3-none-any.whl (70 kB)\n")
    assert capsys.readouterr().out == "  torch-2.12.1 (531 MB)\n  gradio (31 MB)\n"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with requirement files and a .venv whose Python never runs, instead of this checkout."""
    for name in ("requirements.txt", "requirements-label.txt", "requirements-dev.txt", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    monkeypatch.setattr(prepare, "ROOT", tmp_path)
    monkeypatch.setattr(prepare, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(prepare, "LOG", tmp_path / ".venv/install.log")
    prepare.venv_python().parent.mkdir(parents=True)
    prepare.venv_python().touch()
    return tmp_path


def test_second_time_installs_only_what_changed(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[list[str]] = []
    monkeypatch.setattr(prepare, "make_venv", lambda: None)
    monkeypatch.setattr(prepare, "run", runs.append)
    monkeypatch.setattr(prepare, "announce", lambda cuda: None)
    arguments = argparse.Namespace(dev=True, torch="pip", browser=False)
    prepare.prepare(arguments)
    prepare.prepare(arguments)
    arguments.dev = False  # tests need more than the program: installed already
    prepare.prepare(arguments)
    assert len(runs) == 1
    with (checkout / "constraints.txt").open("a") as file:
        file.write("another==1.0\n")
    prepare.prepare(arguments)
    assert len(runs) == 2


def test_failed_install_is_tried_again(checkout: Path) -> None:
    with pytest.raises(SetupError, match="no such package"):
        prepare.run([sys.executable, "-c", "print('ERROR: no such package'); raise SystemExit(1)"])
    assert "no such package" in prepare.LOG.read_text()
    assert not prepare.is_installed(dev=False)


class Machine:
    """A stand-in for where set-up runs: what it has, and what was run on it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.runs: list[list[str]] = []
        self.failing = ""
        self.gpus = folder / "gpus"
        self.commands = folder / "commands"
        self.commands.mkdir()
        monkeypatch.setattr(torch_build, "GPUS", self.gpus)
        monkeypatch.setattr(sys, "platform", "linux")
        monkeypatch.setenv("PATH", str(self.commands))
        monkeypatch.setattr(prepare, "announce", lambda cuda: None)
        monkeypatch.setattr(prepare, "run", self.run)
        # The Python in .venv answers like the uv that would be put there.
        (prepare.VENV / "bin/python").unlink()
        self.index(reachable=True)

    def index(self, reachable: bool) -> None:
        """Whether uv finds the CPU build: both that of the person and the one in .venv."""
        script(prepare.VENV / "bin", "python", "exit 0" if reachable else "exit 2")
        if (self.commands / "uv").exists():
            self.has_uv(reachable)

    def has_uv(self, reachable: bool = True) -> None:
        script(self.commands, "uv", "exit 0" if reachable else "exit 2")

    def run(self, command: list[str]) -> None:
        """What runs an installer; nothing is installed."""
        self.runs.append(command)
        if self.failing and self.failing in command:
            raise SetupError(prepare.UNREACHABLE)

    def installs(self) -> list[str]:
        """What each run was: the build by its uv backend, or pip."""
        return [run[run.index("--torch-backend") + 1] if "--torch-backend" in run else "pip" for run in self.runs]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, checkout: Path, tmp_path: Path) -> Machine:
    """Linux with neither uv nor a GPU, and an index of the CPU build that can be reached."""
    (checkout / "machine").mkdir()
    return Machine(monkeypatch, checkout / "machine")


def test_without_a_gpu_the_small_build_is_taken(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    prepare.install(dev=False, torch="auto")
    assert machine.installs() == ["pip", "cpu"] and "uv" in machine.runs[0]
    assert prepare.is_installed(dev=False)
    assert "cannot be reached" not in capsys.readouterr().out


def test_without_its_index_the_default_build_is_taken(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.index(reachable=False)
    prepare.install(dev=False, torch="auto")
    assert machine.installs() == ["pip", "pip"] and "-r" in machine.runs[1]
    assert capsys.readouterr().out.count(torch_build.NO_CPU_BUILD) == 1


def test_without_uv_to_be_had_the_default_build_is_taken(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.failing = "uv"
    prepare.install(dev=False, torch="auto")
    assert machine.installs() == ["pip", "pip"] and "-r" in machine.runs[1]
    assert torch_build.NO_CPU_BUILD in capsys.readouterr().out


@pytest.mark.parametrize("by", ["driver", "nvidia-smi"])
def test_with_a_gpu_the_default_build_is_taken(machine: Machine, by: str) -> None:
    if by == "driver":
        (machine.gpus / "0000:00:1e.0").mkdir(parents=True)
    else:
        script(machine.commands, "nvidia-smi", "echo 'GPU 0: a card'")
    prepare.install(dev=False, torch="auto")
    assert machine.installs() == ["pip"] and "-r" in machine.runs[0]


@pytest.mark.parametrize("says", ["echo 'No devices were found'; exit 6", "echo; exit 0", "exit 127"])
def test_nvidia_smi_without_a_gpu_is_none(machine: Machine, says: str) -> None:
    script(machine.commands, "nvidia-smi", says)
    prepare.install(dev=False, torch="auto")
    assert machine.installs()[-1] == "cpu"


def test_installed_uv_chooses_the_build_and_pip_is_next(machine: Machine) -> None:
    machine.has_uv()
    prepare.install(dev=False, torch="auto")
    assert machine.installs() == ["auto"]
    machine.failing = "auto"
    prepare.install(dev=False, torch="auto")
    assert machine.installs()[1:] == ["auto", "pip"]


def test_a_build_that_is_named_is_taken_or_an_error(machine: Machine) -> None:
    prepare.install(dev=False, torch="pip")
    prepare.install(dev=False, torch="cpu")
    assert machine.installs() == ["pip", "pip", "cpu"]
    machine.failing = "cpu"
    with pytest.raises(SetupError, match="cannot be reached"):
        prepare.install(dev=False, torch="cpu")


def test_other_systems_have_one_small_build(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    prepare.install(dev=False, torch="auto")
    assert machine.installs() == ["pip"]
    assert not torch_build.choose_build("auto", prepare.venv_python(), machine.run, print).cuda


@pytest.mark.parametrize("cuda", [True, False])
def test_size_is_announced_and_a_full_disk_before_downloading(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], cuda: bool
) -> None:
    usage = shutil.disk_usage(checkout)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=int(9.5e9)))
    prepare.announce(cuda)
    assert ("3.0 GB" if cuda else "0.5 GB") in capsys.readouterr().out
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=int(2e9)))
    with pytest.raises(SetupError, match="The disk has 2.0 GB left"):
        prepare.announce(cuda)


def test_browser_that_is_named_but_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SCENEBRUSH_BROWSER", str(tmp_path / "nothing"))
    assert browser.find_browser() is None
    monkeypatch.setenv("SCENEBRUSH_BROWSER", sys.executable)
    assert browser.find_browser() == Path(sys.executable)


@pytest.mark.parametrize("ci", ["true", ""])
def test_without_a_browser(checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys, ci: str) -> None:
    def failing(command: list[str]) -> None:
        raise SetupError("apt-get says no.")

    monkeypatch.setenv("SCENEBRUSH_BROWSER", str(checkout / "nothing"))
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(prepare, "run", failing)
    if ci:
        with pytest.raises(SetupError, match="No Chrome or Chromium"):
            prepare.prepare_browser()
    else:
        prepare.prepare_browser()
        assert "Without it they are skipped." in capsys.readouterr().out


@pytest.mark.parametrize(("ci", "code"), [("true", 1), ("", 0)])
def test_skipped_browser_tests_fail_in_ci_only(tmp_path: Path, ci: str, code: int) -> None:
    (tmp_path / "tests/browser").mkdir(parents=True)
    shutil.copy(ROOT / "tests/conftest.py", tmp_path / "tests")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "tests/test_plain.py").write_text("import pytest\ndef test_plain():\n    pytest.skip('elsewhere')\n")
    (tmp_path / "tests/browser/test_page.py").write_text("def test_page(browser_path):\n    pass\n")
    environment = os.environ | {"CI": ci, "PYTHONPATH": str(ROOT), "SCENEBRUSH_BROWSER": str(tmp_path / "nothing")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert result.returncode == code, result.stdout
    assert "No Chrome or Chromium was found" in result.stdout


def test_logged_error_fails_a_test(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    shutil.copy(ROOT / "tests/conftest.py", tmp_path / "tests")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    body = "import logging, pytest\ndef test_bad():\n    logging.getLogger('x').error('broken')\n"
    body += "@pytest.mark.errors_expected\ndef test_meant():\n    logging.getLogger('x').error('meant')\n"
    (tmp_path / "tests/test_log.py").write_text(body)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert result.returncode == 1 and "errors were logged: ['broken']" in result.stdout
    assert "meant" not in result.stdout.split("short test summary")[1]
