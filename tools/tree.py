"""Keep the tree in docs/architecture.md up to date: `make tree` drops what is gone and adds what is new."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs/architecture.md"
BLOCK = re.compile(r"(?<=## Tree\n\n```\n)(.*?)(?=```)", re.S)
ROOTS = ("app.py", "app", "core", "benchmarks", "tools")
CODE = (".py", ".js", ".mjs", ".sh")
COLUMN = 30
Tree = dict[Path, str]


def read_tree(document: str) -> Tree:
    """Path -> what it is, in the order of a document's tree; two blanks more are one folder deeper."""
    block = BLOCK.search(document)
    if not block:
        raise ValueError("no block of text stands under the heading Tree")
    folders: list[str] = []
    tree: Tree = {}
    for line in block[1].splitlines():
        name, _, words = line.strip().partition(" ")
        depth = (len(line) - len(line.lstrip())) // 2
        folders[depth:] = [name.rstrip("/")]
        tree[Path(*folders)] = words.strip()
    return tree


def code_files(root: Path) -> list[Path]:
    """Our own code in a checkout, relative to it: what the tree must name. Tests are named by their folder."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *ROOTS]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.splitlines()
    paths = [Path(name) for name in sorted(listed)]
    return [path for path in paths if path.suffix in CODE and path.name != "__init__.py" and (root / path).exists()]


def summary(path: Path) -> str:
    """The first sentence that a file, or a package, says about itself."""
    if path.is_dir():
        path = path / "__init__.py"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if path.suffix == ".py":
        text = ast.get_docstring(ast.parse(text)) or ""
    lines = [line.strip(" /*#") for line in text.splitlines() if not line.startswith("#!")]
    paragraph = " ".join(lines).strip().split("  ")[0]
    return re.split(r"(?<!\bal)\.(?:\s|$)", paragraph)[0]


def completed(tree: Tree, files: list[Path], root: Path) -> Tree:
    """The tree without what is gone, with every file of `files` and the folders above it."""
    full = {path: words for path, words in tree.items() if (root / path).exists()}
    for path in files:
        for part in [*reversed(path.parents[:-1]), path]:
            full.setdefault(part, summary(root / part))
    return full


def written(tree: Tree, root: Path, folder: Path = Path()) -> str:
    """The tree as text, siblings in the order in which they were named first."""
    text = ""
    for path in (path for path in tree if path.parent == folder):
        name = "  " * len(folder.parts) + path.name + ("/" if (root / path).is_dir() else "")
        text += f"{name:{COLUMN}} {tree[path]}".rstrip() + "\n" + written(tree, root, path)
    return text


def main() -> int:
    """Rewrite the tree."""
    text = DOCUMENT.read_text(encoding="utf-8")
    tree = written(completed(read_tree(text), code_files(ROOT), ROOT), ROOT)
    DOCUMENT.write_text(BLOCK.sub(lambda _: tree, text, count=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
