"""python -m core <command>: everything that works without the page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from core import options
from core.errors import InputError
from core.files import refused_by_system

# What a command needs is imported in the command: --help answers at once.


class _Commands(typer.core.TyperGroup):
    """Says in one sentence what a person can mend; everything else is a defect and keeps its traceback."""

    # typer has no public name for the context that this is given.
    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except InputError as error:
            _say_error(str(error))
            raise typer.Exit(2) from None
        except OSError as error:
            refused = refused_by_system(error)
            if refused is None:
                raise
            _say_error(str(refused))
            raise typer.Exit(2) from None
        except KeyboardInterrupt:
            _say_error("Stopped.")
            raise typer.Exit(130) from None


app = typer.Typer(
    cls=_Commands,
    help="Paint the meaning of a clip, get the clip.",
    epilog="The editor itself: python app.py",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command()
def render(
    source: options.Source,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE.mp4", help="The video: H.264, plays in browsers.")
    ] = None,
    frames: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Also, or instead: every frame as PNG, in a new folder.")
    ] = None,
    edits: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Edits in place of the project's own.")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="N",
            help="How objects look that have no look of their own: 0 the most likely of their class, "
            "any other number draws.  [dim]\\[default: what project or edits say, else 0][/dim]",
            show_default=False,
        ),
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(
            metavar="MODE",
            help="footage: the film, where nothing was changed; rendered: every pixel from the network."
            "  [dim]\\[default: what project or edits say, else rendered][/dim]",
            show_default=False,
        ),
    ] = None,
    view: Annotated[
        str,
        typer.Option(
            metavar="VIEW",
            help="result; before-after: both, side by side; mask: white where it is not film; "
            "kinds: in colours, where pixels come from.",
        ),
    ] = "result",
    crf: Annotated[
        int, typer.Option(metavar="N", help="Quality of the video, 1 (large) to 51 (poor): 12 is visually lossless.")
    ] = 12,
    sound: Annotated[bool, typer.Option("--sound/--no-sound", help="Whether the video gets the clip's sound.")] = True,
    checkpoint: options.CheckpointFile = None,
) -> None:
    """Render a clip or a project into a video: the same pixels as the editor's download."""
    from core.footage.views import parse_view
    from core.headless.command import render_files
    from core.project.mode import parse_mode

    render_files(
        source,
        out=out,
        frames=frames,
        edits=edits,
        seed=seed,
        checkpoint=checkpoint,
        mode=None if mode is None else parse_mode(mode),
        view=parse_view(view),
        crf=crf,
        sound=sound,
    )


