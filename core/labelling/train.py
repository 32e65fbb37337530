"""`python -m core train-labels`: a label network, trained on one's own clips."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.checkpoint import MOST_DOMAIN
from core.errors import InputError
from core.evaluation.train import train_segmenter
from core.evaluation.trained import LABELS
from core.labelling.own import segmenter_of_file, shipped_segmenter
from core.training.machine import Machine
from core.training.progress import Display

# Another one than that of the evaluation network: what labels a clip is not what measures its renders.
_SEED = 78


def train_labels(
    data: Path,
    out: Path,
    *,
    machine: Machine,
    steps: int,
    begin: str | None = None,
    minutes: float | None = None,
    val: Path | None = None,
    domain: str = "",
    say: Callable[[str], None] = print,
    display: Display | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Path:
    """Train a label network, as `train_segmenter` says.

    begin: "shipped", or a file whose network to begin with. Raises `InputError`.
    """
    if out.suffix != ".safetensors":
        raise InputError(f"{out} is not a network's name.", "Name it X.safetensors.")
    if len(domain) > MOST_DOMAIN:
        raise InputError("The sentence of --domain is too long.", f"Use at most {MOST_DOMAIN} characters.")
    before = None
    if begin is not None:
        before = shipped_segmenter() if begin == "shipped" else segmenter_of_file(Path(begin))
    return train_segmenter(
        LABELS,
        data,
        out,
        seed=_SEED,
        machine=machine,
        steps=steps,
        begin=before,
        minutes=minutes,
        val=val,
        domain=domain,
        say=say,
        display=display,
        stop=stop,
    )
