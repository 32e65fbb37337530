"""Rules for every test: browser tests are never skipped silently, and a logged error fails a test."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.browser import HOW_TO_GET_ONE, find_browser

# Tiny networks are fastest on one thread, and threads that wait for each other make a busy machine crawl.
# Read when torch is first imported, so it stands here and not in a fixture.
os.environ.setdefault("OMP_NUM_THREADS", "1")

BROWSER_TESTS = Path(__file__).parent / "browser"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in tests/browser drives a browser."""
    for item in items:
        if BROWSER_TESTS in item.path.parents:
            item.add_marker("browser")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """In CI a skipped browser test is a failure: nothing may pass there because it did not run."""
    outcome = yield
    report = outcome.get_result()
    skipped = report.skipped and not hasattr(report, "wasxfail")
    if skipped and os.environ.get("CI") == "true" and item.get_closest_marker("browser"):
        report.outcome = "failed"
        report.longrepr = f"Skipped in CI, where browser tests must run: {report.longrepr}"


@pytest.fixture(scope="session")
def browser_path() -> Path:
    """The Chrome or Chromium that browser tests drive; they are skipped, aloud, where there is none."""
    return find_browser() or pytest.skip(HOW_TO_GET_ONE)


@pytest.fixture(autouse=True)
def no_logged_errors(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A test during which an error is logged fails, unless it is marked `errors_expected`."""
    yield
    if request.node.get_closest_marker("errors_expected"):
        return
    records = [record for when in ("setup", "call") for record in caplog.get_records(when)]
    logged = [record.getMessage() for record in records if record.levelno >= logging.ERROR]
    assert not logged, f"errors were logged: {logged}"