@app.command(name="import")
def import_film(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="VIDEO|FOLDER|ZIP",
            help="A video, or pictures in a folder or zip; labels may lie beside them.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="CLIP", help="The clip's folder, a new one.", show_default=False)
    ],
    labels: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Labels that exist: a folder or file.  [dim]\\[default: those in the source, else a network][/dim]",
            show_default=False,
        ),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The form of the labels, where it is not recognised; none: a network is to read them."
        ),
    ] = None,
    map: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Which of their classes is which of ours: JSON or CSV.")
    ] = None,
    labeller: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="What reads labels: shipped, torchvision:MODEL, transformers:MODEL or :FOLDER, onnx:FILE, or a file "
            "of train-labels. Given again: what reads where the one before knows nothing.",
            show_default=False,
        ),
    ] = None,
    labeller_weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A state dict for torchvision:MODEL.", show_default=False)
    ] = None,
    classes: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What the labeller's classes are called, in order.", show_default=False),
    ] = None,
    agree: Annotated[bool, typer.Option("--agree", help="Agree to the licence of weights that are fetched.")] = False,
    motion: Annotated[
        str, typer.Option(metavar="NAME", help="dis, or raft:FILE with the weights of torchvision's RAFT.")
    ] = "dis",
    device: Annotated[str, typer.Option(metavar="NAME", help="For networks: auto, cpu, cuda or mps.")] = "auto",
    start: Annotated[float, typer.Option(metavar="SECONDS", help="Where in the film the clip begins.")] = 0.0,
    stop: Annotated[float | None, typer.Option(metavar="SECONDS", help="Where it ends.", show_default=False)] = None,
    rate: Annotated[
        str | None,
        typer.Option(metavar="FPS", help="Frames a second.  [dim]\\[default: the film's][/dim]", show_default=False),
    ] = None,
    size: Annotated[str, typer.Option(metavar="WxH", help="Multiples of 16; film: its own size.")] = "512x256",
    fit: Annotated[str, typer.Option(metavar="crop|pad", help="Fill the frame, or show all of the film.")] = "crop",
    inspect: Annotated[
        bool, typer.Option("--inspect", help="Only say what the film and its labels are; nothing is made.")
    ] = False,
    name: Annotated[
        str, typer.Option(metavar="TEXT", help="What the clip is called.  [dim]\\[default: its folder][/dim]")
    ] = "",
    json: options.ForPrograms = False,
) -> None:
    """Make a clip of a film: decoded, labelled, its motion and objects found. Interrupted, the same command goes on."""
    from core.importing.command import import_files, inspect_files
    from core.importing.motion import MotionChoice
    from core.importing.shape import Shape, parse_fit, parse_rate, parse_size
    from core.importing.stages import Wish
    from core.labelling.choice import parse_labellers

    width, height = parse_size(size) or (Shape.width, Shape.height)
    own, frames_a_second = parse_size(size) is None, None if rate is None else parse_rate(rate)
    wish = Wish(
        source,
        Shape(width, height, parse_fit(fit), start, stop, frames_a_second, own),
        labels,
        form,
        map,
        name,
        parse_labellers(labeller or (), labeller_weights, classes),
        MotionChoice.parse(motion),
        device,
    )
    if inspect:
        inspect_files(wish, out, json=json)
    else:
        import_files(wish, out, json=json, agreed=agree)


@app.command()
def convert(
    weights: Annotated[
        list[Path],
        typer.Argument(
            metavar="NETG0 [NETG1 ...]",
            help="A published generator's weights (.pth, .npz, .safetensors), coarsest scale first.",
            show_default=False,
        ),
    ],
    labels: Annotated[
        Path, typer.Option(metavar="LABEL_SET.json", help="The classes that it was trained on.", show_default=False)
    ],
    out: options.NewCheckpoint,
    encoder: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A published feature encoder, kept beside it.")
    ] = None,
    foreground: Annotated[
        list[str] | None,
        typer.Option(metavar="CLASS", help="A class with a branch of its own, by name or id; once for each."),
    ] = None,
    boundaries: Annotated[
        bool, typer.Option("--boundaries/--no-boundaries", help="Whether it reads a boundary map beside the classes.")
    ] = True,
    starts_empty: Annotated[
        bool, typer.Option("--starts-empty", help="It was trained to start from no frames (no_first_img).")
    ] = False,
) -> None:
    """Make a checkpoint of published weights. They are read without running anything that is in them."""
    from core.clip.native import read_label_set
    from core.interop.convert import convert as run
    from core.interop.importer import Hints

    console = Console(highlight=False, soft_wrap=True)
    hints = Hints(read_label_set(labels), boundaries, tuple(foreground or ()), starts_empty)
    checkpoint = run(weights, out, hints=hints, encoder=encoder)
    console.print(f"Checkpoint: {out}", markup=False)
    console.print(checkpoint.limits, style="yellow", markup=False)


@app.command()
def export_labels(
    source: options.Source,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="A new folder.", show_default=False)],
    form: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="cityscapes, coco, kitti-step, or clip: a new clip with film.", show_default=False
        ),
    ],
    corrections_only: Annotated[
        bool, typer.Option("--corrections-only", help="What the film shows: corrections, and no other edit.")
    ] = False,
) -> None:
    """Write the labels of a clip or project, edits included, as other programs read them; or a corrected clip."""
    from core.interop.labels.command import export_labels as run

    console = Console(highlight=False)
    run(source, out, form, lambda line: console.print(line, markup=False, soft_wrap=True), corrections_only)


