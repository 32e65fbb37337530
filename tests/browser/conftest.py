"""A browser, and the servers that its tests talk to."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser import synthetic
from tests.browser.editor import Editor, Server

ROOT = Path(__file__).parents[2]
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium(browser_path: Path) -> Iterator[Browser]:
    """One browser for all tests."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(browser_path), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_editor(chromium: Browser) -> Iterator[Callable[..., Editor]]:
    """Opens pages; at the end none of them may have logged an error or asked another machine for anything."""
    editors: list[Editor] = []

    def open_page(
        server: Server,
        query: str | None = None,
        size: tuple[int, int] = (1440, 900),
        font: bool = True,
        mode: str = "rendered",
        touch: bool = False,
    ) -> Editor:
        """query: None opens a new project, "" is the address that the program prints.

        font: False keeps the page's own font from it, so that it is drawn in the machine's; touch: a screen that is
        touched, and no mouse.
        """
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]}, accept_downloads=True, has_touch=touch, is_mobile=touch
        )
        context.add_init_script("localStorage.setItem('scenebrush-steps-seen', '1')")
        if not font:
            context.route("**/inter.woff2", lambda route: route.abort())
        editors.append(Editor(context, server, expected=() if font else ("inter.woff2",)))
        return editors[-1].open(query, mode)

    yield open_page
    complaints = [complaint for editor in editors for complaint in editor.complaints]
    for editor in editors:
        editor.context.close()
    assert not complaints, complaints


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The program with a renderer of a few lines: a shipped clip, frames in no time."""
    folder = tmp_path_factory.mktemp("stand-in")
    arguments = ["--clip", "avenue", "--projects", str(folder / "projects"), "--seconds", "0.02"]
    yield from serve("tests.app.stand_in", arguments, folder)


@pytest.fixture(scope="session")
def facade(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The stand-in with a clip of which every pixel's motion is known."""
    folder = tmp_path_factory.mktemp("facade")
    arguments = ["--clip", str(synthetic.write(folder)), "--projects", str(folder / "projects"), "--seconds", "0"]
    yield from serve("tests.app.stand_in", arguments, folder)


@pytest.fixture(scope="module")
def large_film(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The stand-in with a film of 1280x640 and label maps of half its size."""
    folder = tmp_path_factory.mktemp("large")
    arguments = ["--clip", str(synthetic.write_large(folder)), "--projects", str(folder / "projects"), "--seconds", "0"]
    yield from serve("tests.app.stand_in", arguments, folder)


@pytest.fixture(scope="session")
def scenebrush(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The program as a user starts it: shipped clip, shipped checkpoint."""
    if not (ROOT / "checkpoints" / "street.safetensors").exists():
        pytest.skip("checkpoints/street.safetensors is not here: the editor is not tested with the real network")
    projects = tmp_path_factory.mktemp("projects")
    yield from serve("app.py", ["--clip", "avenue", "--projects", str(projects)], projects)


@pytest.fixture
def two_programs(tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    """Two programs on one folder of projects: the second may only look."""
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    clip, projects = synthetic.write(tmp_path), str(tmp_path / "projects")
    arguments = ["--clip", str(clip), "--projects", projects, "--seconds", "0"]
    for first in serve("tests.app.stand_in", arguments, tmp_path / "first"):
        for second in serve("tests.app.stand_in", arguments, tmp_path / "second"):
            yield first, second


@pytest.fixture
def start_again(tmp_path: Path) -> Iterator[Callable[[], Server]]:
    """Each call ends the program that runs and starts it again: the same port and folder of projects."""
    yield from _start_again(synthetic.write(tmp_path), tmp_path)


@pytest.fixture
def start_filmed(tmp_path: Path) -> Iterator[Callable[[], Server]]:
    """`start_again` with a clip that was filmed."""
    yield from _start_again(synthetic.write(tmp_path, filmed=True), tmp_path)


def _start_again(clip: Path, tmp_path: Path) -> Iterator[Callable[[], Server]]:
    (tmp_path / "projects").mkdir()
    arguments = ["--clip", str(clip), "--projects", str(tmp_path / "projects"), "--seconds", "0"]
    port = free_port()
    with ExitStack() as running:

        def start() -> Server:
            running.close()
            return running.enter_context(contextmanager(serve)("tests.app.stand_in", arguments, tmp_path, port=port))

        yield start


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Server]:
    """A program that can write no file of more than 12 kB."""
    resource = pytest.importorskip("resource")
    arguments = ["--clip", "avenue", "--projects", str(tmp_path / "projects"), "--seconds", "0"]
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (12_000, 12_000))
    yield from serve("tests.app.stand_in", arguments, tmp_path, limit, TMPDIR=str(tmp_path))


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def serve_filmed(folder: Path) -> Iterator[Server]:
    """The stand-in with a clip that was filmed, and with its projects, in this folder."""
    clip = synthetic.write(folder, filmed=True)
    arguments = ["--clip", str(clip), "--projects", str(folder / "projects"), "--seconds", "0"]
    yield from serve("tests.app.stand_in", arguments, folder)


def serve(
    program: str,
    arguments: list[str],
    folder: Path,
    begin: Callable[[], None] | None = None,
    port: int | None = None,
    **more: str,
) -> Iterator[Server]:
    """Start a program, wait for it, stop it at the end. begin: called in the new process; port: None for a free one."""
    port = port or free_port()
    command = [program] if program.endswith(".py") else ["-m", program]
    log = folder / "server.log"
    environment = {**os.environ, "GRADIO_ANALYTICS_ENABLED": "False", **more}
    # The tests' one thread is for tiny networks; the program takes what it would take by itself.
    environment.pop("OMP_NUM_THREADS", None)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command, "--port", str(port), *arguments],
            cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, env=environment, preexec_fn=begin,
        )  # fmt: skip
        server = Server(f"http://127.0.0.1:{port}/", process, log)
        try:
            server.wait_until_up()
            yield server
        finally:
            process.terminate()
            process.wait(timeout=30)
