"""How a server's program ends: with a sentence where something from outside is not usable."""

from __future__ import annotations

import sys
from collections.abc import Callable

from core.errors import InputError
from core.files import refused_by_system


def exit_code(serve: Callable[[], None]) -> int:
    """Serve until it is ended. 2: something from outside is not usable, and what it is has been said."""
    try:
        serve()
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