@app.command()
def check_reference(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Case folders and part files, at any depth.")],
) -> None:
    """Compare the published network with recorded outputs of the original, case by case.

    Ends with 1 when a case fails or there is none.
    """
    from core.interop.reference import run_check

    console = Console(highlight=False, soft_wrap=True)

    def write(line: str) -> None:
        console.print(line, style="red" if line.startswith("FAIL") else None, markup=False)

    raise typer.Exit(run_check(folder, write))


@app.command()
def train(
    preset: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="The recipe, for example street, or tiny to try it out; street:no-looks is a variant."
        ),
    ],
    data: options.TrainingClips,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Saves, samples, log and, at the end, the checkpoint.")],
    device: options.Device = "auto",
    precision: options.Precision = "auto",
    begin: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="A checkpoint whose weights to begin with.", show_default=False),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            metavar="M",
            help="Lay the preset's phases out over this time, all commands on this --out together.",
            show_default=False,
        ),
    ] = None,
    val: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Clips for sample pictures; never trained on.", show_default=False),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="A label network of train-labels that the checkpoint carries.", show_default=False
        ),
    ] = None,
    batch: Annotated[
        int, typer.Option(min=1, max=1024, metavar="N", help="So many times the preset's samples in each step.")
    ] = 1,
    compiled: Annotated[bool, typer.Option("--compile", help="Compile the networks; pays on GPUs.")] = False,
    exact: Annotated[
        bool, typer.Option("--exact", help="The same weights in every run, also on a GPU; slower there.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would cost here.")] = False,
    export: Annotated[bool, typer.Option("--export", help="Only write the checkpoint of the last save.")] = False,
) -> None:
    """Train a generator, or with --preset future what predicts. Interrupted, however hard, the same command goes on.

    Started by torchrun, every process makes its share of each batch.
    """
    from core.training.bar import Bar
    from core.training.command import train as run
    from core.training.cost import dry_run as cost
    from core.training.future.command import train_future
    from core.training.future.presets import FUTURE_PRESETS
    from core.training.processes import machine_of
    from core.training.variants import named

    console = Console(highlight=False)

    def say(line: str) -> None:
        console.print(line, markup=False, soft_wrap=True)

    machine = machine_of(device, precision, compiled=compiled, exact=exact)
    display = Bar(console) if console.is_terminal else None
    if preset in FUTURE_PRESETS:
        if dry_run:
            raise InputError("--dry-run does not know what this preset costs.", "Give --minutes a time instead.")
        train_future(
            FUTURE_PRESETS[preset].with_batches(batch),
            data,
            out,
            machine=machine,
            begin=begin,
            minutes=minutes,
            export_only=export,
            say=say,
            display=display,
        )
        return
    recipe = named(preset).with_batches(batch)
    if dry_run:
        cost(recipe, data, machine=machine, minutes=minutes, say=say)
        return
    path = run(
        recipe,
        data,
        out,
        machine=machine,
        begin=begin,
        minutes=minutes,
        val=val,
        labels=labels,
        export_only=export,
        say=say,
        display=display,
    )
    if machine.first:
        say(f"Checkpoint: {path}")


@app.command()
def read_exemplars(
    data: options.TrainingClips,
    begin: Annotated[Path, typer.Option("--checkpoint", metavar="FILE", help="The checkpoint to give them to.")],
    out: options.NewCheckpoint,
) -> None:
    """Give a checkpoint the facades and vehicles of films. Training does so at its end."""
    from core.training.exemplars import give_exemplars

    give_exemplars(begin, data, out)


@app.command()
def adapt(
    source: options.Source,
    out: options.NewCheckpoint,
    minutes: Annotated[float, typer.Option(metavar="M", help="How long it may take.")] = 10.0,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="What to begin with.  [dim]\\[default: checkpoints/street.safetensors][/dim]",
            show_default=False,
        ),
    ] = None,
    device: options.Device = "auto",
    json: options.ForPrograms = False,
) -> None:
    """Learn a clip: tune a checkpoint on the clip's own film. Interrupted, the same command goes on."""
    from core.training.adapt.command import adapt_files

    adapt_files(source, out, minutes=minutes, checkpoint=checkpoint, device=device, json=json)


