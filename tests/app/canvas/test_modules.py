"""The page's modules: their own tests under node, masks as both sides write them, and the files that are served."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from app.canvas import STATIC_ROUTE, static_files
from app.page_files import CANVAS
from core.project.edits import Mask

HERE = Path(__file__).parent


def test_modules_under_node() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: the page's modules are tested in the browser only")
    found = subprocess.run([node, "--test", str(HERE)], capture_output=True, text=True, timeout=120, check=False)
    assert found.returncode == 0, found.stdout[-6000:]


@pytest.mark.parametrize("case", json.loads((HERE / "masks.json").read_text()))
def test_masks_are_written_as_the_page_writes_them(case: dict) -> None:
    pixels = np.array([[letter == "#" for letter in row] for row in case["rows"]])
    mask = Mask.from_array(pixels)
    assert (list(mask.box), list(mask.runs)) == (case["box"], case["runs"])
    assert np.array_equal(mask.to_array(*pixels.shape), pixels)


@pytest.fixture
def files() -> TestClient:
    return TestClient(Starlette(routes=[Mount(STATIC_ROUTE, static_files())]))


def test_modules_styles_and_font_are_served_under_any_version(files: TestClient) -> None:
    for name, kind in (("main.js", "javascript"), ("style.css", "text/css"), ("inter.woff2", "font/woff2")):
        reply = files.get(f"{STATIC_ROUTE}/0123abcd/{name}")
        assert reply.status_code == 200
        assert kind in reply.headers["content-type"]


NOT_SERVED = [
    *("canvas.py", "inter.LICENSE", "template.html", "package.json", "nothing.js"),
    *("../layout.py", "%2e%2e/layout.py"),
]


@pytest.mark.parametrize("path", NOT_SERVED)
def test_nothing_else_is_served(files: TestClient, path: str) -> None:
    assert files.get(f"{STATIC_ROUTE}/0123abcd/{path}").status_code == 404


def test_every_import_of_a_module_exists() -> None:
    for module in CANVAS.glob("*.js"):
        for line in module.read_text(encoding="utf-8").splitlines():
            if " from './" in line and "@import" not in line:
                assert (CANVAS / line.split("'./")[1].split("'")[0]).is_file(), f"{module.name}: {line}"


def test_the_page_asks_for_nothing_outside() -> None:
    for file in [*CANVAS.glob("*.js"), *CANVAS.glob("*.css"), *CANVAS.glob("*.html")]:
        text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text and "https://" not in text, file.name
