"""The application over a tiny clip and a generator that takes no time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.server import build_app
from app.settings import Settings
from app.workspace import Workspace
from core.clip.native import write_clip
from core.project.storage import ProjectStore
from tests.app.client import Page
from tests.app.stand_in import stand_in_engine
from tests.app.stand_in_importer import command_with
from tests.app.stand_in_learner import command
from tests.core.prediction.tiny import plain_file
from tests.core.tiny import LABELS, tiny_clip

TOKEN = "a-token-for-tests"


@pytest.fixture(scope="session")
def clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of six frames of 32x16, on disk."""
    folder = tmp_path_factory.mktemp("clips") / "tiny"
    write_clip(tiny_clip(6), folder)
    return folder


Start = Callable[[Path], Page]


@pytest.fixture(scope="session")
def future_network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What predicts, in a file."""
    return plain_file(tmp_path_factory.mktemp("future") / "future.safetensors", LABELS)


@pytest.fixture(scope="session")
def servers(clip_folder: Path, future_network: Path) -> Iterator[Start]:
    """Starts a server over a folder of projects."""
    running: list[Page] = []

    def start(projects: Path) -> Page:
        engine = stand_in_engine(LABELS, 0)
        workspace = Workspace(
            engine,
            ProjectStore(projects),
            {"tiny": clip_folder},
            open_engine=lambda file: stand_in_engine(LABELS, 0, file, engine.renderer.store),
            learn=command,
            bring=command_with(clip_folder),
            future_network=future_network,
        )
        app = build_app(Settings(projects=projects, token=TOKEN), workspace)
        running.append(Page(TestClient(app, base_url="http://127.0.0.1:7860"), workspace, TOKEN))
        return running[-1]

    yield start
    for page in running:
        page.client.close()
        page.workspace.close()


@pytest.fixture(scope="session")
def serving(servers: Start, tmp_path_factory: pytest.TempPathFactory) -> Page:
    """One server for all tests that do not restart it: starting Gradio takes a second."""
    return servers(tmp_path_factory.mktemp("projects"))


@pytest.fixture
def page(serving: Page) -> Page:
    """A project of the tiny clip, just opened in a tab of its own."""
    return Page(serving.client, serving.workspace, TOKEN).opened("tiny")


@pytest.fixture
def restarted(servers: Start) -> Callable[[Page], Page]:
    """The same project on a server that was started anew: what was only in memory is forgotten."""

    def restart(page: Page) -> Page:
        page.workspace.close()
        again = servers(page.projects)
        again.project = page.project
        return again

    return restart
