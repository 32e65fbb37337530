"""The page's modules are checked where Node.js is; where it is not, that is said, and is an error in CI only."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tools import check_page


@pytest.mark.parametrize(("ci", "code"), [("true", 1), ("", 0)])
def test_without_node_it_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ci: str, code: int
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(check_page.shutil, "which", lambda name: None)
    assert check_page.main() == code
    assert "Node.js (20 or newer, with npm) is not installed" in capsys.readouterr().err


def test_a_failed_check_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        ran.append(Path(command[0]).stem)
        return subprocess.CompletedProcess(command, int(ran[-1] == "biome"))

    monkeypatch.setattr(check_page, "packages", lambda: "")
    monkeypatch.setattr(check_page.subprocess, "run", run)
    assert check_page.main() == 1 and ran == [name for name, *_ in check_page.CHECKS]


def test_packages_that_cannot_be_fetched_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "package.json").write_text("{}")
    monkeypatch.setattr(check_page, "ROOT", tmp_path)
    monkeypatch.setattr(check_page, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(check_page.shutil, "which", lambda name: name)
    failed = subprocess.CompletedProcess([], 1, "", "npm error ENOTFOUND")
    monkeypatch.setattr(check_page.subprocess, "run", lambda *_, **__: failed)
    assert "not checked" in check_page.packages() and "ENOTFOUND" in check_page.packages()
    assert not (tmp_path / "stamp").exists()
