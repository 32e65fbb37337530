"""Packages that only some labellers need: requirements-label.txt."""

from __future__ import annotations

import importlib
from typing import Any

from core.errors import InputError


def extra(name: str) -> Any:
    """The package of this name. Raises `InputError` where it is not installed.

    Imported here and not by a statement: it need not be installed, and takes seconds.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise InputError(
            f"This labeller needs the package {name.partition('.')[0]}, which is not installed or not whole.",
            "Install it: .venv/bin/python -m pip install -r requirements-label.txt -c constraints.txt",
        ) from error
