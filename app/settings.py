"""What the server was started with."""

from __future__ import annotations

import argparse
import ipaddress
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.assets import default_checkpoint
from core.errors import InputError

DEFAULT_PORT = 7860
DEFAULT_MEMORY = 2.0
PASSWORD_VARIABLE = "SCENEBRUSH_PASSWORD"


@dataclass(frozen=True, kw_only=True)
class Access:
    """Where a server listens and whom it lets in.

    password    asked for by the browser; "" where only this machine can reach the server
    space       a Hugging Face Space: everybody may come, the page is shown inside another, the disk forgets
    token       what every write has to carry, new at every start
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    password: str = field(default="", repr=False)
    space: bool = False
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise InputError(f"Port {self.port} is not one of 0 to 65535.", "Choose another with --port.")
        if not (self.loopback or self.password or self.space):
            raise InputError(
                f"Listening on {self.host} lets others reach this page, and no password is set.",
                f"Set one in the environment variable {PASSWORD_VARIABLE}, or leave --host away.",
            )

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return is_loopback(self.host)


@dataclass(frozen=True, kw_only=True)
class Settings(Access):
    """Of the editor. clip: name or folder of the first clip, None for the first that is shipped.

    memory      gigabytes for all that is kept because it saves work; what was not used for longest leaves
    """

    clip: str | None = None
    checkpoint: Path = field(default_factory=default_checkpoint)
    projects: Path = Path("projects")
    memory: float = DEFAULT_MEMORY

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.1 <= self.memory <= 10_000:
            raise InputError(f"--memory {self.memory:g} is not usable.", "It is in gigabytes, from 0.1 on; 2 is usual.")

    @property
    def notice(self) -> str:
        """One sentence for every tab that opens a project."""
        return "This place forgets projects when it restarts: download what you want to keep." if self.space else ""


def is_loopback(host: str) -> bool:
    """localhost, 127.x.x.x or ::1."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_settings(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from the command line, and where that says nothing from the environment. Raises `InputError`."""
    space = environment.get("SYSTEM") == "spaces" or bool(environment.get("SPACE_ID"))
    given = _parser(environment, space).parse_args(arguments)
    return Settings(
        host=given.host,
        port=given.port,
        clip=given.clip,
        checkpoint=given.checkpoint,
        projects=given.projects,
        memory=given.memory,
        password=environment.get(PASSWORD_VARIABLE, ""),
        space=space,
    )


def _parser(environment: Mapping[str, str], space: bool) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="app.py", description="The Scenebrush editor, in a browser.")
    host = environment.get("GRADIO_SERVER_NAME") or ("0.0.0.0" if space else "127.0.0.1")
    parser.add_argument("--host", default=host, help="address to listen on (default: %(default)s)")
    port = _port(environment)
    parser.add_argument("--port", type=int, default=port, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--clip", help="a shipped clip's name or a clip's folder; it is opened first")
    parser.add_argument("--checkpoint", type=Path, default=default_checkpoint(), help="(default: %(default)s)")
    parser.add_argument("--projects", type=Path, default=Path("projects"), help="where projects are kept")
    about = "gigabytes for rendered frames, clips and folded edits; more of them stay at hand (default: %(default)g)"
    parser.add_argument("--memory", type=float, default=DEFAULT_MEMORY, metavar="GB", help=about)
    return parser


def _port(environment: Mapping[str, str]) -> int:
    text = environment.get("GRADIO_SERVER_PORT", str(DEFAULT_PORT))
    try:
        return int(text)
    except ValueError:
        raise InputError(f"GRADIO_SERVER_PORT is {text!r}.", "It is a number from 0 to 65535.") from None
