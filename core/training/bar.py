"""A bar with figures below it, for terminals."""

from __future__ import annotations

from datetime import timedelta

from rich.console import Console, Group
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.text import Text

from core.training.progress import Progress


class Bar:
    """`core.training.progress.Display` by rich."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, refresh_per_second=4, transient=False)
        self._open = False

    def show(self, progress: Progress) -> None:
        """The first figures bring the bar up."""
        if not self._open:
            self._live.start()
            self._open = True
        self._live.update(drawn(progress))

    def close(self) -> None:
        """The bar stays as it was last."""
        if self._open:
            self._live.stop()


def drawn(progress: Progress) -> Group:
    """The bar and three lines."""
    left = str(timedelta(seconds=int(progress.seconds)))
    memory = f"  {progress.memory / 2**30:.1f} GB" if progress.memory else ""
    losses = "  ".join(f"{name} {value:.3f}" for name, value in progress.losses.items())
    return Group(
        Padding(ProgressBar(total=max(progress.steps, 1), completed=progress.step), 0),  # on a line of its own
        Text(
            f"step {progress.step} of {progress.steps}, phase {progress.phase} of {progress.phases}  "
            f"{progress.rate:.2f} frames/s{memory}  {left} left",
            style="bold",
        ),
        Text(losses, style="dim"),
    )
