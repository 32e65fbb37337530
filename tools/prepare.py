"""Make .venv and install what Scenebrush needs into it: `python -m tools.prepare [--dev] [--browser]`.

Runs with any Python 3.11-3.13 and its standard library only. Whatever goes wrong ends in one sentence.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tools.browser import HOW_TO_GET_ONE, find_browser
from tools.errors import SetupError
from tools.torch_build import choose_build, default_build

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOG = VENV / "install.log"
# Free space that an installation needs, in GB: unpacked packages and the downloads on their way.
SPACE_CUDA, SPACE_CPU = 9.0, 3.0
# Only downloads from this size on are shown one by one, in MB.
SHOWN_FROM = 20.0
UNREACHABLE = "The package index cannot be reached; check the network and run this again."
FULL = "The disk is full; free some gigabytes and run this again."
NO_BUILD = (
    "The package index cannot be reached, or has no build for this system and Python: "
    "check the network, or try another Python of 3.11-3.13."
)
# Signs in an installer's words, the first one found decides, and the sentence for it.
CAUSES = {
    "No space left on device": FULL,
    "Disk quota exceeded": FULL,
    "Failed to establish a new connection": UNREACHABLE,
    "NewConnectionError": UNREACHABLE,
    "NameResolutionError": UNREACHABLE,
    "Temporary failure in name resolution": UNREACHABLE,
    "Cannot connect to proxy": UNREACHABLE,
    "dns error": UNREACHABLE,
    "tunnel error": UNREACHABLE,
    "Failed to fetch": UNREACHABLE,
    "Connection refused": UNREACHABLE,
    "timed out": UNREACHABLE,
    "No matching distribution found": NO_BUILD,
    "No solution found": NO_BUILD,
}
DOWNLOAD = re.compile(r"\s*Downloading (\S+) \(([\d.]+) ?([kMG])i?B\)")


def say(text: str) -> None:
    """A line for the person who waits."""
    print(text, flush=True)


def check_python() -> None:
    """Raise unless this Python can run Scenebrush and make virtual environments."""
    version = ".".join(map(str, sys.version_info[:2]))
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        raise SetupError(f"This needs Python 3.11, 3.12 or 3.13, and this is {version}: run this with one of them.")
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        raise SetupError(
            f"This Python cannot make virtual environments: install python{version}-venv and run this again."
        ) from None


def venv_python() -> Path:
    """The Python inside .venv, there or not."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def make_venv() -> None:
    """Make .venv, anew where its Python no longer runs or is of another version."""
    usable = "import sys, pip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))"
    python = venv_python()
    if python.exists() and subprocess.run([python, "-c", usable], capture_output=True).returncode == 0:
        return
    say(f"Making .venv with Python {sys.version.split()[0]} ...")
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], capture_output=True, text=True)
    if made.returncode:
        words = made.stdout + made.stderr
        raise SetupError(cause(words) or f".venv cannot be made: {last_line(words)}")


def requirement_files(dev: bool) -> list[Path]:
    """Files that decide what is installed."""
    names = ["requirements.txt", "constraints.txt"] + (
        ["requirements-label.txt", "requirements-dev.txt"] if dev else []
    )
    return [ROOT / name for name in names]


def stamp(dev: bool) -> tuple[Path, str]:
    """Where it is noted what was installed, and what the note must say."""
    digest = hashlib.sha256()
    for path in requirement_files(dev):
        digest.update(path.read_bytes())
    return VENV / (".installed-dev" if dev else ".installed"), digest.hexdigest()


def is_installed(dev: bool) -> bool:
    """Whether .venv already holds what the requirement files say."""
    for everything in (True, False) if not dev else (True,):
        path, wanted = stamp(everything)
        if venv_python().exists() and path.exists() and path.read_text(encoding="ascii") == wanted:
            return True
    return False


def install(dev: bool, torch: str) -> None:
    """Install packages into .venv and note it."""
    began = time.monotonic()
    LOG.write_text("", encoding="utf-8")
    build = choose_build(torch, venv_python(), run, say)
    if any(VENV.glob("**/site-packages/torch/version.py")):
        say(f"Bringing packages up to date. The log is {LOG.relative_to(ROOT)}.")
    else:
        announce(build.cuda)
    wanted = ROOT / ("requirements-dev.txt" if dev else "requirements.txt")
    what = ["-r", str(wanted), "-c", str(ROOT / "constraints.txt")]
    try:
        run([*build.command, *what])
    except SetupError as error:
        default = default_build(venv_python())
        if torch != "auto" or build == default:
            raise
        say(f"  uv: {error}\n  Trying pip instead ...")
        run([*default.command, *what])
    path, text = stamp(dev)
    path.write_text(text, encoding="ascii")
    say(f"Packages are installed ({time.monotonic() - began:.0f} s).")


