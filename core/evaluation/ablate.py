"""`python -m core ablate`: a preset, baselines and the preset without each of its parts, trained and evaluated.

Each row has a folder of its own, with its training, its checkpoint and what was measured of it. A row that is done is
not done again; one that was interrupted goes on where it was.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.checkpoint import file_hash, load_checkpoint, save_changed
from core.errors import InputError
from core.evaluation.colours import drift_ratio
from core.evaluation.command import Looking, show, unfinished_beside
from core.evaluation.evaluate import Eyes, evaluate, key_of
from core.evaluation.report import Report, Row, Section, keep_report, kept_report
from core.evaluation.subjects import NearestFrame, Rendered, Subject
from core.evaluation.turning import turning
from core.evaluation.unfinished import Unfinished
from core.files import make_folder, read_json, write_atomically, write_json
from core.headless.progress import PartLines
from core.training.command import LABEL_NETWORK, label_network_for, train
from core.training.dataset import read_clips
from core.training.machine import Machine
from core.training.presets import Preset, preset
from core.training.trained_generator import LocalRecipe
from core.training.variants import VARIANTS, varied

WHOLE, FLOOR = "whole", "floor"
_FACTS, _RESULT, _CHECKPOINT, _TABLE = "ablation.json", "evaluation.json", "checkpoint.safetensors", "table.json"
_MOST_FACTS = 2**16


@dataclass(frozen=True)
class Ablation:
    """What is asked for.

    minutes  of training for each row; None: the preset's own steps
    frames   evaluated of each clip; None: all
    """

    preset: str
    data: Path
    val: Path
    minutes: float | None = None
    seed: int = 1
    frames: int | None = None


def rows_of(recipe: Preset, only: Sequence[str] = ()) -> dict[str, Preset | None]:
    """The rows of a preset by name, in the order of the table; None: nothing is trained for it.

    Without `only` variants that the preset does not have are left out. Raises `InputError` for a row that there is not.
    """
    every = (FLOOR, WHOLE, *VARIANTS)
    for name in only:
        if name not in every:
            raise InputError(f"There is no row {name!r}.", f"Rows: {', '.join(every)}.")
    rows: dict[str, Preset | None] = {}
    for name in every:
        if only and name not in only:
            continue
        try:
            rows[name] = {FLOOR: None, WHOLE: recipe}[name] if name in (FLOOR, WHOLE) else varied(recipe, name)
        except InputError:
            if only:
                raise
    return rows


def ablate_files(
    asked: Ablation,
    out: Path,
    looking: Looking,
    *,
    only: Sequence[str],
    machine: Machine,
    say: Callable[[str], None],
) -> Report:
    """Train, evaluate, print and write; see `python -m core ablate --help`. Raises `InputError`."""
    recipe = replace(preset(asked.preset), seed=asked.seed)
    rows = rows_of(recipe, only)
    eyes = looking.open(str(machine.device))
    _begin(out, asked, eyes)
    reports: list[Report] = []
    for name, changed in rows.items():
        source = None if changed is None else _trained(name, changed, asked, out, machine, say)
        reports.append(_evaluated(name, source, asked, out / name, eyes, say))
        write_json(out / _TABLE, joined(reports, recipe, asked).to_dict())
    report = joined(reports, recipe, asked)
    show(report, like="", json=out / _TABLE, html=out / "table.html")
    return report


def joined(reports: Sequence[Report], recipe: Preset, asked: Ablation) -> Report:
    """The rows of several reports on the same clips as one report, with what each row is, and how it compares."""
    rows = [row for report in reports for row in report.rows]
    budget = f"{asked.minutes:g} minutes" if asked.minutes is not None else f"{recipe.steps} steps"
    facts = {"training": f"preset {recipe.name}, {budget} for each row, seed {asked.seed}"}
    together = reports[0].model_copy(update={"rows": rows, "facts": {**facts, **reports[0].facts}})
    return together.model_copy(update={"sections": [_against(together), turning(together)]})


def _against(report: Report) -> Section:
    """By how much the whole preset's video Fréchet distance is below each other row's, and what each row is."""
    whole = next((row for row in report.rows if row.name == WHOLE), None)
    lines: list[list[str | float | None]] = []
    for row in report.rows:
        what = VARIANTS[row.name].what if row.name in VARIANTS else {WHOLE: "the preset itself"}.get(row.name, "")
        line: list[str | float | None] = [row.name, what or "copies of the nearest training frames"]
        for name in report.networks:
            mine = None if whole is None else whole.video.get(name)
            theirs = row.video.get(name)
            if mine is None or theirs is None or row is whole or not theirs.value:
                line.append("")
            else:
                share, (low, high) = mine.below(theirs)
                line.append(f"{share:+.1%} ({low:+.1%} to {high:+.1%})")
        lines.append([*line, "" if whole is None or row is whole else _drift(whole, row)])
    columns = [
        "row",
        "what it is",
        *(f"whole below it, video Fréchet, {name}" for name in report.networks),
        "whole's colour drift over its",
    ]
    note = (
        "In brackets 95 % of a bootstrap over windows, or things: of these clips, not over trainings. Another --seed "
        "tells that."
    )
    return Section(title="Rows, and how far the whole preset is below them", note=note, columns=columns, rows=lines)


def _drift(whole: Row, row: Row) -> str:
    """The ratio of the drifts of the things that both have."""
    drifts = [{(thing.clip, thing.object): thing.drift for thing in each.things} for each in (whole, row)]
    common = sorted(drifts[0].keys() & drifts[1].keys())
    ratio, (low, high) = drift_ratio(*([each[thing] for thing in common] for each in drifts))
    return f"{ratio:.2f} ({low:.2f} to {high:.2f})" if math.isfinite(ratio) else ""


def _begin(out: Path, asked: Ablation, eyes: Eyes) -> None:
    """Note what the folder is of. Raises `InputError` where it is of something else."""
    make_folder(out)
    facts = {
        "preset": asked.preset,
        "minutes": asked.minutes,
        "seed": asked.seed,
        "frames": asked.frames,
        "windows": [eyes.windows.frames, eyes.windows.stride],
        "evaluation network": eyes.network.hash,
        "video networks": [network.name for network in eyes.video],
    }
    path = out / _FACTS
    if not path.exists():
        write_json(path, facts)
        return
    if read_json(path, _MOST_FACTS) != facts:
        raise InputError(
            f"{out} was begun with another preset, budget, seed or way of measuring.",
            "Give the same options as then, or another --out.",
        )


def _trained(
    name: str, recipe: Preset, asked: Ablation, out: Path, machine: Machine, say: Callable[[str], None]
) -> Path:
    """The row's checkpoint, trained now unless it is there."""
    path = out / name / _CHECKPOINT
    if path.exists():
        say(f"{name}: trained already")
        return path
    same = VARIANTS[name].trained_as if name in VARIANTS else None
    if same is not None and (out / same / _CHECKPOINT).exists():
        say(f"{name}: the weights of {same}")
        return _as_variant(out / same / _CHECKPOINT, path, recipe)
    # One for all rows, outside of their budgets: what is compared is what they learn with it.
    labels = label_network_for(recipe, asked.data, out, machine, asked.minutes, say)
    if labels is not None and not (out / name / LABEL_NETWORK).exists():
        make_folder(out / name)
        write_atomically(out / name / LABEL_NETWORK, labels.read_bytes())
    say(f"{name}: training")
    return train(recipe, asked.data, out / name, machine=machine, minutes=asked.minutes, say=say)


