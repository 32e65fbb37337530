"""Scenebrush, the editor: python app.py [--host --port --clip --checkpoint --projects --memory]."""

from __future__ import annotations

import sys

from app.settings import read_settings
from core.errors import InputError
from core.files import refused_by_system


def main() -> int:
    """Serve the editor until it is ended. 2: something from outside is not usable, and what it is has been said."""
    try:
        settings = read_settings(sys.argv[1:])
        # Imported late: --help and a wrong argument answer at once.
        from app.server import serve

        serve(settings)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        refused = refused_by_system(error)
        if refused is None:
            raise
        print(refused, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
