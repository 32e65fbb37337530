"""Find a Chrome or Chromium for the browser tests."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

COMMANDS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
)
HOW_TO_GET_ONE = (
    "No Chrome or Chromium was found: install one, or name it in SCENEBRUSH_BROWSER, to run the browser tests."
)


def find_browser() -> Path | None:
    """The browser named in SCENEBRUSH_BROWSER, else one on the path or in its usual place, else None."""
    named = os.environ.get("SCENEBRUSH_BROWSER")
    if named:
        return Path(named) if Path(named).is_file() else None
    found = next((path for path in map(shutil.which, COMMANDS) if path), None)
    return Path(found) if found else next((Path(place) for place in PLACES if Path(place).is_file()), None)
