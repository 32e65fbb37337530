"""A bar with figures below it, for terminals."""

from __future__ import annotations

from datetime import timedelta

from rich.console import Console, Group
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.text import Text

from core.training.progress import Tidings


class Bar:
    """`core.training.progress.Display` by rich."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, refresh_per_second=4, transient=False)
        self._open = False

    def show(self, tidings: Tidings) -> None:
        """The first figures bring the bar up."""
        if not self._open:
            self._live.start()
            self._open = True
        self._live.update(drawn(tidings))

    def close(self) -> None:
        """The bar stays as it was last."""
        if self._open:
            self._live.stop()


def drawn(tidings: Tidings) -> Group:
    """The bar and three lines."""
    left = str(timedelta(seconds=int(tidings.seconds)))
    memory = f"  {tidings.memory / 2**30:.1f} GB" if tidings.memory else ""
    losses = "  ".join(f"{name} {value:.3f}" for name, value in tidings.losses.items())
    return Group(
        Padding(ProgressBar(total=max(tidings.steps, 1), completed=tidings.step), 0),  # on a line of its own
        Text(
            f"step {tidings.step} of {tidings.steps}, phase {tidings.phase} of {tidings.phases}  "
            f"{tidings.rate:.2f} frames/s{memory}  {left} left",
            style="bold",
        ),
        Text(losses, style="dim"),
    )
