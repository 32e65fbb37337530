"""Scenebrush, the editor: python app.py [--host --port --clip --checkpoint --projects --memory]."""

from __future__ import annotations

import sys

from app.exit_code import exit_code
from app.settings import read_settings


def main() -> int:
    """Serve the editor; see `exit_code`."""
    return exit_code(_serve)


def _serve() -> None:
    settings = read_settings(sys.argv[1:])
    # Imported late: --help and a wrong argument answer at once.
    from app.server import serve

    serve(settings)


if __name__ == "__main__":
    sys.exit(main())
