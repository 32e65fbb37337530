"""Serve a study to its judges: python -m app.preference STUDY [--host --port]."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.exit_code import exit_code
from app.preference.server import serve
from app.settings import PASSWORD_VARIABLE, Access
from core.preference.study import DEFAULT_PORT


def main() -> int:
    """Serve the study; see `exit_code`."""
    return exit_code(lambda: serve(*read_arguments(sys.argv[1:])))


def read_arguments(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> tuple[Path, Access]:
    """The study's folder and who may reach it. Raises `InputError`."""
    parser = argparse.ArgumentParser(prog="python -m app.preference", description="A study's page, for its judges.")
    parser.add_argument("study", type=Path, help="the folder that `python -m core preference` made")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 takes a free one (default: %(default)s)")
    given = parser.parse_args(arguments)
    return given.study, Access(host=given.host, port=given.port, password=environment.get(PASSWORD_VARIABLE, ""))


if __name__ == "__main__":
    sys.exit(main())