@app.command()
def predict(
    source: options.Source,
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="CLIP", help="The folder of the longer clip.", show_default=False)
    ],
    frames: Annotated[int, typer.Option(metavar="N", help="How many frames to come.")] = 10,
    seed: Annotated[
        int, typer.Option(min=0, metavar="S", help="0 the most likely future, any other number draws one.")
    ] = 0,
    futures: Annotated[int, typer.Option(metavar="N", help="So many, each with a seed of its own: CLIP-1, ...")] = 1,
    network: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="[dim]\\[default: checkpoints/future.safetensors][/dim]", show_default=False),
    ] = None,
    checkpoint: options.CheckpointFile = None,
) -> None:
    """Predict how a clip goes on: labels, objects and motion of frames to come, painted where it has pictures."""
    from core.prediction.command import predict_files

    console = Console(highlight=False)
    predict_files(
        source,
        out,
        count=frames,
        seed=seed,
        futures=futures,
        network=network,
        checkpoint=checkpoint,
        say=lambda line: console.print(line, markup=False, soft_wrap=True),
    )


@app.command()
def prepare(
    data: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of clips.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="CACHE", help="The folder to write.")],
    coding: Annotated[str, typer.Option(metavar="NAME", help="Of the pictures: avif or webp.")] = "avif",
    quality: Annotated[int, typer.Option(min=1, max=100, metavar="N", help="Of the pictures.")] = 80,
    halve_flow: Annotated[bool, typer.Option("--halve-flow", help="Keep a quarter of the motion.")] = False,
    clip: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this clip; may be repeated.", show_default=False)
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(metavar="WxH", help="Scale clips down, as to 256x128.", show_default=False),
    ] = None,
) -> None:
    """Prepare clips for training: a small folder that opens in seconds and needs no video decoder."""
    from core.importing.shape import parse_size
    from core.training.prepare import prepare as run

    wanted = None if size is None else parse_size(size)
    console = Console(highlight=False)
    run(
        data,
        out,
        coding=coding,
        quality=quality,
        halve_flow=halve_flow,
        only=clip or (),
        size=wanted and wanted[::-1],
        say=lambda line: console.print(line, markup=False),
    )


@app.command()
def train_evaluation(
    data: options.TrainingClips,
    out: options.NewNetwork,
    steps: options.Steps = 2000,
    begin: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="A network whose weights to begin with.", show_default=False),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(min=0.05, metavar="M", help="Only as many steps as fit into this time.", show_default=False),
    ] = None,
    val: options.ReadClips = None,
    device: options.Device = "auto",
    precision: options.Precision = "auto",
) -> None:
    """Train the network that reads labels from renders, to measure them: on real frames, never on renders.

    Interrupted, however hard, the same command goes on from the last save.
    """
    from core.evaluation.train import train_evaluation as run
    from core.training.bar import Bar
    from core.training.machine import Machine
    from core.training.progress import Interrupt

    console = Console(highlight=False)
    with Interrupt() as interrupt:
        run(
            data,
            out,
            machine=Machine.choose(device, precision),
            steps=steps,
            begin=begin,
            minutes=minutes,
            val=val,
            say=lambda line: console.print(line, markup=False, soft_wrap=True),
            display=Bar(console) if console.is_terminal else None,
            stop=interrupt.asked,
        )


@app.command()
def train_labels(
    data: options.TrainingClips,
    out: options.NewNetwork,
    steps: options.Steps = 2000,
    begin: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="shipped|FILE",
            help="A label network, or a checkpoint with one, whose weights to begin with.",
            show_default=False,
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            min=0.05,
            metavar="M",
            help="Only as many steps as fit into this time, all commands on this file together.",
            show_default=False,
        ),
    ] = None,
    val: options.ReadClips = None,
    domain: Annotated[
        str,
        typer.Option(
            metavar="TEXT", help="A sentence on the films it is for.  [dim]\\[default: its clips' names][/dim]"
        ),
    ] = "",
    device: options.Device = "auto",
    precision: options.Precision = "auto",
) -> None:
    """Train the network that reads labels from films, on clips of your own; then: import --labeller FILE.

    Interrupted, however hard, the same command goes on from the last save.
    """
    from core.labelling.train import train_labels as run
    from core.training.bar import Bar
    from core.training.machine import Machine
    from core.training.progress import Interrupt

    console = Console(highlight=False)
    with Interrupt() as interrupt:
        run(
            data,
            out,
            machine=Machine.choose(device, precision),
            steps=steps,
            begin=begin,
            minutes=minutes,
            val=val,
            domain=domain,
            say=lambda line: console.print(line, markup=False, soft_wrap=True),
            display=Bar(console) if console.is_terminal else None,
            stop=interrupt.asked,
        )