def _as_variant(source: Path, path: Path, recipe: Preset) -> Path:
    """The same weights in a checkpoint that renders as the variant does."""
    trained, generator = load_checkpoint(source), recipe.generator
    assert isinstance(generator, LocalRecipe)
    config = {**trained.config, "past": generator.past}
    save_changed(path, trained, config=config, recipe={**trained.recipe, "rendered as": recipe.name}, name=path.stem)
    return path


def _evaluated(
    name: str, source: Path | None, asked: Ablation, folder: Path, eyes: Eyes, say: Callable[[str], None]
) -> Report:
    """The row's report: kept, or measured now and kept. source: its checkpoint; None: training clips are copied."""
    path = folder / _RESULT
    if path.exists():
        kept = kept_report(path)
        if source is None or [row.hash for row in kept.rows] == [file_hash(source)]:
            return kept
    say(f"{name}: evaluating")
    subject: Subject = NearestFrame(asked.data, name) if source is None else Rendered.load(source, name)
    make_folder(folder)
    unfinished = Unfinished(unfinished_beside(path), key_of([subject], eyes, asked.frames))
    report = evaluate(
        read_clips(asked.val), [subject], eyes, frames=asked.frames, progress=PartLines(say), unfinished=unfinished
    )
    keep_report(path, report)
    unfinished.close()
    return report
