"""The repository keeps its own rules: import contracts, a README that is true, exact pins, no traces of a machine."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from core.project.edits import parse_edit
from tools import tree

ROOT = Path(__file__).resolve().parent.parent
PIN = re.compile(r"[A-Za-z][\w.-]*==[\w.]+")
# A local path of somebody's machine, in any text of ours.
MACHINE_PATH = re.compile(r"(?<![\w./~-])/(?:root|home|Users|work|tmp|opt)/[\w.-]")
HOST = re.compile(r"https?://([\w-]+(?:\.[\w-]+)+)")
# Hosts that text of ours may name: this machine, examples, licences, sources.
HOSTS = {
    "localhost", "127.0.0.1", "0.0.0.0", "www.w3.org", "www.apache.org", "creativecommons.org", "github.com",
    "arxiv.org", "huggingface.co", "testserver", "example.com", "evil.example", "studio.example", "space.example",
}  # fmt: skip
TEXT = {".py", ".md", ".txt", ".toml", ".js", ".mjs", ".css", ".html", ".sh", ".json", ""}


def tracked() -> list[Path]:
    """Files of the repository, relative to its root; skipped where this is no checkout."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [Path(name) for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the import contracts over the packages in a folder."""
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--no-logo"]
    command += ["--config", str(ROOT / "pyproject.toml")]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def write_modules(folder: Path, modules: dict[str, str]) -> None:
    """Write a tiny `core`, `app` and `benchmarks` in which everything that the contracts name exists."""
    names = ["models", "models.local", "models.published", "project", "clip", "conditioning", "errors", "rendering"]
    for name in ["app", "benchmarks", "core", *(f"core.{name}" for name in names), *modules]:
        path = folder.joinpath(*name.split("."), "__init__.py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(modules.get(name, ""))


def test_import_contracts_hold() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("core.clip", "import gradio"),
        ("core.clip", "def late():\n    from fastapi import FastAPI"),
        ("core.models", "import app"),
        ("core.clip", "import core.project"),
        ("core.models", "import core.project"),
        ("core.rendering", "import core.training"),
        ("core.rendering", "from core.project import edits"),
        ("core.rendering", "import core.models.local"),
        ("core.unplaced", ""),
        ("core.clip", "import benchmarks"),
        ("app", "import benchmarks"),
        ("benchmarks", "import app"),
    ],
)
def test_import_contracts_can_fail(tmp_path: Path, module: str, text: str) -> None:
    write_modules(tmp_path, {"core.training": "", "core.project.edits": ""})
    assert lint_imports(tmp_path).returncode == 0
    write_modules(tmp_path, {module: text})
    result = lint_imports(tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr


def test_tree_is_read_and_written_alike(tmp_path: Path) -> None:
    for name in ("a/b.py", "a/c/d.py", "a/new.py", "e.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text('"""Says what it is. More."""')
    text = "## Tree\n\n```\na/   a folder\n  b.py  one file\n  gone.py  x\n  c/\n    d.py  another\ne.py  last\n```"
    read = tree.read_tree(text)
    assert [str(path) for path in read] == ["a", "a/b.py", "a/gone.py", "a/c", "a/c/d.py", "e.py"]
    assert read[Path("a/b.py")] == "one file"
    full = tree.completed(read, [Path("a/new.py")], tmp_path)
    lines = [line.split() for line in tree.written(full, tmp_path).splitlines()]
    assert [words[0] for words in lines] == ["a/", "b.py", "c/", "d.py", "new.py", "e.py"]
    assert lines[4][1:] == ["Says", "what", "it", "is"]


def test_tree_is_up_to_date() -> None:
    tracked()  # skipped where this is no checkout
    listed = tree.read_tree(tree.DOCUMENT.read_text(encoding="utf-8"))
    assert Path("benchmarks/checkpoint.py") in tree.code_files(ROOT)
    full = tree.completed(listed, tree.code_files(ROOT), ROOT)
    assert list(listed) == list(full), "run `make tree`, then say in docs/architecture.md what each new file is"
    assert not [str(path) for path, words in listed.items() if not words]


def test_readme_edits_are_edits() -> None:
    example = re.search(r"```json\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)
    assert example
    edits = [parse_edit(edit) for edit in json.loads(example[1])["edits"]]
    kinds = ["paint", "set_class", "set_style", "duplicate", "move", "scale", "join", "carry"]
    assert [edit.kind for edit in edits] == kinds


def test_readme_starts_short() -> None:
    """The first screen of a page or a terminal: what it is, a picture, two commands."""
    first = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:15]
    assert [line for line in first if line.startswith("![")]
    assert [line.split("#")[0].strip() for line in first if line.startswith("make ")] == ["make app", "make test"]


@pytest.mark.parametrize("name", ["README.md", "CONTEXT.md", "NOTICE", "docs/architecture.md"])
def test_links_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    links = re.findall(r"(?<!!)\[[^\]]*\]\(([^)#\s]+)", text)
    dead = [link for link in links if "://" not in link and not (ROOT / name).parent.joinpath(link).exists()]
    assert not dead


def test_decisions_are_numbered_and_whole() -> None:
    files = sorted((ROOT / "docs/adr").glob("*.md"))
    assert [int(path.name[:4]) for path in files] == list(range(1, len(files) + 1))
    for path in files:
        text = path.read_text(encoding="utf-8")
        parts = [part for part in ("**Decision.**", "**Rejected.**", "**Consequences.**") if part not in text]
        assert not parts, f"{path.name} lacks {parts}"


@pytest.mark.parametrize(
    "name", ["requirements.txt", "requirements-label.txt", "requirements-dev.txt", "constraints.txt"]
)
def test_requirements_are_exact(name: str) -> None:
    lines = [line for line in (ROOT / name).read_text().splitlines() if line and not line.startswith(("#", "-r "))]
    assert lines
    assert [line for line in lines if not PIN.fullmatch(line)] == []
    # Each build of torch pins its own; a name here would break the CPU build or another platform.
    assert not [line for line in lines if re.match(r"nvidia|cuda|triton", line)]


def imported(path: Path) -> set[str]:
    """Top-level names of what a file imports, at its top or later."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names)


@pytest.mark.parametrize(
    ("roots", "files"),
    [
        (("core", "app", "app.py"), ["requirements.txt"]),
        (("tests",), ["requirements.txt", "requirements-label.txt", "requirements-dev.txt"]),
    ],
)
def test_what_is_imported_is_required(roots: tuple[str, ...], files: list[str]) -> None:
    pins = {line.partition("==")[0].lower() for name in files for line in (ROOT / name).read_text().splitlines()}
    owners = packages_distributions()
    for path in tracked():
        if path.parts[0] in roots and path.suffix == ".py":
            for name in imported(ROOT / path) & set(owners):
                known = pins & {owner.lower() for owner in owners[name]}
                assert known, f"{path} imports {name}, which {files[-1]} lacks"


def test_types_are_checked_everywhere() -> None:
    """Strictly, over all packages; what is left out is a package of others that brings no types."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
    assert settings["strict"] and {"core", "app"} <= set(settings["packages"])
    assert not {"exclude", "follow_imports", "disable_error_code", "ignore_errors"} & set(settings)
    ours = {path.parts[0] for path in tracked() if path.suffix == ".py"}
    for override in settings["overrides"]:
        assert set(override) == {"module", "ignore_missing_imports"}
        assert not {name.partition(".")[0] for name in override["module"]} & ours
    lines = [line for path in tracked() if path.suffix == ".py" for line in (ROOT / path).read_text().splitlines()]
    assert not [line for line in lines if re.match(r"#\s*(mypy:|type:\s*ignore)", line)]


def test_lint_checks_style_format_types_and_contracts() -> None:
    plan = subprocess.run(["make", "--dry-run", "lint"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for tool in ("-m ruff check", "-m ruff format --check", "-m mypy", "lint-imports"):
        assert tool in plan


def test_ci_runs_what_a_person_runs() -> None:
    script = (ROOT / ".ci/run").read_text()
    assert "set -eu" in script
    assert re.search(r"^make test$", script, re.M)
    assert "CI=true" in script


def test_make_help_names_the_targets() -> None:
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("help", "install", "app", "test", "lint"):
        assert f"make {target} " in shown


def traces(text: str) -> list[str]:
    """Paths of a machine and unexpected hosts in a text."""
    return MACHINE_PATH.findall(text) + [host for host in HOST.findall(text) if host not in HOSTS]


def test_traces_are_found() -> None:
    folder = "/" + "home"
    assert traces(f"see {folder}/me/clip and https://" + "index.example.net/simple")
    assert not traces("see assets/home/clip, ~/x and http://127.0.0.1:7860/tmp/x")


def test_no_traces_of_a_machine() -> None:
    found = {}
    for path in tracked():
        if path.suffix in TEXT and path != Path(__file__).relative_to(ROOT) and path.name != "LICENSE":
            here = traces((ROOT / path).read_text(encoding="utf-8"))
            if here:
                found[str(path)] = here
    assert not found