@app.command()
def evaluate(
    clips: Annotated[
        str,
        typer.Argument(
            metavar="CLIPS",
            help="A folder of filmed clips, one clip's folder, the name of a shipped clip, or: shipped (all of them).",
            show_default=False,
        ),
    ],
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="What to evaluate; may be repeated.", show_default=False),
    ] = None,
    nearest: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Training clips: also rate a copy of their nearest frames, a floor.", show_default=False
        ),
    ] = None,
    past: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Also rate the same weights with another past: none (every frame alone), warped (a still, warped) or "
            "unmoved; may be repeated.",
            show_default=False,
        ),
    ] = None,
    looks: Annotated[bool, typer.Option("--looks", help="Also: whether style codes do what they say.")] = False,
    edits: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Also: edits against true edits, pairs as e202_nocars of the clip w202 in CLIPS.",
            show_default=False,
        ),
    ] = None,
    swap: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OLD=NEW",
            help="Also: everything of a class made another, as vegetation=building; may be repeated.",
            show_default=False,
        ),
    ] = None,
    frames: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Only the first N frames of each clip.", show_default=False)
    ] = None,
    like: Annotated[str, typer.Option(metavar="paper", help="The layout of the paper's Table 1.")] = "",
    json: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write all figures to this file. Killed, the same command goes on: what is measured is kept in "
            "FILE.unfinished (without --json, beside the page) until the end.",
            show_default=False,
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a page with tables, plots and pictures.", show_default=False),
    ] = None,
    video_network: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[=FILE]",
            help="Also measure videos by i3d=FILE, resnext101=FILE, r3d_18, mc3_18 or r2plus1d_18; may be repeated.",
            show_default=False,
        ),
    ] = None,
    window: options.WindowFrames = 8,
    stride: options.WindowStride = 4,
    evaluation: options.EvaluationNetwork = None,
) -> None:
    """Measure renders of clips against what was filmed: as the paper measures, and more."""
    from core.evaluation.command import Also, Looking, evaluate_files
    from core.evaluation.video.windows import Windows

    evaluate_files(
        clips,
        checkpoint or (),
        Looking(evaluation, video_network or (), Windows(window, stride)),
        also=Also(looks, edits, swap or ()),
        pasts=past or (),
        nearest=nearest,
        frames=frames,
        like=like,
        json=json,
        html=html,
        console=Console(stderr=True, highlight=False),
    )


@app.command()
def ablate(
    preset: Annotated[str, typer.Argument(metavar="PRESET", help="The recipe whose parts are left out, one by one.")],
    data: Annotated[Path, typer.Option(metavar="DIR", help="Clips to train on.")],
    val: Annotated[Path, typer.Option(metavar="DIR", help="Clips to evaluate on; never trained on.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="A folder for each row, and the tables.")],
    minutes: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            metavar="M",
            help="Of training for each row.  [dim]\\[default: the preset's steps][/dim]",
            show_default=False,
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROW", help="Only this row (whole, floor or a variant); may be repeated.", show_default=False
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Of every row's training.")] = 1,
    frames: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Evaluate the first N frames of each clip.", show_default=False),
    ] = None,
    video_network: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME[=FILE]", help="As `evaluate` has it; may be repeated.", show_default=False),
    ] = None,
    window: options.WindowFrames = 8,
    stride: options.WindowStride = 4,
    evaluation: options.EvaluationNetwork = None,
    device: options.Device = "auto",
    precision: options.Precision = "auto",
) -> None:
    """Train a preset, baselines and the preset without each of its parts, and evaluate all.

    Interrupted, however hard, the same command goes on: from a row's last save while it trains, from its last clip
    while it is evaluated. Presets: small, where time is short.
    """
    from core.evaluation.ablate import Ablation, ablate_files
    from core.evaluation.command import Looking
    from core.evaluation.video.windows import Windows
    from core.training.machine import Machine

    console = Console(stderr=True, highlight=False)
    ablate_files(
        Ablation(preset, data, val, minutes, seed, frames),
        out,
        Looking(evaluation, video_network or (), Windows(window, stride)),
        only=only or (),
        machine=Machine.choose(device, precision),
        say=lambda line: console.print(line, style="dim", markup=False),
    )


