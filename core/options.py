"""Arguments and options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Source = Annotated[
    str,
    typer.Argument(
        metavar="CLIP|PROJECT",
        help="A clip's folder, the name of a shipped clip (as avenue), or a project's folder.",
        show_default=False,
    ),
]
CheckpointFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="[dim]\\[default: checkpoints/street.safetensors][/dim]", show_default=False),
]
ForPrograms = Annotated[
    bool, typer.Option("--json", help="For programs: report in JSON lines, stop when standard input ends.")
]
NewCheckpoint = Annotated[
    Path, typer.Option("-o", "--out", metavar="X.safetensors", help="The checkpoint.", show_default=False)
]
TrainingClips = Annotated[Path, typer.Option(metavar="DIR", help="A folder of clips, or of prepared ones.")]
Device = Annotated[str, typer.Option(metavar="NAME", help="auto, cpu, cuda or mps.")]
Precision = Annotated[str, typer.Option(metavar="NAME", help="auto, float32 or bfloat16.")]
NewNetwork = Annotated[Path, typer.Option("-o", "--out", metavar="FILE.safetensors", help="The network.")]
Steps = Annotated[int, typer.Option(min=1, metavar="N", help="Steps at the most.")]
ReadClips = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Other clips: says how well their frames are read.", show_default=False),
]
WindowFrames = Annotated[int, typer.Option(metavar="N", help="Frames in a window of the video Fréchet distance.")]
WindowStride = Annotated[int, typer.Option(metavar="N", help="A window begins every so many frames.")]
EvaluationNetwork = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="The evaluation network.  [dim]\\[default: checkpoints/evaluation.safetensors][/dim]",
        show_default=False,
    ),
]
