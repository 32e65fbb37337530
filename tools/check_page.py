"""Check the page's modules: style and mistakes by Biome, types by TypeScript. `python -m tools.check_page`.

Both are npm packages of the exact versions in package.json, which depend on nothing else. Without Node.js nothing is
checked, and that is said; with CI=true it is an error.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
STAMP = MODULES / ".scenebrush"
CHECKS = (["biome", "check", "--error-on-warnings", "."], ["tsc", "--project", "jsconfig.json"])
NO_NODE = "Node.js (20 or newer, with npm) is not installed: the page's modules are not checked."
NO_PACKAGES = "npm cannot fetch the packages that check the page's modules: they are not checked. Its words:"


def packages() -> str:
    """Have the npm packages of package.json. Returns why they cannot be had, "" when they are there."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        return NO_NODE
    wanted = hashlib.sha256((ROOT / "package.json").read_bytes()).hexdigest()
    if STAMP.is_file() and STAMP.read_text(encoding="ascii") == wanted:
        return ""
    done = subprocess.run(
        [npm, "install", "--no-audit", "--no-fund"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        return f"{NO_PACKAGES}\n{done.stderr.strip()[:600]}"
    STAMP.write_text(wanted, encoding="ascii")
    return ""


def command(name: str) -> str:
    """Path of a program of the packages."""
    return str(MODULES / ".bin" / (f"{name}.cmd" if os.name == "nt" else name))


def main() -> int:
    """0 when the modules are clean, or cannot be checked here and this is not CI."""
    missing = packages()
    if missing:
        print(missing, file=sys.stderr)
        return int(os.environ.get("CI") == "true")
    return max(subprocess.run([command(name), *rest], cwd=ROOT, check=False).returncode for name, *rest in CHECKS)


if __name__ == "__main__":
    sys.exit(main())