@app.command()
def bench(
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the medians to this file.", show_default=False)
    ] = None,
    clip: Annotated[str, typer.Option(metavar="NAME", help="A shipped clip.")] = "avenue",
    checkpoint: options.CheckpointFile = None,
    rounds: Annotated[int, typer.Option(min=1, metavar="N", help="Rounds; best and median are shown.")] = 9,
    published: Annotated[
        bool, typer.Option(help="Also time the published network at its own size, which takes longest.")
    ] = True,
) -> None:
    """Measure what rendering costs here: dense, after a stroke, after an undo, and the published network.

    Let nothing else run meanwhile.
    """
    from core.bench.command import run_bench

    console = Console(highlight=False)

    def say(line: str) -> None:
        console.print(line, style="dim", markup=False)

    run_bench(json=json, clip=clip, checkpoint=checkpoint, rounds=rounds, published=published, say=say)


@app.command()
def preference(
    methods: Annotated[
        list[str],
        typer.Argument(
            metavar="A B [C ...]",
            help="What is compared: checkpoints, folders of videos called as the clips are, or the word filmed. "
            "NAME=A gives it a name.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("-o", "--out", metavar="STUDY", help="The folder of videos and votes.", show_default=False),
    ],
    clips: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="A folder of clips, or a clip.  [dim]\\[default: the shipped ones; of folders, what they hold][/dim]",
            show_default=False,
        ),
    ] = None,
    rate: Annotated[
        str | None,
        typer.Option(metavar="FPS", help="Of folders of pictures.  [dim]\\[default: 12][/dim]", show_default=False),
    ] = None,
    trials: Annotated[int, typer.Option(min=1, max=1000, metavar="N", help="Pairs for a judge, at most.")] = 40,
    repeats: Annotated[int, typer.Option(min=0, max=20, metavar="N", help="Hidden repeats for a judge.")] = 2,
    traps: Annotated[int, typer.Option(min=0, max=20, metavar="N", help="Hidden traps for a judge.")] = 2,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, metavar="N", help="Draws orders and sides.")] = 0,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where the page listens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="N", help="0 takes a free one.")] = 7870,
    serve: Annotated[bool, typer.Option(help="Start the page once the videos are there.")] = True,
) -> None:
    """Let people judge: pairs of videos are made, and a page asks which looks more real and which is steadier.

    Interrupted, the same command goes on. Votes: python -m core preference-results STUDY.
    """
    from core.importing.shape import parse_rate
    from core.preference.command import make_files, start_page

    fps = None if rate is None else parse_rate(rate)
    make_files(methods, out, clips=clips, rate=fps, trials=trials, repeats=repeats, traps=traps, seed=seed)
    if serve:
        raise typer.Exit(start_page(out, host, port))


@app.command()
def preference_results(
    study: Annotated[Path, typer.Argument(metavar="STUDY", help="The study's folder.", show_default=False)],
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write the table.", show_default=False)] = None,
    votes: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write every vote, as CSV.", show_default=False)
    ] = None,
) -> None:
    """What judges prefer so far: wins with 95 % intervals, scores, and who clicked without looking."""
    from core.preference.command import show_results

    show_results(study, Console(highlight=False), csv, votes)


def _say_error(sentence: str) -> None:
    Console(stderr=True, highlight=False).print(sentence, style="red", markup=False, soft_wrap=True)


if __name__ == "__main__":
    app(prog_name="python -m core")