def announce(cuda: bool) -> None:
    """Say what a first installation downloads. Raises when the disk has no room for it."""
    size = "about 3.0 GB (5.5 GB on disk) with CUDA" if cuda else "about 0.5 GB (1.6 GB on disk)"
    say(f"Installing packages: {size} to download the first time. The log is {LOG.relative_to(ROOT)}.")
    needed, free = SPACE_CUDA if cuda else SPACE_CPU, shutil.disk_usage(ROOT).free / 1e9
    if free < needed:
        raise SetupError(f"The disk has {free:.1f} GB left, this needs {needed:.0f} GB; free some and run this again.")


def run(command: list[str]) -> None:
    """Run an installer, its words into the log, large downloads to the screen."""
    lines = []
    with (
        LOG.open("a", encoding="utf-8") as log,
        subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        ) as process,
    ):
        for line in process.stdout or ():
            log.write(line)
            lines.append(line)
            show_progress(line)
    if process.returncode:
        text = "".join(lines[-200:])
        raise SetupError(cause(text) or f"Installing failed: {last_line(text)} (all of it: {LOG.relative_to(ROOT)})")


def show_progress(line: str) -> None:
    """Say `torch-2.12.1 (531 MB)` of a line in which an installer announces a large download, and when it unpacks."""
    found = DOWNLOAD.match(line)
    if found:
        size = float(found[2]) * {"k": 0.001, "M": 1, "G": 1000}[found[3]]
        if size >= SHOWN_FROM:
            say(f"  {'-'.join(found[1].split('/')[-1].split('-')[:2])} ({size:.0f} MB)")
    elif line.startswith("Installing collected packages"):
        say("  unpacking ...")


def cause(text: str) -> str:
    """The sentence for a known cause in an installer's words, or nothing."""
    return next((sentence for sign, sentence in CAUSES.items() if sign.lower() in text.lower()), "")


def last_line(text: str) -> str:
    """The last line that says ERROR, else the last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["no reason was given."]
    return next((line for line in reversed(lines) if "ERROR" in line), lines[-1])


def prepare_browser() -> None:
    """Have a Chromium for the browser tests: one that is there, else Debian's. To have none is an error in CI only."""
    if find_browser() is None and shutil.which("apt-get") and os.geteuid() == 0:
        say("Installing Chromium for the browser tests with apt-get: about 100 MB ...")
        os.environ["DEBIAN_FRONTEND"] = "noninteractive"
        try:
            run(["apt-get", "update", "-qq"])
            run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"])
        except SetupError as error:
            say(str(error))
    if find_browser() is None:
        if os.environ.get("CI") == "true":
            raise SetupError(HOW_TO_GET_ONE)
        say(f"{HOW_TO_GET_ONE} Without it they are skipped.")


def main() -> int:
    """Do what the arguments say; 1 and a sentence when it cannot be done."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dev", action="store_true", help="with what tests need")
    parser.add_argument("--browser", action="store_true", help="see that there is a browser for the tests")
    parser.add_argument(
        "--torch",
        choices=["auto", "cpu", "pip"],
        default="auto",
        help="build of torch: auto (the small one without an NVIDIA GPU), cpu (the small one), pip (the default one)",
    )
    arguments = parser.parse_args()
    try:
        prepare(arguments)
    except SetupError as error:
        return failed(str(error), 1)
    except OSError as error:
        return failed(cause(str(error)) or f"Cannot set up: {error}.", 1)
    except KeyboardInterrupt:
        return failed("Stopped; run it again to go on.", 130)
    return 0


def prepare(arguments: argparse.Namespace) -> None:
    """Install what is missing."""
    if not is_installed(arguments.dev):
        check_python()
        make_venv()
        install(arguments.dev, arguments.torch)
    if arguments.browser:
        prepare_browser()


def failed(sentence: str, code: int) -> int:
    """Say why it failed."""
    print(f"\n{sentence}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
